/* A new signing key while recordings run and while one lies there interrupted, in a file and in a
 * token: each recording is sealed under the key it began with, old and new verify under the CA, and
 * the node's log holds through it. */
#include "recorder/chain/chain.h"
#include "recorder/chain/verify.h"
#include "recorder/nodelog/log_check.h"
#include "tests/support/patience.h"
#include "tests/support/soft_token.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/recorder/recorder_process.h"

#include <glib/gstdio.h>
#include <string.h>

#define RUNNING "6f9619ff-8b86-4011-b42d-00c04fc964a1"
#define LATER "6f9619ff-8b86-4011-b42d-00c04fc964a2"
#define PIXEL 0x00808080u

struct fixture {
	struct recorder_process p;
	struct signing_key ca, first;
	char *ca_file, *ca_key_file, *certificate_file, *key_file, *pin_file;
	const char *token_label; /**< NULL: the key lies in a file */
	char *certificates[3];	 /**< as they came one after the other */
};

static char *get(const char *path)
{
	char *text = NULL;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	return text;
}

/* From the file that recorder_process_init wrote to the token. */
static void configure_token(struct fixture *f, const char *id)
{
	g_autofree char *uri =
		g_strdup_printf("signing_key_uri: \"pkcs11:token=vitrine;object=%s;type=private\"\n"
				"  signing_key_pin_file: %s\n  pkcs11_module: " SOFT_TOKEN_MODULE,
				f->token_label, f->pin_file);
	g_autofree char *line = g_strdup_printf("signing_key_file: %s", f->key_file);
	g_autofree char *before = get(f->p.config);
	g_auto(GStrv) halves = g_strsplit(before, line, 2);
	g_autofree char *after = g_strconcat(halves[0], uri, halves[1], NULL);

	soft_token_import(f->key_file, f->token_label, id);
	g_free(temp_dir_put(f->p.dir, "vitrine.yaml", after, -1, 0600));
	g_assert_cmpint(g_unlink(f->key_file), ==, 0);
}

static void fixture_init(struct fixture *f, const char *token_label, const char *id)
{
	*f = (struct fixture){.token_label = token_label};
	recorder_process_init(&f->p, false);
	signing_key_init(&f->ca, "evidence CA", NULL);
	signing_key_init(&f->first, "node1", &f->ca);
	f->ca_file = temp_dir_put(f->p.dir, "ca.pem", f->ca.certificate_pem, -1, 0600);
	f->ca_key_file = temp_dir_put(f->p.dir, "ca.key", f->ca.key_pem, -1, 0600);
	f->key_file = temp_dir_put(f->p.dir, "key.pem", f->first.key_pem, -1, 0600);
	f->certificate_file =
		temp_dir_put(f->p.dir, "certificate.pem", f->first.certificate_pem, -1, 0600);
	f->certificates[0] = get(f->certificate_file);
	f->pin_file = temp_dir_put(f->p.dir, "pin", SOFT_TOKEN_PIN "\n", -1, 0600);
	if (token_label != NULL)
		configure_token(f, id);
}

static void fixture_finish(struct fixture *f)
{
	recorder_process_finish(&f->p);
	signing_key_finish(&f->ca);
	signing_key_finish(&f->first);
	g_free(f->ca_file);
	g_free(f->ca_key_file);
	g_free(f->certificate_file);
	g_free(f->key_file);
	g_free(f->pin_file);
	for (unsigned i = 0; i < G_N_ELEMENTS(f->certificates); i++)
		g_free(f->certificates[i]);
}

/* As an operator does it: with the program. */
static void rotate(struct fixture *f, unsigned number, const char *new_id)
{
	const char *const argv[] = {
		g_getenv("VITRINE"), "--config", f->p.config,	 "evidence-key", "rotate", "--ca",
		f->ca_file,	     "--ca-key", f->ca_key_file, "--offline",	 NULL};
	g_autofree char *out = NULL, *trouble = NULL;
	struct signing_key in_token;
	int status = 0;

	if (f->token_label != NULL) {
		signing_key_init(&in_token, "new", NULL);
		g_autofree char *file =
			temp_dir_put(f->p.dir, "new.key", in_token.key_pem, -1, 0600);
		soft_token_import(file, f->token_label, new_id);
		signing_key_finish(&in_token);
	}
	g_assert_true(g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_DEFAULT, NULL,
				   NULL, &out, &trouble, &status, NULL));
	g_test_message("%s%s", out, trouble);
	g_assert_cmpint(status, ==, 0);
	f->certificates[number] = get(f->certificate_file);
	g_assert_cmpstr(f->certificates[number], !=, f->certificates[number - 1]);
}

static void begin(struct fixture *f, struct painter *painter, const char *session_id, bool resume)
{
	*painter = (struct painter){.link_fd = -1, .session_id = session_id};
	painter_connect(painter, &f->p, resume);
	painter_canvas(painter, 320, 240);
	painter_fill(painter, &(struct rect){0, 0, 320, 240}, PIXEL);
}

/* In the store of TEST_SESSION. */
static void await_picture(const struct fixture *f)
{
	gint64 until_us = g_get_monotonic_time() + PATIENCE_US;

	while (recorder_process_video_bytes(&f->p) == 0 && g_get_monotonic_time() < until_us)
		g_usleep(5000);
	g_assert_cmpuint(recorder_process_video_bytes(&f->p), >, 0);
}

static void end(struct fixture *f, struct painter *painter)
{
	const struct recorder_close message = {(char *)(uintptr_t)painter->session_id,
					       END_VIEWER_LEFT, NULL};
	struct recorder_sealed sealed;

	recorder_process_send(&f->p, RECORDER_CLOSE, &message, NULL, 0);
	recorder_process_expect(&f->p, RECORDER_SEALED, &sealed);
	g_assert_cmpuint(sealed.ok, ==, 1);
	message_clear(recorder_message_type(RECORDER_SEALED), &sealed);
	painter_finish(painter);
}

/* Whole under the CA, ended so, and signed by the n-th key. */
static void assert_sealed(const struct fixture *f, const char *session_id, const char *reason,
			  unsigned number)
{
	g_autofree char *dir = g_build_filename(f->p.store_dir, session_id, NULL);
	g_autofree char *path = g_build_filename(dir, CHAIN_CERTIFICATE_FILE, NULL);
	g_autofree char *certificate = get(path);
	struct verify_report report;
	int result = verify_recording(dir, f->ca_file, recorder_process_archive_key(), &report);

	for (unsigned i = 0; i < report.findings->len; i++)
		g_test_message("%s", ((struct verify_finding *)report.findings->pdata[i])->text);
	g_assert_cmpint(result, ==, 0);
	g_assert_true(report.sealed);
	g_assert_cmpuint(report.n_frames, >, 0);
	g_assert_cmpstr(report.end_reason, ==, reason);
	g_assert_cmpstr(certificate, ==, f->certificates[number]);
	verify_report_finish(&report);
}

static void assert_log_holds(const struct fixture *f, uint64_t n_recordings)
{
	const struct log_check_settings settings = {f->p.store_dir, f->ca_file, NULL};
	struct log_check *check;

	g_assert_cmpint(log_check_open(&settings, &check), ==, 0);
	g_assert_cmpint(log_check_recordings(check), ==, 0);
	const struct log_check_report *report = log_check_report(check);
	for (unsigned i = 0; i < report->findings->len; i++)
		g_test_message("%s", ((struct log_finding *)report->findings->pdata[i])->text);
	g_assert_cmpuint(report->findings->len, ==, 0);
	g_assert_cmpuint(report->n_recordings, ==, n_recordings);
	log_check_close(check);
}

/* One runs on under the old key, one is killed under it and comes back, one begins under the
 * new. */
static void test_overlap(struct fixture *f, const char *second_id)
{
	struct painter running, interrupted, later;

	recorder_process_start(&f->p);
	begin(f, &running, RUNNING, false);
	rotate(f, 1, second_id);
	painter_fill(&running, &(struct rect){0, 0, 64, 64}, ~PIXEL);
	end(f, &running);
	begin(f, &interrupted, TEST_SESSION, false);
	await_picture(f);
	recorder_process_kill(&f->p);
	painter_finish(&interrupted);
	assert_sealed(f, RUNNING, "viewer-left", 0);

	recorder_process_start(&f->p);
	begin(f, &later, LATER, false);
	begin(f, &interrupted, TEST_SESSION, true);
	end(f, &interrupted);
	end(f, &later);
	recorder_process_stop(&f->p);
	assert_sealed(f, RUNNING, "viewer-left", 0);
	assert_sealed(f, TEST_SESSION, "viewer-left", 0);
	assert_sealed(f, LATER, "viewer-left", 1);
	assert_log_holds(f, 3);
}

static void test_in_a_file(void)
{
	struct fixture f;

	fixture_init(&f, NULL, NULL);
	test_overlap(&f, NULL);
	fixture_finish(&f);
}

static void test_in_a_token(void)
{
	struct fixture f;

	if (!soft_token_make()) {
		g_test_skip("SoftHSM is not installed, or a sanitizer refuses it");
		return;
	}
	fixture_init(&f, "recorder", "01");
	test_overlap(&f, "02");
	fixture_finish(&f);
	soft_token_remove();
}

/* Without the key before nobody can seal what it began: it stays as it is, unsealed and unbroken,
 * until the key is back. */
static void test_key_before_is_missing(void)
{
	struct fixture f;
	struct painter painter;
	struct verify_report report;

	fixture_init(&f, NULL, NULL);
	recorder_process_start(&f.p);
	begin(&f, &painter, TEST_SESSION, false);
	await_picture(&f);
	recorder_process_kill(&f.p);
	painter_finish(&painter);
	rotate(&f, 1, NULL);
	g_autofree char *previous = g_strconcat(f.key_file, ".previous", NULL);
	g_autofree char *away = g_strconcat(f.key_file, ".away", NULL);
	g_assert_cmpint(g_rename(previous, away), ==, 0);
	recorder_process_start(&f.p);
	recorder_process_stop(&f.p);
	g_autofree char *dir = recorder_process_recording(&f.p);
	g_assert_cmpint(verify_recording(dir, f.ca_file, recorder_process_archive_key(), &report),
			==, 1);
	g_assert_false(report.sealed);
	for (unsigned i = 0; i < report.findings->len; i++)
		g_assert_cmpint(((struct verify_finding *)report.findings->pdata[i])->class, >=,
				VERIFY_INCOMPLETE);
	verify_report_finish(&report);
	g_assert_cmpint(g_rename(away, previous), ==, 0);
	recorder_process_start(&f.p);
	recorder_process_stop(&f.p);
	assert_sealed(&f, TEST_SESSION, "fault", 0);
	fixture_finish(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/rotation/in-a-file", test_in_a_file);
	g_test_add_func("/rotation/in-a-token", test_in_a_token);
	g_test_add_func("/rotation/key-before-is-missing", test_key_before_is_missing);
	return g_test_run();
}
