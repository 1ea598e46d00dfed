/* Input: gate, translation, held keys, merging, and what the timeline says about it. */
#include "base/log.h"
#include "tests/support/session_desk.h"

#include <glib.h>
#include <string.h>

static const struct key_event a_down = {KEY_SCANCODE, 0x1e, KEY_PREFIX_NONE, true};
static const struct key_event a_up = {KEY_SCANCODE, 0x1e, KEY_PREFIX_NONE, false};
static const struct key_event shift_down = {KEY_SCANCODE, 0x2a, KEY_PREFIX_NONE, true};

static struct desk open_desk(const char *back)
{
	struct fake_gateway_settings settings = fake_gateway_defaults();

	settings.back = back;
	return desk_open(&settings, 640, 480);
}

static struct back_command next_command(struct desk *d)
{
	struct back_command command;

	g_assert_true(fake_target_input(d->target, &command));
	return command;
}

static void expect_key(struct desk *d, enum key_kind kind, uint32_t code, bool down)
{
	struct back_command command = next_command(d);

	g_assert_cmpint(command.kind, ==, BACK_KEY);
	g_assert_cmpint(command.key.kind, ==, kind);
	g_assert_cmphex(command.key.code, ==, code);
	g_assert_true(command.key.down == down);
}

static void expect_event(struct desk *d, const char *json)
{
	g_autofree char *event = fake_recorder_wait_event(d->recorder, json);

	g_assert_nonnull(event);
}

static void test_scancodes_pass(void)
{
	struct desk d = open_desk("rdp");

	session_key(d.session, &shift_down);
	session_key(d.session, &a_down);
	session_key(d.session, &a_up);
	expect_key(&d, KEY_SCANCODE, 0x2a, true);
	expect_key(&d, KEY_SCANCODE, 0x1e, true);
	expect_key(&d, KEY_SCANCODE, 0x1e, false);
	expect_event(&d, "\"text\":\"A\"");
	desk_close(&d);
}

static void test_scancodes_become_keysyms(void)
{
	struct desk d = open_desk("vnc");

	session_key(d.session, &a_down);
	session_key(d.session, &a_up);
	expect_key(&d, KEY_KEYSYM, 'a', true);
	expect_key(&d, KEY_KEYSYM, 'a', false);
	expect_event(&d,
		     "{\"type\":\"key\",\"down\":true,\"kind\":\"scancode\",\"code\":30,\"text\":"
		     "\"a\"}");
	desk_close(&d);
}

static void test_keysyms_become_scancodes(void)
{
	struct desk d = open_desk("rdp");
	const struct key_event down = {KEY_KEYSYM, 'a', KEY_PREFIX_NONE, true};

	session_key(d.session, &down);
	expect_key(&d, KEY_SCANCODE, 0x1e, true);
	desk_close(&d);
}

static void test_release(void)
{
	struct desk d = open_desk("vnc");
	const struct pointer_event press = {.x = 5, .y = 6, .buttons = POINTER_LEFT};
	unsigned ups = 0;

	session_key(d.session, &shift_down);
	session_key(d.session, &a_down);
	session_pointer(d.session, &press);
	expect_key(&d, KEY_KEYSYM, 0xffe1, true);
	expect_key(&d, KEY_KEYSYM, 'A', true);
	g_assert_cmpuint(next_command(&d).pointer.buttons, ==, POINTER_LEFT);
	session_release_input(d.session);
	for (unsigned i = 0; i < 2; i++) {
		struct back_command command = next_command(&d);
		g_assert_cmpint(command.kind, ==, BACK_KEY);
		g_assert_false(command.key.down);
		g_assert_true(command.key.code == 'A' || command.key.code == 0xffe1);
		ups += command.key.code;
	}
	g_assert_cmpuint(ups, ==, 'A' + 0xffe1);
	struct back_command command = next_command(&d);
	g_assert_cmpint(command.kind, ==, BACK_POINTER);
	g_assert_cmpuint(command.pointer.buttons, ==, 0);
	/* Nothing is released twice: the next thing that comes is the next thing done. */
	session_release_input(d.session);
	session_key(d.session, &a_down);
	expect_key(&d, KEY_KEYSYM, 'a', true);
	desk_close(&d);
}

static void strike(struct desk *d, uint32_t keysym)
{
	struct key_event key = {KEY_KEYSYM, keysym, KEY_PREFIX_NONE, true};

	session_key(d->session, &key);
	key.down = false;
	session_key(d->session, &key);
}

static void hold(struct desk *d, uint32_t keysym, bool down)
{
	const struct key_event key = {KEY_KEYSYM, keysym, KEY_PREFIX_NONE, down};

	session_key(d->session, &key);
}

/* All events up to the first that contains `last`. */
static char *events_until(struct desk *d, const char *last)
{
	GString *all = g_string_new(NULL);
	bool found = false;

	while (!found) {
		g_autofree char *event = fake_recorder_wait_event(d->recorder, "{");
		g_assert_nonnull(event);
		g_string_append(all, event);
		found = strstr(event, last) != NULL;
	}
	return g_string_free(all, FALSE);
}

/* What is typed into a logon screen reaches the target and never the recorder. */
static void test_mask(void)
{
	struct desk d = open_desk("vnc");

	strike(&d, 'a');
	hold(&d, 0xffe3, true); /* Control_L, Alt_L, Delete */
	hold(&d, 0xffe9, true);
	strike(&d, 0xffff);
	hold(&d, 0xffe9, false);
	hold(&d, 0xffe3, false);
	strike(&d, 'q');
	strike(&d, 0xff0d);
	strike(&d, 'z');
	g_autofree char *told = events_until(&d, "\"text\":\"z\"");
	g_assert_nonnull(strstr(told, "\"text\":\"Ctrl+Alt+Delete\""));
	g_assert_nonnull(strstr(told, "{\"type\":\"key\",\"down\":true,\"masked\":true}"));
	g_assert_nonnull(strstr(told, "\"text\":\"Enter\""));
	g_assert_null(strstr(told, "\"q\""));
	g_assert_null(strstr(told, "113"));
	expect_key(&d, KEY_KEYSYM, 'a', true);
	desk_close(&d);
}

/* Policy: the target gets the keys, the recording does not. Clicks are no keys. */
static void test_keys_off(void)
{
	struct fake_gateway_settings settings = fake_gateway_defaults();
	const struct pointer_event press = {.x = 5, .y = 6, .buttons = POINTER_LEFT};

	settings.back = "vnc";
	settings.keys_off = true;
	struct desk d = desk_open(&settings, 640, 480);
	strike(&d, 'q');
	session_pointer(d.session, &press);
	expect_key(&d, KEY_KEYSYM, 'q', true);
	g_autofree char *told = events_until(&d, "\"type\":\"click\"");
	g_assert_null(strstr(told, "\"type\":\"key\""));
	/* What keys would mean stands there all the same. */
	g_assert_nonnull(strstr(told, "{\"type\":\"keyboard\",\"layout\":\"00000409\"}"));
	desk_close(&d);
}

/* Keysyms above 2^31 are legal (RFC 6143 7.5.4 has 32 bits). */
static void test_large_keysym(void)
{
	struct desk d = open_desk("vnc");

	strike(&d, 0xfffffffeu);
	expect_event(&d, "\"code\":4294967294");
	desk_close(&d);
}

static void test_sync_releases_keys(void)
{
	struct desk d = open_desk("rdp");

	session_key(d.session, &a_down);
	session_sync_locks(d.session, LOCK_CAPS | 0x100);
	expect_key(&d, KEY_SCANCODE, 0x1e, true);
	expect_key(&d, KEY_SCANCODE, 0x1e, false);
	struct back_command command = next_command(&d);
	g_assert_cmpint(command.kind, ==, BACK_SYNC);
	g_assert_cmphex(command.lock_state, ==, LOCK_CAPS);
	desk_close(&d);
}

static void test_pointer(void)
{
	struct desk d = open_desk("rdp");
	const struct pointer_event outside = {
		.x = -50, .y = 5000, .buttons = POINTER_RIGHT | 0xff00};
	struct back_command command;

	session_pointer(d.session, &outside);
	command = next_command(&d);
	g_assert_cmpint(command.kind, ==, BACK_POINTER);
	g_assert_cmpint(command.pointer.x, ==, 0);
	g_assert_cmpint(command.pointer.y, ==, 479);
	g_assert_cmphex(command.pointer.buttons, ==, POINTER_RIGHT);
	expect_event(&d,
		     "{\"type\":\"click\",\"button\":\"right\",\"down\":true,\"x\":0,\"y\":479}");
	g_assert_true(fake_recorder_wait_cursor(d.recorder, 0, 479));
	desk_close(&d);
}

/* Motions that wait are merged, a press and a wheel never, and each keeps its place. */
static void test_motion_is_merged(void)
{
	struct desk d = open_desk("rdp");
	struct pointer_event e = {0};
	struct back_command command;

	desk_step(&d, (struct fake_step){FAKE_HOLD});
	for (e.x = 0; e.x < 500; e.x++)
		session_pointer(d.session, &e);
	e.buttons = POINTER_LEFT;
	session_pointer(d.session, &e);
	for (e.y = 0; e.y < 400; e.y++)
		session_pointer(d.session, &e);
	e.buttons = 0;
	e.wheel_up = 120;
	session_pointer(d.session, &e);
	desk_step(&d, (struct fake_step){FAKE_FRAME});
	command = next_command(&d);
	g_assert_cmpint(command.pointer.x, ==, 499);
	g_assert_cmpuint(command.pointer.buttons, ==, 0);
	command = next_command(&d);
	g_assert_cmpint(command.pointer.x, ==, 500);
	g_assert_cmpint(command.pointer.y, ==, 0);
	g_assert_cmpuint(command.pointer.buttons, ==, POINTER_LEFT);
	command = next_command(&d);
	g_assert_cmpint(command.pointer.y, ==, 399);
	g_assert_cmpuint(command.pointer.buttons, ==, POINTER_LEFT);
	command = next_command(&d);
	g_assert_cmpint(command.pointer.wheel_up, ==, 120);
	g_assert_cmpuint(command.pointer.buttons, ==, 0);
	desk_close(&d);
}

static void test_before_and_after(void)
{
	struct fake_gateway_settings settings = fake_gateway_defaults();
	struct desk d = desk_create(&settings);
	struct back_command command;

	session_key(d.session, &a_down);
	session_viewer_clipboard(d.session, "early");
	session_release_input(d.session);
	g_assert_false(session_back_next(d.session, &command));
	session_end(d.session, END_VIEWER_LEFT, NULL);
	session_key(d.session, &a_down);
	g_assert_true(session_back_next(d.session, &command));
	g_assert_cmpint(command.kind, ==, BACK_STOP);
	g_assert_false(session_back_next(d.session, &command));
	desk_close(&d);
}

static void test_end_releases_then_stops(void)
{
	struct desk d = open_desk("rdp");

	session_key(d.session, &a_down);
	expect_key(&d, KEY_SCANCODE, 0x1e, true);
	session_end(d.session, END_VIEWER_LEFT, NULL);
	expect_key(&d, KEY_SCANCODE, 0x1e, false);
	g_assert_cmpint(next_command(&d).kind, ==, BACK_STOP);
	desk_close(&d);
}

static void test_clipboard_and_size(void)
{
	struct desk d = open_desk("rdp");
	struct back_command command;

	session_viewer_clipboard(d.session, "not \xff text");
	session_viewer_clipboard(d.session, "pässword");
	command = next_command(&d);
	g_assert_cmpint(command.kind, ==, BACK_CLIPBOARD);
	g_assert_cmpstr(command.clipboard, ==, "pässword");
	g_free(command.clipboard);
	g_autofree char *event = fake_recorder_wait_event(d.recorder, "to-target");
	g_assert_nonnull(strstr(event, "\"bytes\":9"));
	g_assert_null(strstr(event, "ssword"));
	session_request_size(d.session, 1, 1);
	session_request_size(d.session, 8000, 600);
	command = next_command(&d);
	g_assert_cmpint(command.kind, ==, BACK_SIZE);
	g_assert_cmpuint(command.size.width_px, ==, 4096);
	g_assert_cmpuint(command.size.height_px, ==, 600);
	desk_close(&d);
}

/* A viewer that presses what it never releases: nothing grows, and everything is released in the
 * end. */
static void test_many_keys(void)
{
	struct desk d = open_desk("rdp");
	int balance = 0;

	for (unsigned code = 1; code < 200; code++) {
		const struct key_event e = {KEY_SCANCODE, code, KEY_PREFIX_E0, true};
		session_key(d.session, &e);
	}
	session_end(d.session, END_VIEWER_LEFT, NULL);
	for (;;) {
		struct back_command command = next_command(&d);
		if (command.kind == BACK_STOP)
			break;
		balance += command.key.down ? 1 : -1;
		g_assert_cmpint(balance, <=, 65);
	}
	g_assert_cmpint(balance, ==, 0);
	desk_close(&d);
}

static void test_event_checks(void)
{
	struct desk d = open_desk("rdp");
	g_autofree char *longer = g_strdup_printf("{\"type\":\"%09000d\"}", 1);

	g_assert_cmpint(session_event(d.session, longer), <, 0);
	g_assert_cmpint(session_event(d.session, "[1]"), <, 0);
	g_assert_cmpint(session_event(d.session, "{\"a\":\"\xff\"}"), <, 0);
	g_assert_cmpint(session_event(d.session, "{\"type\":\"note\"}"), ==, 0);
	expect_event(&d, "{\"type\":\"note\"}");
	desk_close(&d);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	log_init("test_input", false);
	g_test_add_func("/input/scancodes", test_scancodes_pass);
	g_test_add_func("/input/to-keysyms", test_scancodes_become_keysyms);
	g_test_add_func("/input/to-scancodes", test_keysyms_become_scancodes);
	g_test_add_func("/input/release", test_release);
	g_test_add_func("/input/mask", test_mask);
	g_test_add_func("/input/keys-off", test_keys_off);
	g_test_add_func("/input/large-keysym", test_large_keysym);
	g_test_add_func("/input/sync", test_sync_releases_keys);
	g_test_add_func("/input/pointer", test_pointer);
	g_test_add_func("/input/motion", test_motion_is_merged);
	g_test_add_func("/input/gate", test_before_and_after);
	g_test_add_func("/input/end", test_end_releases_then_stops);
	g_test_add_func("/input/clipboard-and-size", test_clipboard_and_size);
	g_test_add_func("/input/many-keys", test_many_keys);
	g_test_add_func("/input/events", test_event_checks);
	return g_test_run();
}
