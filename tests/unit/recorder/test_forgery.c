/* Recovery as an oracle: somebody who may write to the disk, but has no key, puts things there and
 * waits for the recorder to start. It signs none of them. */
#include "recorder/chain/digest.h"
#include "recorder/reader/reader.h"
#include "tests/unit/recorder/shade_session.h"

#include <glib/gstdio.h>
#include <string.h>

static void record(struct recorder_process *p, struct shade_session *session)
{
	recorder_process_init(p, false);
	recorder_process_start(p);
	g_assert_true(shade_session_open(session, p));
	for (unsigned i = 0; i < 3; i++)
		g_assert_true(shade_session_paint_and_wait(session));
}

static char *path_of(const struct recorder_process *p, const char *name)
{
	g_autofree char *dir = recorder_process_recording(p);

	return g_build_filename(dir, name, NULL);
}

static void start_and_stop(struct recorder_process *p)
{
	recorder_process_start(p);
	recorder_process_stop(p);
}

#define FRESH_NAME "6f9619ff-8b86-4011-b42d-00c04fc964aa"

/* A sealed recording is cut to its beginning: it must not be sealed a second time, as short as it
 * is now; nor when it is given a name that the node log does not know, to be put back under its own
 * later. */
static void test_seal_cut_off(gconstpointer fresh_name)
{
	struct recorder_process p;
	struct shade_session session;

	record(&p, &session);
	g_assert_true(shade_session_close(&session));
	shade_session_finish(&session);
	recorder_process_stop(&p);
	g_autofree char *chain = recorder_process_read(&p, TEST_SESSION, "chain");
	g_autofree char *path = path_of(&p, "chain");
	strchr(chain, '\n')[1] = '\0';
	g_assert_true(g_file_set_contents(path, chain, -1, NULL));
	g_autofree char *settled = g_build_filename(p.store_dir, "settled", NULL);
	g_unlink(settled); /* else the next start would not even look */
	g_autofree char *dir = recorder_process_recording(&p);
	g_autofree char *moved = g_build_filename(p.store_dir, FRESH_NAME, NULL);
	if (fresh_name != NULL)
		g_assert_cmpint(g_rename(dir, moved), ==, 0);
	start_and_stop(&p);
	g_autofree char *after =
		recorder_process_read(&p, fresh_name != NULL ? FRESH_NAME : TEST_SESSION, "chain");
	g_assert_cmpstr(after, ==, chain);
	recorder_process_finish(&p);
}

/* Takes a file's plain bytes, which only the archive key gives, and puts them beside the encrypted
 * ones. */
static void put_plain(const struct recorder_process *p, const char *name)
{
	struct reader *reader;
	g_autofree uint8_t *bytes = NULL;
	g_autofree char *dir = recorder_process_recording(p), *path = path_of(p, name);
	size_t length;

	g_assert_cmpint(reader_open(dir, recorder_process_archive_key(), &reader), ==, 0);
	g_assert_cmpint(reader_read(reader, name, 1u << 20, &bytes, &length), ==, 0);
	g_assert_true(g_file_set_contents(path, (const char *)bytes, (gssize)length, NULL));
	reader_close(reader);
}

/* Of a recording that was killed: a segment that does not lie as the recorder writes it.
 * Without it, all is well. */
static void test_plain_beside_encrypted(void)
{
	struct recorder_process p;
	struct shade_session session;

	record(&p, &session);
	recorder_process_kill(&p);
	shade_session_finish(&session);
	g_autofree char *before = recorder_process_read(&p, TEST_SESSION, "chain");
	put_plain(&p, "seg-00001.mp4");
	start_and_stop(&p);
	g_autofree char *after = recorder_process_read(&p, TEST_SESSION, "chain");
	g_assert_cmpstr(after, ==, before);
	g_autofree char *plain = path_of(&p, "seg-00001.mp4");
	g_assert_cmpint(g_unlink(plain), ==, 0);
	start_and_stop(&p);
	g_autofree char *mended = recorder_process_read(&p, TEST_SESSION, "chain");
	g_assert_nonnull(strstr(mended, "\"kind\":\"seal\""));
	recorder_process_finish(&p);
}

/* ---- An interrupted recording, changed before the recorder comes back ---- */

static void expect_chain(const struct recorder_process *p, const char *expected)
{
	g_autofree char *chain = recorder_process_read(p, TEST_SESSION, "chain");

	g_assert_cmpstr(chain, ==, expected);
}

static void expect_sealed(const struct recorder_process *p)
{
	g_autofree char *chain = recorder_process_read(p, TEST_SESSION, "chain");

	g_assert_nonnull(strstr(chain, "\"kind\":\"seal\""));
}

/* An entry that links to the last one; its signature is that of the first line, or
 * none that holds at least. */
static char *forged_entry(const char *chain, const char *members)
{
	char head[DIGEST_HEX_BYTES];
	const char *last = chain;
	unsigned n = 0;

	for (const char *at = chain; *at != '\0'; at = strchr(at, '\n') + 1, n++)
		last = at;
	const char *json = strchr(last, ' ') + 1;
	digest_hex_of(json, strcspn(json, "\n"), head);
	g_autofree char *signature = g_strndup(chain, strcspn(chain, " "));
	return g_strdup_printf("%s {%s,\"prev\":\"%s\",\"seq\":%u,\"t_us\":99000000,"
			       "\"utc\":\"2026-05-01T12:00:00.000000Z\"}\n",
			       signature, members, head, n);
}

/* Put behind what was signed: nothing is signed behind it, and it does not count as the recording's
 * end either, neither now nor when it is gone again. */
static void test_forged_entry(gconstpointer members)
{
	struct recorder_process p;
	struct shade_session session;

	record(&p, &session);
	recorder_process_kill(&p);
	shade_session_finish(&session);
	g_autofree char *before = recorder_process_read(&p, TEST_SESSION, "chain");
	g_autofree char *forged = forged_entry(before, members);
	g_autofree char *longer = g_strconcat(before, forged, NULL);
	g_autofree char *path = path_of(&p, "chain");
	g_assert_true(g_file_set_contents(path, longer, -1, NULL));
	start_and_stop(&p);
	expect_chain(&p, longer);
	g_assert_true(g_file_set_contents(path, before, -1, NULL));
	start_and_stop(&p);
	expect_sealed(&p);
	recorder_process_finish(&p);
}

/* Whoever may write to the disk may write "tombstone" there, too. */
static void test_planted_tombstone(void)
{
	struct recorder_process p;
	struct shade_session session;

	record(&p, &session);
	recorder_process_kill(&p);
	shade_session_finish(&session);
	g_autofree char *path = path_of(&p, "tombstone");
	g_assert_true(g_file_set_contents(path, "gone\n", -1, NULL));
	start_and_stop(&p);
	expect_sealed(&p);
	recorder_process_finish(&p);
}

/* Without encryption anybody can write pictures that look right; what a checkpoint
 * signed says whose they are. */
static void test_other_pictures(void)
{
	struct recorder_process p;
	struct shade_session session;
	char *text = NULL;
	gsize length;

	recorder_process_init(&p, false);
	recorder_process_configure(&p, "  encryption: false\n");
	recorder_process_start(&p);
	g_assert_true(shade_session_open(&session, &p));
	/* A checkpoint is five seconds of activity away. */
	g_autofree char *before = NULL;
	do {
		g_assert_true(shade_session_paint_and_wait(&session));
		g_clear_pointer(&before, g_free);
		before = recorder_process_read(&p, TEST_SESSION, "chain");
	} while (strstr(before, "\"kind\":\"checkpoint\"") == NULL);
	recorder_process_kill(&p);
	shade_session_finish(&session);
	g_autofree char *path = path_of(&p, "seg-00001.mp4.part");
	g_assert_true(g_file_get_contents(path, &text, &length, NULL));
	text[length / 4] ^= 1;
	g_assert_true(g_file_set_contents(path, text, (gssize)length, NULL));
	g_free(text);
	g_autofree char *chain = recorder_process_read(&p, TEST_SESSION, "chain");
	start_and_stop(&p);
	expect_chain(&p, chain);
	recorder_process_finish(&p);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_data_func("/forgery/seal-cut-off", NULL, test_seal_cut_off);
	g_test_add_data_func("/forgery/seal-cut-off-and-moved", "moved", test_seal_cut_off);
	g_test_add_func("/forgery/plain-beside-encrypted", test_plain_beside_encrypted);
	g_test_add_data_func("/forgery/seal-put-on",
			     "\"bytes\":0,\"detail\":\"\",\"duration_us\":0,\"frames\":0,"
			     "\"kind\":\"seal\",\"reason\":\"viewer-left\",\"segments\":0",
			     test_forged_entry);
	g_test_add_data_func("/forgery/gap-put-on",
			     "\"detail\":\"\",\"end_us\":99000000,\"kind\":\"gap\","
			     "\"reason\":\"recorder-away\",\"start_us\":90000000",
			     test_forged_entry);
	g_test_add_func("/forgery/planted-tombstone", test_planted_tombstone);
	g_test_add_func("/forgery/other-pictures", test_other_pictures);
	return g_test_run();
}
