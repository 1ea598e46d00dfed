/* Recordings at rest: nothing of a session can be read on the disk, all of it with the archive key;
 * a power cut takes the data key, and the verifier says what that costs. */
#include "recorder/chain/verify.h"
#include "tests/unit/recorder/shade_session.h"

#include <glib/gstdio.h>
#include <string.h>

#define SECRET "a-word-that-was-typed"

static void verify(const struct recorder_process *p, const struct archive_key *key, int expected,
		   struct verify_report *report)
{
	g_autofree char *dir = recorder_process_recording(p);
	int result = verify_recording(dir, NULL, key, report);

	for (unsigned i = 0; i < report->findings->len; i++) {
		const struct verify_finding *f = g_ptr_array_index(report->findings, i);
		g_test_message("%s: %s", verify_class_name(f->class), f->text);
	}
	g_assert_cmpint(result, ==, expected);
}

static unsigned count(const struct verify_report *report, enum verify_class class)
{
	unsigned n = 0;

	for (unsigned i = 0; i < report->findings->len; i++)
		n += ((const struct verify_finding *)report->findings->pdata[i])->class == class;
	return n;
}

/* Of a timeline (RFC 1952): no flags, no time, nothing said of the compressor. */
#define GZIP_HEADER "\x1f\x8b\x08\0\0\0\0\0\0\x03"

static void record(struct recorder_process *p, struct shade_session *session)
{
	recorder_process_start(p);
	g_assert_true(shade_session_open(session, p));
	painter_event(&session->painter, "{\"type\":\"key\",\"text\":\"" SECRET "\"}");
	g_assert_true(shade_session_paint_and_wait(session));
}

/* In how many files below `dir` the word stands. */
static unsigned files_with(const char *dir, const char *word, size_t length)
{
	g_autoptr(GDir) listing = g_dir_open(dir, 0, NULL);
	const char *name;
	unsigned n = 0;

	while ((name = g_dir_read_name(listing)) != NULL) {
		g_autofree char *path = g_build_filename(dir, name, NULL);
		g_autofree char *bytes = NULL;
		gsize n_bytes;
		g_assert_true(g_file_get_contents(path, &bytes, &n_bytes, NULL));
		n += memmem(bytes, n_bytes, word, length) != NULL;
	}
	return n;
}

static void test_nothing_plain(gconstpointer plain)
{
	struct recorder_process p;
	struct shade_session session;
	struct verify_report report;

	recorder_process_init(&p, false);
	if (plain != NULL)
		recorder_process_configure(&p, "  encryption: false\n");
	record(&p, &session);
	g_assert_true(shade_session_close(&session));
	shade_session_finish(&session);
	g_autofree char *dir = recorder_process_recording(&p);
	unsigned expected = plain != NULL ? 1 : 0;
	g_assert_cmpuint(files_with(dir, SECRET, strlen(SECRET)), ==, 0);
	g_assert_cmpuint(files_with(dir, "moof", 4), ==, expected);
	g_assert_cmpuint(files_with(dir, GZIP_HEADER, sizeof GZIP_HEADER - 1), ==, expected);
	g_autofree char *text = recorder_process_timeline(&p, TEST_SESSION, 1);
	g_assert_nonnull(strstr(text, SECRET));
	verify(&p, plain != NULL ? NULL : recorder_process_archive_key(), 0, &report);
	g_assert_cmpint(report.contents, ==, VERIFY_CONTENTS_CHECKED);
	verify_report_finish(&report);
	recorder_process_finish(&p);
}

static void test_without_key(void)
{
	struct recorder_process p;
	struct shade_session session;
	struct verify_report report;

	recorder_process_init(&p, false);
	record(&p, &session);
	g_assert_true(shade_session_close(&session));
	shade_session_finish(&session);
	g_autofree char *dir = recorder_process_recording(&p);
	verify(&p, NULL, 1, &report);
	g_assert_cmpint(report.contents, ==, VERIFY_CONTENTS_ENCRYPTED);
	g_assert_cmpuint(count(&report, VERIFY_BROKEN), ==, 0);
	g_assert_cmpuint(count(&report, VERIFY_INCOMPLETE), ==, 1);
	verify_report_finish(&report);
	/* A byte less is seen without a key, too. */
	g_autofree char *video = g_build_filename(dir, "seg-00001.mp4.enc", NULL);
	g_autofree char *bytes = NULL;
	gsize length;
	g_assert_true(g_file_get_contents(video, &bytes, &length, NULL));
	g_assert_true(g_file_set_contents(video, bytes, (gssize)length - 1, NULL));
	verify(&p, NULL, 1, &report);
	g_assert_cmpuint(count(&report, VERIFY_BROKEN), >, 0);
	verify_report_finish(&report);
	g_assert_true(g_file_set_contents(video, bytes, (gssize)length, NULL));
	g_autofree char *key = g_build_filename(dir, "key-001.cms", NULL);
	g_assert_cmpint(g_unlink(key), ==, 0);
	verify(&p, recorder_process_archive_key(), 1, &report);
	g_assert_cmpint(report.contents, ==, VERIFY_CONTENTS_SHREDDED);
	g_assert_cmpuint(count(&report, VERIFY_BROKEN), ==, 0);
	verify_report_finish(&report);
	recorder_process_finish(&p);
}

/* The key that is kept for the time of a crash; NULL: none. */
static char *running_key(const struct recorder_process *p)
{
	g_autoptr(GDir) listing = g_dir_open(p->dir, 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(listing)) != NULL)
		if (g_str_has_prefix(name, "data-key-" TEST_SESSION))
			return g_build_filename(p->dir, name, NULL);
	return NULL;
}

static void test_power_cut(void)
{
	struct recorder_process p;
	struct shade_session session;
	struct verify_report report;

	recorder_process_init(&p, false);
	record(&p, &session);
	recorder_process_kill(&p);
	shade_session_finish(&session);
	g_autofree char *key = running_key(&p);
	g_assert_nonnull(key);
	g_assert_cmpint(g_unlink(key), ==, 0); /* what a power cut does to a tmpfs */
	recorder_process_start(&p);
	recorder_process_stop(&p);
	verify(&p, recorder_process_archive_key(), 1, &report);
	g_assert_true(report.sealed);
	g_assert_cmpuint(count(&report, VERIFY_BROKEN), ==, 0);
	/* Of pictures and timeline, each with its tail. */
	g_assert_cmpuint(count(&report, VERIFY_INCOMPLETE), ==, 2);
	verify_report_finish(&report);
	verify(&p, NULL, 1, &report);
	g_assert_cmpuint(count(&report, VERIFY_BROKEN), ==, 0);
	verify_report_finish(&report);
	g_autofree char *chain = recorder_process_read(&p, TEST_SESSION, "chain");
	g_assert_nonnull(strstr(chain, "\"tail_bytes\":"));
	/* The tail is not proven, but with the archive key it can still be read. */
	g_autofree char *text = recorder_process_timeline(&p, TEST_SESSION, 1);
	g_assert_nonnull(strstr(text, SECRET));
	recorder_process_finish(&p);
}

/* A disk that takes eight seconds for a sync: what is written then is not signed before it lies
 * there, or a power cut would leave a signature over bytes that it took. */
static void test_checkpoint_waits_for_the_disk(void)
{
	struct recorder_process p;
	struct shade_session session;

	recorder_process_init(&p, false);
	p.faults = "sync seg-00001.mp4.enc.part 0 0 wait-8000";
	record(&p, &session);
	for (unsigned i = 0; i < 4; i++) {
		g_usleep(1500000); /* a checkpoint is due after five seconds */
		g_assert_true(shade_session_paint_and_wait(&session));
	}
	g_autofree char *early = recorder_process_read(&p, TEST_SESSION, "chain");
	g_assert_null(strstr(early, "\"checkpoint\""));
	recorder_process_kill(&p);
	shade_session_finish(&session);
	p.faults = NULL;
	recorder_process_start(&p);
	recorder_process_finish(&p);
}

static void test_key_is_gone_when_sealed(void)
{
	struct recorder_process p;
	struct shade_session session;

	recorder_process_init(&p, false);
	record(&p, &session);
	g_autofree char *while_it_runs = running_key(&p);
	g_assert_nonnull(while_it_runs);
	g_assert_true(shade_session_close(&session));
	shade_session_finish(&session);
	g_assert_null(running_key(&p));
	recorder_process_finish(&p);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_data_func("/encryption/nothing-plain", NULL, test_nothing_plain);
	g_test_add_data_func("/encryption/switched-off", "plain", test_nothing_plain);
	g_test_add_func("/encryption/without-key", test_without_key);
	g_test_add_func("/encryption/power-cut", test_power_cut);
	g_test_add_func("/encryption/checkpoint-waits-for-the-disk",
			test_checkpoint_waits_for_the_disk);
	g_test_add_func("/encryption/key-is-gone-when-sealed", test_key_is_gone_when_sealed);
	return g_test_run();
}
