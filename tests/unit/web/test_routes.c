/* What the routes decide by themselves: playlists, rights, back-off, what is audited again. */
#include "base/clock.h"
#include "sql/recording_store.h"
#include "web/routes/hls.h"
#include "web/routes/once.h"
#include "web/routes/rights.h"
#include "web/routes/throttle.h"

#include <glib.h>

#define SECOND_US ((uint64_t)G_USEC_PER_SEC)

static void playlist_of_resized_recording(void)
{
	/* A gap of half a second before the third, which also has another size. */
	struct segment_row rows[] = {
		{.file = "seg-00001.mp4",
		 .init_file = "init-001.mp4",
		 .start_us = 0,
		 .duration_us = 59900000},
		{.file = "seg-00002.mp4",
		 .init_file = "init-001.mp4",
		 .start_us = 60000000,
		 .duration_us = 1500000},
		{.file = "seg-00003.mp4",
		 .init_file = "init-002.mp4",
		 .start_us = 62000000,
		 .duration_us = 7250000},
	};
	g_autoptr(GPtrArray) segments = g_ptr_array_new();

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		g_ptr_array_add(segments, &rows[i]);
	g_autofree char *text = hls_playlist(segments, 1767225600 * SECOND_US, true);
	g_assert_cmpstr(
		text, ==,
		"#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n"
		"#EXT-X-TARGETDURATION:60\n#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-PLAYLIST-TYPE:VOD\n"
		"#EXT-X-MAP:URI=\"init-001.mp4\"\n"
		"#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00.000000Z\n"
		"#EXTINF:60.000000,\nseg-00001.mp4\n"
		"#EXTINF:2.000000,\nseg-00002.mp4\n"
		"#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"init-002.mp4\"\n"
		"#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:01:02.000000Z\n"
		"#EXTINF:7.250000,\nseg-00003.mp4\n#EXT-X-ENDLIST\n");
	g_assert_true(hls_knows_file(segments, "init-002.mp4"));
	g_assert_true(hls_knows_file(segments, "seg-00002.mp4"));
	g_assert_false(hls_knows_file(segments, "chain"));
	g_assert_false(hls_knows_file(segments, ""));
}

static void playlist_of_running_recording(void)
{
	struct segment_row row = {.file = "s", .init_file = "i", .start_us = 0, .duration_us = 10};
	g_autoptr(GPtrArray) segments = g_ptr_array_new();

	g_ptr_array_add(segments, &row);
	g_autofree char *text = hls_playlist(segments, 0, false);
	g_assert_nonnull(strstr(text, "#EXT-X-PLAYLIST-TYPE:EVENT\n"));
	g_assert_nonnull(strstr(text, "#EXT-X-TARGETDURATION:1\n"));
	g_assert_null(strstr(text, "#EXT-X-ENDLIST"));
}

static void rights(void)
{
	g_assert_cmpuint(rights_of(USER_ROLE_USER), ==, 0);
	g_assert_cmpuint(rights_of((enum user_role)99), ==, 0);
	g_assert_cmpuint(rights_of(USER_ROLE_WATCHER), ==,
			 RIGHT_ENTER | RIGHT_WATCH | RIGHT_TERMINATE);
	g_assert_cmpuint(rights_of(USER_ROLE_AUDITOR), ==,
			 RIGHT_ENTER | RIGHT_PLAY | RIGHT_AUDIT | RIGHT_HOLD | RIGHT_EXPORT);
	g_assert_cmpuint(rights_of(USER_ROLE_ADMIN), ==,
			 rights_of(USER_ROLE_WATCHER) | rights_of(USER_ROLE_AUDITOR) |
				 RIGHT_DELETE);
	json_t *list = rights_json(RIGHT_ENTER | RIGHT_AUDIT);
	g_assert_cmpuint(json_array_size(list), ==, 2);
	g_assert_cmpstr(json_string_value(json_array_get(list, 1)), ==, "audit");
	json_decref(list);
}

static void expect_wait(struct throttle *throttle, const char *user, uint32_t wait_s)
{
	g_assert_cmpuint(throttle_begin(throttle, "192.0.2.1", user), ==, wait_s);
}

/* Counted before the password is looked at: the fifth of five guesses at one moment waits,
 * whatever became of the four. */
static void backoff(void)
{
	struct throttle *throttle = throttle_create();
	uint64_t now_us = 100 * SECOND_US;

	clock_test_set(now_us, now_us);
	for (unsigned i = 0; i <= THROTTLE_FREE_FAILURES; i++)
		expect_wait(throttle, "alice", 0);
	expect_wait(throttle, "ALICE", 1);
	now_us += SECOND_US;
	clock_test_set(now_us, now_us);
	expect_wait(throttle, "alice", 0);
	expect_wait(throttle, "alice", 2);
	/* Neither her from elsewhere nor others from there have to wait. */
	g_assert_cmpuint(throttle_begin(throttle, "192.0.2.2", "alice"), ==, 0);
	expect_wait(throttle, "bob", 0);
	for (unsigned i = 0; i < 100; i++) {
		now_us += 1000 * SECOND_US;
		clock_test_set(now_us, now_us);
		expect_wait(throttle, "alice", 0);
	}
	expect_wait(throttle, "alice", THROTTLE_MAX_WAIT_S);
	throttle_passed(throttle, "192.0.2.1", "alice");
	expect_wait(throttle, "alice", 0);
	throttle_destroy(throttle);
}

/* A try that the database or a crowd kept from being looked at costs nothing. */
static void backoff_withdrawn(void)
{
	struct throttle *throttle = throttle_create();

	for (unsigned i = 0; i < 20; i++) {
		expect_wait(throttle, "alice", 0);
		throttle_withdraw(throttle, "192.0.2.1", "alice");
	}
	throttle_destroy(throttle);
}

static void backoff_is_bounded(void)
{
	struct throttle *throttle = throttle_create();

	for (unsigned i = 0; i <= THROTTLE_FREE_FAILURES; i++)
		expect_wait(throttle, "victim", 0);
	for (unsigned i = 1; i < THROTTLE_MAX_PAIRS; i++) {
		g_autofree char *name = g_strdup_printf("name-%u", i);
		expect_wait(throttle, name, 0);
	}
	expect_wait(throttle, "victim", 1);
	expect_wait(throttle, "one-more", 0);
	expect_wait(throttle, "victim", 0);
	throttle_destroy(throttle);
}

static void noted_once(void)
{
	struct once *once = once_create(10 * SECOND_US);

	clock_test_set(100 * SECOND_US, 0);
	g_assert_true(once_is_new(once, "a"));
	once_note(once, "a");
	g_assert_false(once_is_new(once, "a"));
	g_assert_true(once_is_new(once, "b"));
	clock_test_set(110 * SECOND_US, 0);
	g_assert_true(once_is_new(once, "a"));
	once_destroy(once);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/web/routes/playlist-resized", playlist_of_resized_recording);
	g_test_add_func("/web/routes/playlist-running", playlist_of_running_recording);
	g_test_add_func("/web/routes/rights", rights);
	g_test_add_func("/web/routes/backoff", backoff);
	g_test_add_func("/web/routes/backoff-withdrawn", backoff_withdrawn);
	g_test_add_func("/web/routes/backoff-bounded", backoff_is_bounded);
	g_test_add_func("/web/routes/once", noted_once);
	return g_test_run();
}
