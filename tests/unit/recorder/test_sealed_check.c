/* Sealed recordings, played again: what is whole passes, what is not what its chain says fails with
 * a reason, and so does a recording of nothing. */
#include "recorder/sealed_check.h"
#include "tests/unit/recorder/shade_session.h"

#include <glib.h>
#include <string.h>
#include <unistd.h>

static void record(struct recorder_process *p, unsigned n_sizes, bool encrypted)
{
	struct shade_session session;

	recorder_process_init(p, false);
	if (!encrypted)
		recorder_process_configure(p, "  encryption: false\n");
	recorder_process_start(p);
	g_assert_true(shade_session_open(&session, p));
	for (unsigned i = 0; i < n_sizes; i++) {
		g_assert_true(shade_session_resize(&session, 128 + 16 * (i + 1), 96));
		for (unsigned n = 0; n < 3; n++)
			g_assert_true(shade_session_paint_and_wait(&session));
	}
	g_assert_true(shade_session_close(&session));
	shade_session_finish(&session);
	recorder_process_stop(p);
}

static void expect(const struct recorder_process *p, const char *state, const char *detail)
{
	g_autofree char *said = NULL;
	const char *outcome = sealed_check_run(p->store_dir, TEST_SESSION, NULL, NULL, &said);

	g_assert_cmpstr(outcome, ==, state);
	g_assert_nonnull(strstr(said, detail));
}

static char *file(const struct recorder_process *p, const char *name)
{
	return g_build_filename(p->store_dir, TEST_SESSION, name, NULL);
}

static void test_passes(void)
{
	struct recorder_process p;

	record(&p, 4, false);
	/* The middle one is drawn anew each time. */
	for (unsigned i = 0; i < 5; i++)
		expect(&p, "passed", "");
	recorder_process_finish(&p);
}

/* The last segment lacks its last picture; then half of one; then everything. */
static void test_fails(void)
{
	struct recorder_process p;
	g_autofree char *bytes = NULL;
	gsize length;

	record(&p, 1, false);
	g_autofree char *path = file(&p, "seg-00002.mp4");
	g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
	const char *last = bytes, *at = bytes;
	while ((at = memmem(at + 1, (size_t)(bytes + length - at - 1), "moof", 4)) != NULL)
		last = at - 4;
	g_assert_true(last > bytes);
	g_assert_cmpint(truncate(path, last - bytes), ==, 0);
	expect(&p, "failed", "the chain says");
	g_assert_true(g_file_set_contents(path, bytes, (gssize)length - 20, NULL));
	expect(&p, "failed", "segment 2");
	memset(bytes + length / 3, 0x55, length / 3);
	g_assert_true(g_file_set_contents(path, bytes, (gssize)length, NULL));
	expect(&p, "failed", "segment 2");
	g_assert_cmpint(unlink(path), ==, 0);
	expect(&p, "failed", "segment 2 does not play");
	recorder_process_finish(&p);
}

static void test_timeline(void)
{
	struct recorder_process p;
	g_autofree char *bytes = NULL;
	gsize length;

	record(&p, 0, false);
	g_autofree char *path = file(&p, "seg-00001.jsonl.gz");
	g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
	expect(&p, "passed", "");
	/* A missing end is what a crash leaves; wrong bytes are not. */
	g_assert_true(g_file_set_contents(path, bytes, (gssize)length - 9, NULL));
	expect(&p, "passed", "");
	bytes[length - 8] ^= 1;
	g_assert_true(g_file_set_contents(path, bytes, (gssize)length, NULL));
	expect(&p, "failed", "the timeline of segment 1 cannot be read");
	g_assert_cmpint(unlink(path), ==, 0);
	expect(&p, "failed", "the timeline of segment 1 cannot be read");
	recorder_process_finish(&p);
}

static void test_black(void)
{
	struct recorder_process p;
	struct painter painter;
	struct recorder_sealed sealed;
	const struct recorder_close message = {(char *)(uintptr_t)TEST_SESSION, END_VIEWER_LEFT,
					       NULL};

	recorder_process_init(&p, false);
	recorder_process_configure(&p, "  encryption: false\n");
	recorder_process_start(&p);
	painter_open(&painter, &p, 320, 240, false);
	painter_fill(&painter, &(struct rect){0, 0, 320, 240}, 0);
	recorder_process_send(&p, RECORDER_CLOSE, &message, NULL, 0);
	recorder_process_expect(&p, RECORDER_SEALED, &sealed);
	g_assert_cmpuint(sealed.frames, >, 0);
	message_clear(recorder_message_type(RECORDER_SEALED), &sealed);
	expect(&p, "failed", "black");
	painter_finish(&painter);
	recorder_process_finish(&p);
}

/* The recorder's own thread has the data keys (test_rows.c shows it); afterwards
 * nobody here can look. */
static void test_encrypted(void)
{
	struct recorder_process p;

	record(&p, 1, true);
	expect(&p, "skipped", "key");
	recorder_process_finish(&p);
}

static void test_stopped(void)
{
	struct recorder_process p;
	atomic_bool stopped = true;
	g_autofree char *said = NULL;

	record(&p, 0, false);
	g_assert_cmpstr(sealed_check_run(p.store_dir, TEST_SESSION, NULL, &stopped, &said), ==,
			"skipped");
	recorder_process_finish(&p);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sealed-check/passes", test_passes);
	g_test_add_func("/sealed-check/fails", test_fails);
	g_test_add_func("/sealed-check/timeline", test_timeline);
	g_test_add_func("/sealed-check/black", test_black);
	g_test_add_func("/sealed-check/encrypted", test_encrypted);
	g_test_add_func("/sealed-check/stopped", test_stopped);
	return g_test_run();
}
