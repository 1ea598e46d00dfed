/* Keystrokes that are sealed to a key of their own: nobody else reads them, everybody can
 * prove that they are whole. */
#include "ipc/link.h"
#include "recorder/chain/verify.h"
#include "recorder/reader/reader_lines.h"
#include "tests/support/signing_key.h"
#include "tests/unit/recorder/shade_session.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

struct fixture {
	struct recorder_process p;
	struct shade_session session;
	struct signing_key pem;
	struct archive_key *key; /* of whoever may read keystrokes */
};

static void fixture_init(struct fixture *f, const char *more)
{
	*f = (struct fixture){0};
	recorder_process_archive_key();
	recorder_process_init(&f->p, false);
	signing_key_init(&f->pem, "keystrokes", NULL);
	f->key = archive_key_create(f->pem.key_pem, NULL);
	g_assert_nonnull(f->key);
	g_autofree char *path = g_build_filename(f->p.dir, "keystrokes.pem", NULL);
	g_assert_true(g_file_set_contents(path, f->pem.certificate_pem, -1, NULL));
	g_autofree char *lines =
		g_strdup_printf("  keystroke_certificate_file: %s\n%s", path, more);
	recorder_process_configure(&f->p, lines);
	f->p.keys = RECORDER_KEYS_SEALED;
	recorder_process_start(&f->p);
}

static void fixture_finish(struct fixture *f)
{
	archive_key_destroy(f->key);
	signing_key_finish(&f->pem);
	shade_session_finish(&f->session);
	recorder_process_finish(&f->p);
}

static void type_word(struct fixture *f, const char *word)
{
	g_autofree char *key =
		g_strdup_printf("{\"type\":\"key\",\"down\":true,\"text\":\"%s\"}", word);

	painter_event(&f->session.painter, key);
	painter_event(&f->session.painter, "{\"type\":\"title\",\"text\":\"Terminal\"}");
	g_assert_true(shade_session_paint_and_wait(&f->session));
}

/* All lines that the key opens; -errno in `ret_result` where it ends. */
static char *read_keystrokes(const struct fixture *f, const struct archive_key *key,
			     int *ret_result)
{
	g_autofree char *dir = recorder_process_recording(&f->p);
	GString *text = g_string_new(NULL);
	struct reader *reader;

	*ret_result = -ENOENT;
	g_assert_cmpint(reader_open(dir, key, &reader), ==, 0);
	for (unsigned number = 1; number < 10; number++) {
		g_autofree char *name = g_strdup_printf("seg-%05u.keys", number);
		struct reader_file *file;
		const char *line;
		size_t length;
		if (reader_keystrokes_open(reader, name, &file) < 0)
			continue;
		struct line_reader *lines = reader_lines_create(file);
		while ((*ret_result = line_reader_next(lines, &line, &length)) > 0)
			g_string_append_len(text, line, (gssize)length);
		line_reader_destroy(lines);
		reader_file_close(file);
	}
	reader_close(reader);
	return g_string_free(text, FALSE);
}

static void expect_verdict(const struct fixture *f, const struct archive_key *key, unsigned broken)
{
	g_autofree char *dir = recorder_process_recording(&f->p);
	struct verify_report report;
	unsigned n = 0;

	g_assert_cmpint(verify_recording(dir, NULL, key, &report), >=, 0);
	for (unsigned i = 0; i < report.findings->len; i++) {
		const struct verify_finding *finding = report.findings->pdata[i];
		g_test_message("%s", finding->text);
		n += finding->class == VERIFY_BROKEN;
	}
	g_assert_cmpuint(n, ==, broken);
	verify_report_finish(&report);
}

static char *path_of(const struct fixture *f, const char *name)
{
	g_autofree char *dir = recorder_process_recording(&f->p);

	return g_build_filename(dir, name, NULL);
}

static void test_sealed(void)
{
	struct fixture f;
	int result;

	fixture_init(&f, "  encryption: false\n");
	g_assert_true(shade_session_open(&f.session, &f.p));
	type_word(&f, "ls");
	type_word(&f, "cat");
	g_assert_true(shade_session_close(&f.session));
	g_autofree char *timeline = recorder_process_timeline(&f.p, TEST_SESSION, 1);
	g_assert_null(strstr(timeline, "\"key\""));
	g_assert_null(strstr(timeline, "\"cat\""));
	g_assert_nonnull(strstr(timeline, "\"keys\":\"sealed\""));
	g_assert_nonnull(strstr(timeline, "Terminal"));
	g_autofree char *typed = read_keystrokes(&f, f.key, &result);
	g_assert_cmpint(result, ==, 0);
	g_assert_nonnull(strstr(typed, "\"origin\":\"session\",\"type\":\"key\",\"down\":true,"
				       "\"text\":\"ls\"}\n"));
	g_assert_nonnull(strstr(typed, "\"text\":\"cat\"}\n"));
	g_assert_null(strstr(typed, "Terminal"));
	/* Not the archive's key, and not nobody's. */
	g_autofree char *other = read_keystrokes(&f, recorder_process_archive_key(), &result);
	g_assert_cmpint(result, ==, -ENOKEY);
	g_assert_cmpstr(other, ==, "");
	g_autofree char *none = read_keystrokes(&f, NULL, &result);
	g_assert_cmpint(result, ==, -ENOKEY);
	g_assert_cmpstr(none, ==, "");
	expect_verdict(&f, NULL, 0);
	fixture_finish(&f);
}

/* A change is found without any key, be the rest of the recording encrypted or not. */
static void test_tampered(void)
{
	struct fixture f;
	g_autofree char *bytes = NULL;
	gsize length;

	fixture_init(&f, "");
	g_assert_true(shade_session_open(&f.session, &f.p));
	type_word(&f, "whoami");
	g_assert_true(shade_session_close(&f.session));
	expect_verdict(&f, NULL, 0);
	expect_verdict(&f, recorder_process_archive_key(), 0);
	g_autofree char *path = path_of(&f, "seg-00001.keys");
	g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
	bytes[length - 20] ^= 1;
	g_assert_true(g_file_set_contents(path, bytes, (gssize)length, NULL));
	expect_verdict(&f, NULL, 1);
	expect_verdict(&f, recorder_process_archive_key(), 1);
	g_assert_cmpint(g_unlink(path), ==, 0);
	expect_verdict(&f, NULL, 1);
	bytes[length - 20] ^= 1;
	g_assert_true(g_file_set_contents(path, bytes, (gssize)length, NULL));
	g_autofree char *key = path_of(&f, "keys-001.cms");
	g_assert_cmpint(g_unlink(key), ==, 0);
	expect_verdict(&f, NULL, 1);
	fixture_finish(&f);
}

/* Killed, and the file torn on top: what was written whole is kept, under the next start's key
 * typing goes on. `power_cut`: the data key of the rest is gone. */
static void test_crash(gconstpointer power_cut)
{
	static const uint8_t torn[] = {0, 0, 0, 40, 0, 0, 0, 0, 0, 0, 0, 9, 1, 2, 3};
	struct fixture f;
	int result;

	fixture_init(&f, "");
	g_assert_true(shade_session_open(&f.session, &f.p));
	type_word(&f, "before");
	recorder_process_kill(&f.p);
	g_autofree char *part = path_of(&f, "seg-00001.keys.part");
	FILE *file = fopen(part, "ab");
	g_assert_nonnull(file);
	g_assert_cmpuint(fwrite(torn, 1, sizeof torn, file), ==, sizeof torn);
	g_assert_cmpint(fclose(file), ==, 0);
	if (power_cut != NULL) {
		g_autofree char *running =
			g_build_filename(f.p.dir, "data-key-" TEST_SESSION "-001", NULL);
		g_assert_cmpint(g_unlink(running), ==, 0);
	}
	recorder_process_start(&f.p);
	painter_resume(&f.session.painter, &f.p);
	type_word(&f, "behind");
	g_assert_true(shade_session_close(&f.session));
	g_autofree char *typed = read_keystrokes(&f, f.key, &result);
	g_assert_cmpint(result, ==, 0);
	g_assert_nonnull(strstr(typed, "\"before\""));
	g_assert_nonnull(strstr(typed, "\"behind\""));
	g_autofree char *second = path_of(&f, "keys-002.cms");
	g_assert_true(g_file_test(second, G_FILE_TEST_IS_REGULAR));
	expect_verdict(&f, recorder_process_archive_key(), 0);
	expect_verdict(&f, NULL, 0);
	fixture_finish(&f);
}

/* Who asks for sealed keystrokes where none can be sealed gets no session, and
 * nothing of it lies there. */
static void test_refused(void)
{
	struct recorder_process p;
	struct recorder_opened opened;
	const struct recorder_open open = {.session_id = (char *)(uintptr_t)TEST_SESSION,
					   .keys = (char *)(uintptr_t)RECORDER_KEYS_SEALED};
	int pair[2];

	recorder_process_init(&p, false);
	recorder_process_start(&p);
	g_assert_cmpint(link_pair(pair), ==, 0);
	recorder_process_send(&p, RECORDER_OPEN, &open, &pair[1], 1);
	recorder_process_expect(&p, RECORDER_OPENED, &opened);
	g_assert_cmpuint(opened.reason, ==, END_UNRECORDABLE);
	g_assert_nonnull(strstr(opened.detail, "recorder.keystroke_certificate_file"));
	message_clear(recorder_message_type(RECORDER_OPENED), &opened);
	g_autofree char *dir = recorder_process_recording(&p);
	g_assert_false(g_file_test(dir, G_FILE_TEST_EXISTS));
	close(pair[0]);
	close(pair[1]);
	recorder_process_finish(&p);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/keystrokes/sealed", test_sealed);
	g_test_add_func("/keystrokes/tampered", test_tampered);
	g_test_add_data_func("/keystrokes/crash", NULL, test_crash);
	g_test_add_data_func("/keystrokes/power-cut", "power cut", test_crash);
	g_test_add_func("/keystrokes/refused", test_refused);
	return g_test_run();
}
