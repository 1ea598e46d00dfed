/* The RDP back in use: pictures, input, cursor and clipboard between it and a FreeRDP server. */
#include "tests/support/patience.h"
#include "tests/unit/rdp/back_run.h"

#include <freerdp/session.h>

static void paint_red_corner(struct fake_target *target)
{
	fake_target_paint(target, WIDTH - 33, HEIGHT - 21, 33, 21, red);
}

static void test_paint(void)
{
	struct run run = {0};

	run_start(&run, &(struct fake_target_plan){0});
	run_await_size(&run, WIDTH, HEIGHT);
	fake_target_do(run.fake, paint_gradient);
	run_await_picture(&run, (struct area){0, 0, WIDTH, HEIGHT, gradient});
	fake_target_do(run.fake, paint_red_corner);
	run_await_picture(&run, (struct area){WIDTH - 33, HEIGHT - 21, 33, 21, red});
	run_await_picture(&run, (struct area){0, 0, WIDTH - 33, HEIGHT, gradient});
	g_assert_cmpstr(run.fake->user, ==, "alice");
	g_assert_cmpstr(run.fake->received_password, ==, "secret");
	run_stop(&run);
	run_clear(&run);
}

/* ---- Input ---- */

static void assert_input(const struct run *run, unsigned i, struct fake_target_input expected)
{
	struct fake_target_input got =
		g_array_index(run->fake->inputs, struct fake_target_input, i);

	g_assert_cmpint(got.kind, ==, expected.kind);
	g_assert_cmphex(got.flags, ==, expected.flags);
	g_assert_cmphex(got.code, ==, expected.code);
	g_assert_cmpuint(got.x, ==, expected.x);
	g_assert_cmpuint(got.y, ==, expected.y);
}

static void test_input(void)
{
	struct run run = {0};
	struct pointer_event click = {.x = 11, .y = 22, .buttons = POINTER_LEFT};
	struct pointer_event side = {.x = 11, .y = 22, .buttons = POINTER_X1, .wheel_up = -120};

	run_start(&run, &(struct fake_target_plan){0});
	run_await_size(&run, WIDTH, HEIGHT);
	run_press(&run, KEY_SCANCODE, 0x1E, KEY_PREFIX_NONE, true);
	run_press(&run, KEY_SCANCODE, 0x38, KEY_PREFIX_E0, false);
	run_press(&run, KEY_UNICODE, 0x20AC, KEY_PREFIX_NONE, true);
	double_command(run.session, &(struct back_command){.kind = BACK_POINTER, .pointer = click});
	double_command(run.session, &(struct back_command){.kind = BACK_POINTER, .pointer = side});
	double_command(run.session,
		       &(struct back_command){.kind = BACK_SYNC, .lock_state = LOCK_CAPS});
	/* Codes that RDP has no room for are not sent cut off. */
	run_press(&run, KEY_SCANCODE, 0x11E, KEY_PREFIX_NONE, true);
	run_press(&run, KEY_UNICODE, 0x1F600, KEY_PREFIX_NONE, true);
	run_press(&run, KEY_SCANCODE, 0x1E, KEY_PREFIX_NONE, false);
	run_await_inputs(&run, 10);
	assert_input(&run, 0, (struct fake_target_input){0, 0x1E, 0, 0, 'k'});
	assert_input(&run, 1, (struct fake_target_input){0x8100, 0x38, 0, 0, 'k'});
	assert_input(&run, 2, (struct fake_target_input){0, 0x20AC, 0, 0, 'u'});
	assert_input(&run, 3, (struct fake_target_input){PTR_FLAGS_MOVE, 0, 11, 22, 'm'});
	assert_input(&run, 4, (struct fake_target_input){0x9000, 0, 11, 22, 'm'});
	assert_input(&run, 5, (struct fake_target_input){0x1000, 0, 11, 22, 'm'});
	assert_input(&run, 6, (struct fake_target_input){0x8001, 0, 11, 22, 'x'});
	assert_input(&run, 7, (struct fake_target_input){0x0388, 0, 11, 22, 'm'});
	assert_input(&run, 8, (struct fake_target_input){LOCK_CAPS, 0, 0, 0, 's'});
	assert_input(&run, 9, (struct fake_target_input){0x8000, 0x1E, 0, 0, 'k'});
	run_stop(&run);
	run_clear(&run);
}

/* ---- Logon ---- */

static void say_logon(struct fake_target *target)
{
	rdpUpdate *update = target->peer->context->update;
	char user[] = "alice", domain[] = "CORP";
	logon_info info = {.sessionId = 3, .username = user, .domain = domain};

	g_assert_true(update->SaveSessionInfo(update->context, INFO_TYPE_LOGON_LONG, &info));
}

static void test_logon(void)
{
	struct run run = {0};

	run_start(&run, &(struct fake_target_plan){0});
	fake_target_do(run.fake, say_logon);
	g_assert_true(double_saw(run.session, "title of logon: CORP\\alice, session 3\n"));
	run_stop(&run);
	run_clear(&run);
}

/* ---- Cursor ---- */

static void send_cursor(struct fake_target *target)
{
	rdpUpdate *update = target->peer->context->update;
	/* Two by two, bottom-up, 32 bits: the upper row is red half transparent and blue, the
	 * lower green and nothing. */
	BYTE colours[] = {0, 255, 0, 255, 0, 0, 0, 0, 0, 0, 255, 128, 255, 0, 0, 255};
	BYTE mask[] = {0, 0, 0, 0};
	POINTER_NEW_UPDATE pointer = {.xorBpp = 32,
				      .colorPtrAttr = {.cacheIndex = 1,
						       .hotSpotX = 1,
						       .hotSpotY = 0,
						       .width = 2,
						       .height = 2,
						       .lengthAndMask = sizeof mask,
						       .lengthXorMask = sizeof colours,
						       .xorMaskData = colours,
						       .andMaskData = mask}};
	POINTER_POSITION_UPDATE position = {33, 44};

	g_assert_true(update->pointer->PointerNew(update->context, &pointer));
	g_assert_true(update->pointer->PointerPosition(update->context, &position));
}

static void send_system_cursor(struct fake_target *target, UINT32 type)
{
	rdpPointerUpdate *pointer = target->peer->context->update->pointer;
	POINTER_SYSTEM_UPDATE system = {type};

	g_assert_true(pointer->PointerSystem(target->peer->context, &system));
}

static void hide_cursor(struct fake_target *target)
{
	send_system_cursor(target, SYSPTR_NULL);
}

static void default_cursor(struct fake_target *target)
{
	send_system_cursor(target, SYSPTR_DEFAULT);
}

static bool has_cursors(struct session *session, void *n)
{
	return double_counted(session)->cursors >= GPOINTER_TO_UINT(n);
}

static bool has_pointer(struct session *session, void *data)
{
	int32_t x, y;

	return double_pointer(session, &x, &y) && x == 33 && y == 44;
}

static void await_cursors(struct run *run, unsigned n)
{
	g_assert_true(double_wait(run->session, has_cursors, GUINT_TO_POINTER(n), PATIENCE_MS));
}

static void test_cursor(void)
{
	static const uint8_t expected[] = {0, 0,   255, 128, 255, 0, 0, 255,
					   0, 255, 0,	255, 0,	  0, 0, 0};
	struct run run = {0};

	run_start(&run, &(struct fake_target_plan){0});
	run_await_size(&run, WIDTH, HEIGHT);
	fake_target_do(run.fake, send_cursor);
	g_assert_true(double_wait(run.session, has_pointer, NULL, PATIENCE_MS));
	const struct cursor_shape *cursor = double_cursor(run.session);
	g_assert_cmpuint(cursor->width, ==, 2);
	g_assert_cmpuint(cursor->height, ==, 2);
	g_assert_cmpuint(cursor->hot_x, ==, 1);
	g_assert_cmpmem(cursor->bgra, 16, expected, sizeof expected);
	unsigned n = double_counts(run.session).cursors;
	fake_target_do(run.fake, hide_cursor);
	await_cursors(&run, n + 1);
	g_assert_cmpuint(cursor->width, ==, 0);
	fake_target_do(run.fake, default_cursor);
	await_cursors(&run, n + 2);
	g_assert_cmpuint(cursor->width, ==, 12);
	run_stop(&run);
	run_clear(&run);
}

/* ---- Clipboard ---- */

static bool clipboard_is_ready(struct fake_target *target, void *data)
{
	return target->clipboard_ready;
}

static bool has_pasted(struct fake_target *target, void *text)
{
	return g_strcmp0(target->pasted, text) == 0;
}

static bool has_copied(struct session *session, void *text)
{
	return g_strcmp0(double_clipboard(session), text) == 0;
}

static void copy_text(struct fake_target *target)
{
	static const gunichar2 text[] = {'a', 0x20AC, '\r', '\n', 0xD83D, 0xDE00, '\r', 'b', 0};

	fake_target_copy(target, text, sizeof text);
}

static void copy_half_a_character(struct fake_target *target)
{
	static const gunichar2 text[] = {'x', 0xD83D, 0};

	fake_target_copy(target, text, sizeof text);
}

static void copy_unended(struct fake_target *target)
{
	fake_target_copy(target, "o\0k\0?", 5);
}

static void offer(struct run *run, const char *text)
{
	struct back_command command = {.kind = BACK_CLIPBOARD, .clipboard = g_strdup(text)};

	double_command(run->session, &command);
}

static void test_clipboard(void)
{
	char pasted[] = "two\r\nlines\r\nand \xE2\x82\xAC";
	char copied[] = "a\xE2\x82\xAC\n\xF0\x9F\x98\x80\rb", unended[] = "ok";
	struct run run = {0};

	run_start(&run, &(struct fake_target_plan){.clipboard = true});
	run_await_size(&run, WIDTH, HEIGHT);
	g_assert_true(fake_target_wait(run.fake, clipboard_is_ready, NULL));
	offer(&run, "two\nlines\r\nand \xE2\x82\xAC");
	g_assert_true(fake_target_wait(run.fake, has_pasted, pasted));
	fake_target_do(run.fake, copy_text);
	g_assert_true(double_wait(run.session, has_copied, copied, PATIENCE_MS));
	/* What is no text is dropped; the session and the clipboard go on. */
	fake_target_do(run.fake, copy_half_a_character);
	fake_target_do(run.fake, copy_unended);
	g_assert_true(double_wait(run.session, has_copied, unended, PATIENCE_MS));
	run_stop(&run);
	run_clear(&run);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	/* FreeRDP's complaints about hostile targets are expected here. */
	g_log_set_always_fatal(G_LOG_FATAL_MASK);
	g_assert_cmpint(rdp_back.prepare(), ==, 0);
	g_test_add_func("/rdp-back/paint", test_paint);
	g_test_add_func("/rdp-back/input", test_input);
	g_test_add_func("/rdp-back/logon", test_logon);
	g_test_add_func("/rdp-back/cursor", test_cursor);
	g_test_add_func("/rdp-back/clipboard", test_clipboard);
	return g_test_run();
}
