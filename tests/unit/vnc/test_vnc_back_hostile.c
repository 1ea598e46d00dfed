/* The VNC back against hostile and silent targets: each must end with its reason and in time. */
#include "base/secret.h"
#include "tests/support/patience.h"
#include "tests/unit/vnc/scripted_target.h"

#include <rfb/rfbproto.h>

static void play_garbage(struct target *t)
{
	target_say(t, "HTTP/1.1 400 Bad", 16);
	target_linger(t);
}

static void play_huge(struct target *t)
{
	target_let_in(t);
	target_server_init(t, 65535, 65535);
	target_linger(t);
}

static void play_tiny(struct target *t)
{
	target_let_in(t);
	target_server_init(t, 0, 0);
	target_linger(t);
}

static void play_grow_huge(struct target *t)
{
	target_open_desktop(t);
	target_update(t, 1);
	target_rect(t, 0, 0, 30000, 30000, rfbEncodingNewFBSize);
	target_linger(t);
}

static void play_long_name(struct target *t)
{
	uint8_t shared;

	target_let_in(t);
	target_hear(t, &shared, 1);
	target_say(t,
		   "\0\x40\0\x30\x20\x18\0\1\0\xff\0\xff\0\xff\x10\x08\0\0\0\0"
		   "\x7f\xff\xff\xff",
		   24);
	target_linger(t);
}

/* Two gigabytes of a name that changes while the session runs. */
static void play_long_new_name(struct target *t)
{
	target_open_desktop(t);
	target_update(t, 1);
	target_rect(t, 0, 0, 0, 0, -307);
	target_say(t, "\x7f\xff\xff\xff", 4);
	target_linger(t);
}

static void play_outside(struct target *t)
{
	target_open_desktop(t);
	target_update(t, 1);
	target_rect(t, 60, 40, 10, 10, rfbEncodingRaw);
	target_linger(t);
}

static void play_copy_outside(struct target *t)
{
	target_open_desktop(t);
	target_update(t, 1);
	target_copy_rect(t, 60, 0, 10, 10, 0, 0);
	target_linger(t);
}

static void play_cut_text(struct target *t)
{
	target_open_desktop(t);
	target_say(t, "\x03\0\0\0\x7f\xff\xff\xff", 8);
	target_linger(t);
}

static void play_cursor_encoding(struct target *t)
{
	target_open_desktop(t);
	target_update(t, 1);
	target_rect(t, 0, 0, 40, 40, -314);
	target_say(t, "\0\0\0\x07", 4);
	target_linger(t);
}

static void play_unknown_encoding(struct target *t)
{
	target_open_desktop(t);
	target_update(t, 1);
	target_rect(t, 0, 0, 4, 4, 0x574d5664);
	target_linger(t);
}

static void play_hang_up(struct target *t)
{
	target_open_desktop(t);
	target_update(t, 1);
	target_rect(t, 0, 0, 64, 48, rfbEncodingRaw);
}

static void play_no_types(struct target *t)
{
	target_greet(t, "", 0);
	vnc_stream_write_u32(&t->stream, 8);
	target_say(t, "too busy", 8);
}

static void test_hostile(void)
{
	static const struct {
		void (*play)(struct target *);
		enum end_reason reason;
	} rows[] = {
		{play_garbage, END_TARGET_PROTOCOL},
		{play_huge, END_TARGET_PROTOCOL},
		{play_tiny, END_TARGET_PROTOCOL},
		{play_grow_huge, END_TARGET_PROTOCOL},
		{play_long_name, END_TARGET_PROTOCOL},
		{play_long_new_name, END_TARGET_PROTOCOL},
		{play_outside, END_TARGET_PROTOCOL},
		{play_copy_outside, END_TARGET_PROTOCOL},
		{play_cut_text, END_TARGET_PROTOCOL},
		{play_cursor_encoding, END_TARGET_PROTOCOL},
		{play_unknown_encoding, END_TARGET_PROTOCOL},
		{play_hang_up, END_TARGET_CLOSED},
		{play_no_types, END_TARGET_CLOSED},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct target t;
		enum end_reason reason;

		target_init(&t, rows[i].play);
		reason = target_run_back(&t, NULL);
		if (reason != rows[i].reason)
			g_error("row %u: %s (%s)", i, end_reason_key(reason), t.detail);
		target_finish(&t);
	}
}

static void play_silent(struct target *t)
{
	target_linger(t);
}

static void play_silent_in_message(struct target *t)
{
	target_open_desktop(t);
	target_update(t, 1);
	target_raw_rect(t, 0, 0, 64, 48, RED);
	target_update(t, 1);
	target_rect(t, 0, 0, 64, 48, rfbEncodingRaw);
	target_say(t, "\x03", 1);
	target_linger(t);
}

static void stop_now(struct target *t)
{
	session_end(t->session, END_TERMINATED, NULL);
}

/* The half message came in the same breath as the whole one before it. */
static void stop_in_message(struct target *t)
{
	g_assert_true(double_shows(t->session, 0, 0, RED));
	session_end(t->session, END_TERMINATED, NULL);
}

static void test_silence_can_be_stopped(void)
{
	struct target t;
	gint64 start_us = g_get_monotonic_time();

	target_init(&t, play_silent);
	g_assert_cmpint(target_run_back(&t, stop_now), ==, END_NONE);
	target_finish(&t);

	target_init(&t, play_silent_in_message);
	g_assert_cmpint(target_run_back(&t, stop_in_message), ==, END_NONE);
	target_finish(&t);
	g_assert_cmpint(g_get_monotonic_time() - start_us, <, PROMPT_US);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(secret_init(), ==, 0);
	g_assert_cmpint(vnc_back.prepare(), ==, 0);
	g_test_add_func("/vnc-back/hostile", test_hostile);
	g_test_add_func("/vnc-back/silence-can-be-stopped", test_silence_can_be_stopped);
	return g_test_run();
}
