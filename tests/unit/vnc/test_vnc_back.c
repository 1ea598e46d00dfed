/* The VNC back against honest targets: picture, copies, cursor and clipboard are compared with what
 * the target sent, input with what it heard. */
#include "base/secret.h"
#include "tests/unit/vnc/scripted_target.h"

#include <rfb/rfbproto.h>

static void play_picture(struct target *t)
{
	target_open_desktop(t);
	target_update(t, 4);
	target_raw_rect(t, 0, 0, 64, 48, RED);
	target_raw_rect(t, 8, 8, 4, 4, GREEN);
	target_copy_rect(t, 8, 8, 4, 4, 20, 20);
	target_raw_rect(t, 8, 8, 4, 4, BLUE);
	target_linger(t);
}

static void see_picture(struct target *t)
{
	g_assert_true(double_shows(t->session, 20, 20, GREEN));
	g_assert_true(double_shows(t->session, 23, 23, GREEN));
	g_assert_true(double_shows(t->session, 8, 8, BLUE));
	g_assert_true(double_shows(t->session, 24, 24, RED));
	g_assert_true(double_saw(t->session, "copy 4x4 8,8 -> 20,20"));
	g_assert_cmpuint(double_counts(t->session).copies, ==, 1);
	target_stop_back(t);
}

static void test_picture(void)
{
	struct target t;

	target_init(&t, play_picture);
	g_assert_cmpint(target_run_back(&t, see_picture), ==, END_NONE);
	target_finish(&t);
}

static void play_resize(struct target *t)
{
	uint8_t request[10];

	target_open_desktop(t);
	target_update(t, 2);
	target_raw_rect(t, 0, 0, 64, 48, RED);
	target_rect(t, 0, 0, 80, 60, rfbEncodingExtDesktopSize);
	target_say(t,
		   "\x01\0\0\0"
		   "\0\0\0\x09"
		   "\0\0\0\0"
		   "\0\x50\0\x3c"
		   "\0\0\0\0",
		   20);
	target_hear(t, request, 10);
	g_assert_cmpuint(request[1], ==, 1);
	target_hear(t, request,
		    10); /* what did not change since is not known yet: all of it, please */
	g_assert_cmpmem(request, 10, "\x03\0\0\0\0\0\0\x50\0\x3c", 10);
	target_update(t, 1);
	target_raw_rect(t, 70, 50, 10, 10, GREEN);
	target_linger(t);
}

static void see_resize(struct target *t)
{
	g_assert_true(double_saw(t->session, "resize 80x60"));
	g_assert_true(double_shows(t->session, 79, 59, GREEN));
	target_stop_back(t);
}

static void test_resize(void)
{
	struct target t;

	target_init(&t, play_resize);
	g_assert_cmpint(target_run_back(&t, see_resize), ==, END_NONE);
	target_finish(&t);
}

static void play_cursor(struct target *t)
{
	static const uint8_t rich[] = {1, 2, 3, 0, 4, 5, 6, 0, 0x80};

	target_open_desktop(t);
	target_update(t, 3);
	target_rect(t, 1, 0, 2, 1, rfbEncodingRichCursor);
	target_say(t, rich, sizeof(rich));
	target_rect(t, 30, 20, 0, 0, rfbEncodingPointerPos);
	target_raw_rect(t, 0, 0, 64, 48, RED);
	target_update(t, 1); /* CursorWithAlpha: half transparent red, premultiplied */
	target_rect(t, 0, 0, 1, 1, -314);
	target_say(t,
		   "\0\0\0\0"
		   "\x80\0\0\x80",
		   8);
	target_update(t, 1); /* and an empty one */
	target_rect(t, 0, 0, 0, 0, -314);
	target_say(t, "\0\0\0\0", 4);
	target_say(t, "\x03\0\0\0\0\0\0\x04g\xfcn\r", 12); /* "gün" */
	target_linger(t);
}

static void see_cursor(struct target *t)
{
	g_assert_true(double_saw(t->session, "cursor 2x1 hot 1,0"));
	g_assert_true(double_saw(t->session, "pointer at 30,20"));
	g_assert_true(double_saw(t->session, "cursor 1x1 hot 0,0"));
	g_assert_true(double_saw(t->session, "cursor 0x0 hot 0,0"));
	g_assert_true(double_saw(t->session, "target clipboard gün\n"));
	target_stop_back(t);
}

static void test_cursor(void)
{
	struct target t;

	target_init(&t, play_cursor);
	g_assert_cmpint(target_run_back(&t, see_cursor), ==, END_NONE);
	target_finish(&t);
}

static void play_input(struct target *t)
{
	uint8_t request[10];

	target_open_desktop(t);
	target_update(t, 2);
	target_raw_rect(t, 0, 0, 64, 48, RED);
	target_rect(t, 0, 0, 64, 48, rfbEncodingExtDesktopSize);
	target_say(t,
		   "\x01\0\0\0"
		   "\0\0\0\x09"
		   "\0\0\0\0"
		   "\0\x40\0\x30"
		   "\0\0\0\x07",
		   20);
	target_hear(t, request, 10);
	target_say(t, "\x02", 1); /* bell: nothing to tell */
	for (;;) {
		static const char expected[] = "\x04\x01\0\0\0\0\x20\xac"
					       "\x05\x04\0\x05\0\x06"
					       "\x05\x0c\0\x05\0\x06"
					       "\x05\x04\0\x05\0\x06"
					       "\x06\0\0\0\0\0\0\x03g\xfc?"
					       "\xfb\0\x03\x20\x02\x58\x01\0"
					       "\0\0\0\x09"
					       "\0\0\0\0\x03\x20\x02\x58"
					       "\0\0\0\x07";
		char heard[sizeof(expected) - 1];

		target_hear(t, heard, sizeof(heard));
		g_assert_cmpmem(heard, sizeof(heard), expected, sizeof(expected) - 1);
		break;
	}
	target_say(t, "\x03\0\0\0\0\0\0\x05heard", 13);
	target_linger(t);
}

static void see_input(struct target *t)
{
	struct back_command key = {.kind = BACK_KEY,
				   .key = {KEY_KEYSYM, 0x20ac, KEY_PREFIX_NONE, true}};
	struct back_command pointer = {.kind = BACK_POINTER,
				       .pointer = {5, 6, POINTER_RIGHT, 150, 0}};
	struct back_command clipboard = {.kind = BACK_CLIPBOARD, .clipboard = g_strdup("gü€")};
	struct back_command size = {.kind = BACK_SIZE, .size = {800, 600}};

	g_assert_true(double_shows(t->session, 0, 0, RED));
	double_command(t->session, &key);
	double_command(t->session, &pointer);
	double_command(t->session, &clipboard);
	double_command(t->session, &size);
	g_assert_true(double_saw(t->session, "target clipboard heard"));
	target_stop_back(t);
}

static void test_input(void)
{
	struct target t;

	target_init(&t, play_input);
	g_assert_cmpint(target_run_back(&t, see_input), ==, END_NONE);
	target_finish(&t);
}

/* The target's own words for its desktop, at the beginning and when they change (rfbproto, -307); a
 * picture behind them is drawn as ever. */
static void play_names(struct target *t)
{
	static const char name[] = "alice\x1b[2J's \xff desk";

	target_open_desktop(t);
	target_update(t, 3);
	target_rect(t, 0, 0, 0, 0, -307);
	vnc_stream_write_u32(&t->stream, sizeof(name) - 1);
	target_say(t, name, sizeof(name) - 1);
	target_raw_rect(t, 0, 0, 64, 48, RED);
	target_rect(t, 0, 0, 0, 0, -307);
	vnc_stream_write_u32(&t->stream, 0);
	target_linger(t);
}

static void see_names(struct target *t)
{
	g_assert_true(double_saw(t->session, "title of desktop: test\n"));
	g_assert_true(double_saw(t->session, "title of desktop: alice [2J's \xef\xbf\xbd desk\n"));
	g_assert_true(double_shows(t->session, 63, 47, RED));
	g_assert_true(double_saw(t->session, "title of desktop: \n"));
	target_stop_back(t);
}

static void test_names(void)
{
	struct target t;

	target_init(&t, play_names);
	g_assert_cmpint(target_run_back(&t, see_names), ==, END_NONE);
	target_finish(&t);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(secret_init(), ==, 0);
	g_assert_cmpint(vnc_back.prepare(), ==, 0);
	g_assert_cmpint(vnc_back.prepare(), ==, 0); /* a front and a back of one process both do */
	g_test_add_func("/vnc-back/picture", test_picture);
	g_test_add_func("/vnc-back/resize", test_resize);
	g_test_add_func("/vnc-back/cursor-and-clipboard", test_cursor);
	g_test_add_func("/vnc-back/input", test_input);
	g_test_add_func("/vnc-back/names", test_names);
	return g_test_run();
}
