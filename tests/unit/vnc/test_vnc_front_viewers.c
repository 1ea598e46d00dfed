/* How viewers of the VNC front come and go: refused, leaving, cut off, and those that break the
 * protocol or never answer. */
#include "base/secret.h"
#include "gateway/vnc/vnc_stream.h"
#include "gateway/vnc/vnc_tls.h"
#include "tests/support/patience.h"
#include "tests/unit/vnc/viewer_desk.h"

#include <string.h>

static void test_refused(void)
{
	struct desk desk;
	int fd = desk_init(&desk);

	desk_start_viewer(&desk, fd, "falsch");
	desk.viewer_detail = NULL;
	g_thread_join(g_steal_pointer(&desk.viewer));
	g_assert_cmpint(desk.viewer_reason, ==, END_TARGET_LOGIN);
	g_assert_cmpstr(desk.viewer_detail, ==,
			"the target says: Login refused: the name, the password or the target is "
			"not permitted.");
	g_assert_true(double_saw(desk.session, "login door=1 user=alice%web1 domain=\n"));
	g_assert_true(double_saw(desk.session, "end refused"));
	desk_finish(&desk);
}

static void test_target_away(void)
{
	struct desk desk;
	int fd = desk_init(&desk);

	desk_start_viewer(&desk, fd, "geheim");
	g_assert_true(double_saw(desk.session, "open 1280x800"));
	session_end(desk.session, END_TARGET_UNREACHABLE, NULL);
	g_thread_join(g_steal_pointer(&desk.viewer));
	g_assert_cmpint(desk.viewer_reason, ==, END_TARGET_LOGIN);
	g_assert_nonnull(strstr(desk.viewer_detail, "The target does not answer."));
	desk_finish(&desk);
}

static void test_viewer_leaves(void)
{
	g_autofree char *story = NULL;
	struct back_command stop = {.kind = BACK_STOP};
	struct desk desk;

	desk_open(&desk);
	double_command(desk.seen, &stop);
	g_assert_true(double_saw(desk.session, "end viewer-left"));
	story = double_story(desk.session);
	g_assert_nonnull(strstr(story, "release\nend viewer-left")); /* keys go up before the end */
	desk_finish(&desk);

	int fd = desk_init(&desk);
	desk_start_viewer(&desk, fd, "geheim"); /* and once more while the target is dialled */
	g_assert_true(double_saw(desk.session, "open 1280x800"));
	double_command(desk.seen, &stop);
	g_assert_true(double_saw(desk.session, "end viewer-left"));
	desk_finish(&desk);
}

static void test_terminated(void)
{
	gint64 start_us;
	struct desk desk;

	desk_open(&desk);
	start_us = g_get_monotonic_time();
	session_end(desk.session, END_TERMINATED, NULL);
	desk_finish(&desk);
	g_assert_cmpint(g_get_monotonic_time() - start_us, <, PROMPT_US);
	g_assert_cmpint(desk.viewer_reason, ==, END_TARGET_CLOSED);
}

/* ---- viewers that behave badly ---- */

static void say(struct desk *desk, const void *bytes, size_t length)
{
	vnc_stream_write(&desk->wire, bytes, length);
}

static void hear(struct desk *desk, const void *expected, size_t length)
{
	char heard[64];

	g_assert_cmpuint(length, <=, sizeof(heard));
	g_assert_cmpint(vnc_stream_read(&desk->wire, heard, length), ==, 0);
	g_assert_cmpmem(heard, length, expected, length);
}

static void greet(struct desk *desk)
{
	hear(desk, "RFB 003.008\n", 12);
	say(desk, "RFB 003.008\n", 12);
	hear(desk, "\x01\x13", 2); /* VeNCrypt and nothing else */
}

static void into_tls(struct desk *desk)
{
	struct vnc_tls_identity identity = {"127.0.0.1", desk->certificate.sha256, NULL};
	g_autofree char *detail = NULL;

	greet(desk);
	say(desk, "\x13", 1);
	hear(desk, "\0\2", 2);
	say(desk, "\0\2", 2);
	hear(desk, "\0\1\0\0\1\6", 6); /* X509Plain and nothing else */
	say(desk, "\0\0\1\6", 4);
	hear(desk, "\1", 1);
	g_assert_cmpint(vnc_tls_connect(&desk->wire, &identity, &detail), ==, 0);
}

static void refused_with_words(struct desk *desk, const char *part)
{
	char words[512] = "";
	uint32_t length;

	g_assert_cmpint(vnc_stream_read_u32(&desk->wire, &length), ==, 0);
	g_assert_cmpuint(length, <, sizeof(words));
	g_assert_cmpint(vnc_stream_read(&desk->wire, words, length), ==, 0);
	g_assert_nonnull(strstr(words, part));
}

static void play_silent(struct desk *desk)
{
	hear(desk, "RFB 003.008\n", 12);
}

static void play_garbage(struct desk *desk)
{
	say(desk, "GET / HTTP/1.1\r\n\r\n", 18);
}

static void play_old(struct desk *desk)
{
	hear(desk, "RFB 003.008\n", 12);
	say(desk, "RFB 003.003\n", 12);
	hear(desk, "\0\0\0\0", 4);
	refused_with_words(desk, "X509Plain");
}

static void play_none(struct desk *desk)
{
	greet(desk);
	say(desk, "\x01", 1);
	hear(desk, "\0\0\0\1", 4);
	refused_with_words(desk, "X509Plain");
}

static void play_vnc_auth(struct desk *desk)
{
	greet(desk);
	say(desk, "\x02", 1);
	hear(desk, "\0\0\0\1", 4);
}

static void play_subtype(struct desk *desk)
{
	greet(desk);
	say(desk, "\x13", 1);
	hear(desk, "\0\2", 2);
	say(desk, "\0\2", 2);
	hear(desk, "\0\1\0\0\1\6", 6);
	say(desk, "\0\0\1\0", 4); /* 256, Plain without TLS */
	hear(desk, "\0", 1);
}

static void play_no_tls(struct desk *desk)
{
	greet(desk);
	say(desk, "\x13\0\2\0\0\1\6this is no TLS at all", 29);
}

static void play_long_name(struct desk *desk)
{
	into_tls(desk);
	say(desk, "\x7f\xff\xff\xff\0\0\0\1", 8);
}

static void play_no_utf8(struct desk *desk)
{
	into_tls(desk);
	say(desk,
	    "\0\0\0\2\0\0\0\1\xff\xfe"
	    "x",
	    11);
}

static void play_half_name(struct desk *desk)
{
	into_tls(desk);
	say(desk, "\0\0\0\x0a\0\0\0\1ali", 11);
}

static void test_bad_viewers(void)
{
	static const struct {
		void (*play)(struct desk *);
		const char *end;
		bool hang_up;
		uint32_t deadline_ms; /* 0: PATIENCE_MS */
	} rows[] = {
		{play_silent, "end deadline", false, 300},
		{play_half_name, "end deadline", false, 3000}, /* TLS is done by then */
		{play_silent, "end viewer-left", true},
		{play_half_name, "end viewer-left", true},
		{play_garbage, "end viewer-protocol", false},
		{play_old, "end viewer-protocol", false},
		{play_none, "end viewer-protocol", false},
		{play_vnc_auth, "end viewer-protocol", false},
		{play_subtype, "end viewer-protocol", false},
		{play_no_tls, "end viewer-protocol", false},
		{play_long_name, "end viewer-protocol", false},
		{play_no_utf8, "end viewer-protocol", false},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *story = NULL;
		struct desk desk;

		vnc_stream_init(&desk.wire, desk_init(&desk), PATIENCE_MS);
		if (rows[i].deadline_ms != 0)
			desk.start.handshake_deadline_ms = rows[i].deadline_ms;
		desk_start_front(&desk);
		rows[i].play(&desk);
		if (rows[i].hang_up)
			vnc_stream_finish(&desk.wire);
		g_thread_join(g_steal_pointer(&desk.front));
		story = double_story(desk.session);
		if (!g_str_has_prefix(story, rows[i].end))
			g_error("row %u: %s", i, story);
		if (!rows[i].hang_up)
			vnc_stream_finish(&desk.wire);
		desk_finish(&desk);
	}
}

/* Gets in by hand, asks for the whole picture for ever and reads none of it. */
static void test_viewer_that_does_not_read(void)
{
	gint64 start_us;
	struct desk desk;

	vnc_stream_init(&desk.wire, desk_init(&desk), PATIENCE_MS);
	desk_start_front(&desk);
	into_tls(&desk);
	say(&desk, "\0\0\0\x0a\0\0\0\6alice%web1geheim", 24);
	g_assert_true(double_saw(desk.session, "open 1280x800"));
	double_run(desk.session, 1920, 1080);
	hear(&desk, "\0\0\0\0", 4);
	say(&desk, "\1", 1);
	for (unsigned i = 0; i < 8; i++)
		say(&desk, "\3\0\0\0\0\0\7\x80\4\x38", 10);
	say(&desk, "\4\1\0\0\0\0\0\x61", 8);
	g_assert_true(double_saw(
		desk.session, "key down 61")); /* 66 MB of pictures do not stand before the key */
	start_us = g_get_monotonic_time();
	session_end(desk.session, END_TERMINATED, NULL);
	g_thread_join(g_steal_pointer(&desk.front));
	g_assert_cmpint(g_get_monotonic_time() - start_us, <, PROMPT_US);
	vnc_stream_finish(&desk.wire);
	desk_finish(&desk);
}

/* A viewer that is in and then says nonsense. */
static void test_viewer_breaks_protocol(void)
{
	struct desk desk;

	vnc_stream_init(&desk.wire, desk_init(&desk), PATIENCE_MS);
	desk_start_front(&desk);
	into_tls(&desk);
	say(&desk, "\0\0\0\x0a\0\0\0\6alice%web1geheim", 24);
	g_assert_true(double_saw(desk.session, "open 1280x800"));
	double_run(desk.session, 640, 480);
	hear(&desk, "\0\0\0\0", 4);
	say(&desk, "\1\xee\xee\xee\xee", 5);
	g_assert_true(double_saw(desk.session, "end viewer-protocol"));
	g_thread_join(g_steal_pointer(&desk.front));
	vnc_stream_finish(&desk.wire);
	desk_finish(&desk);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(secret_init(), ==, 0);
	g_assert_cmpint(vnc_front.prepare(), ==, 0);
	g_assert_cmpint(vnc_back.prepare(), ==, 0);
	g_test_add_func("/vnc-front/refused", test_refused);
	g_test_add_func("/vnc-front/target-away", test_target_away);
	g_test_add_func("/vnc-front/viewer-leaves", test_viewer_leaves);
	g_test_add_func("/vnc-front/terminated", test_terminated);
	g_test_add_func("/vnc-front/bad-viewers", test_bad_viewers);
	g_test_add_func("/vnc-front/viewer-that-does-not-read", test_viewer_that_does_not_read);
	g_test_add_func("/vnc-front/viewer-breaks-protocol", test_viewer_breaks_protocol);
	return g_test_run();
}
