/* The parts of the RDP back that need no connection: input flags and the error table. */
#include "gateway/rdp/rdp_back_errors.h"
#include "gateway/rdp/rdp_back_input.h"

#include <freerdp/error.h>
#include <freerdp/input.h>
#include <string.h>

static void test_keys(void)
{
	static const struct {
		struct key_event event;
		uint16_t flags;
	} rows[] = {
		{{KEY_SCANCODE, 0x1E, KEY_PREFIX_NONE, true}, 0},
		{{KEY_SCANCODE, 0x1E, KEY_PREFIX_NONE, false}, KBD_FLAGS_RELEASE},
		{{KEY_SCANCODE, 0x38, KEY_PREFIX_E0, true}, KBD_FLAGS_EXTENDED},
		{{KEY_SCANCODE, 0x1D, KEY_PREFIX_E1, false},
		 KBD_FLAGS_EXTENDED1 | KBD_FLAGS_RELEASE},
		/* a prefix means nothing to a character */
		{{KEY_UNICODE, 0x20AC, KEY_PREFIX_E0, true}, 0},
		{{KEY_UNICODE, 0x20AC, KEY_PREFIX_NONE, false}, KBD_FLAGS_RELEASE},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
		g_assert_cmphex(rdp_key_flags(&rows[i].event), ==, rows[i].flags);
}

static void assert_mouse(const struct rdp_mouse_event *event, bool extended, uint16_t flags,
			 uint16_t x, uint16_t y)
{
	g_assert_cmpint(event->extended, ==, extended);
	g_assert_cmphex(event->flags, ==, flags);
	g_assert_cmpuint(event->x, ==, x);
	g_assert_cmpuint(event->y, ==, y);
}

static void test_mouse_says_only_differences(void)
{
	struct rdp_mouse mouse = {0};
	struct rdp_mouse_event events[RDP_MOUSE_MAX_EVENTS];
	struct pointer_event at = {.x = 0, .y = 0};

	/* The first event is told even at 0,0: the target's pointer may be anywhere. */
	g_assert_cmpuint(rdp_mouse_events(&mouse, &at, events), ==, 1);
	assert_mouse(&events[0], false, PTR_FLAGS_MOVE, 0, 0);
	g_assert_cmpuint(rdp_mouse_events(&mouse, &at, events), ==, 0);

	at = (struct pointer_event){.x = 10, .y = 20, .buttons = POINTER_LEFT | POINTER_X2};
	g_assert_cmpuint(rdp_mouse_events(&mouse, &at, events), ==, 3);
	assert_mouse(&events[0], false, PTR_FLAGS_MOVE, 10, 20);
	assert_mouse(&events[1], false, PTR_FLAGS_BUTTON1 | PTR_FLAGS_DOWN, 10, 20);
	assert_mouse(&events[2], true, PTR_XFLAGS_BUTTON2 | PTR_XFLAGS_DOWN, 10, 20);

	at.buttons = POINTER_X2 | POINTER_RIGHT;
	g_assert_cmpuint(rdp_mouse_events(&mouse, &at, events), ==, 2);
	assert_mouse(&events[0], false, PTR_FLAGS_BUTTON1, 10, 20);
	assert_mouse(&events[1], false, PTR_FLAGS_BUTTON2 | PTR_FLAGS_DOWN, 10, 20);
}

static void test_mouse_clamps(void)
{
	struct rdp_mouse mouse = {0};
	struct rdp_mouse_event events[RDP_MOUSE_MAX_EVENTS];
	struct pointer_event at = {.x = -5, .y = 70000};

	g_assert_cmpuint(rdp_mouse_events(&mouse, &at, events), ==, 1);
	assert_mouse(&events[0], false, PTR_FLAGS_MOVE, 0, UINT16_MAX);
}

/* Reads a rotation back as [MS-RDPBCGR] 2.2.8.1.1.3.1.1.3 defines it. */
static int rotation(uint16_t flags)
{
	return (flags & PTR_FLAGS_WHEEL_NEGATIVE) ? (flags & 0xFF) - 256 : flags & 0xFF;
}

static void assert_wheel(int32_t units, int32_t expected, unsigned n_expected)
{
	struct rdp_mouse mouse = {.placed = true};
	struct rdp_mouse_event events[RDP_MOUSE_MAX_EVENTS];
	struct pointer_event up = {.wheel_up = units}, right = {.wheel_right = units};
	int sum = 0;
	unsigned n = rdp_mouse_events(&mouse, &up, events);

	g_assert_cmpuint(n, ==, n_expected);
	for (unsigned i = 0; i < n; i++) {
		g_assert_cmphex(events[i].flags & ~0x1FF, ==, PTR_FLAGS_WHEEL);
		sum += rotation(events[i].flags);
	}
	g_assert_cmpint(sum, ==, expected);
	g_assert_cmpuint(rdp_mouse_events(&mouse, &right, events), ==, n_expected);
	g_assert_cmphex(events[0].flags & ~0x1FF, ==, PTR_FLAGS_HWHEEL);
}

static void test_wheel(void)
{
	assert_wheel(120, 120, 1);
	assert_wheel(-120, -120, 1);
	assert_wheel(255, 255, 1);
	assert_wheel(-256, -256, 2);
	assert_wheel(600, 600, 3);
	assert_wheel(INT32_MAX, RDP_WHEEL_MAX_UNITS, 16);
	assert_wheel(INT32_MIN, -RDP_WHEEL_MAX_UNITS, 16);
}

/* Everything at once must fit into what callers provide. */
static void test_mouse_fullest_event(void)
{
	struct rdp_mouse mouse = {0};
	struct rdp_mouse_event events[RDP_MOUSE_MAX_EVENTS];
	struct pointer_event all = {
		.x = 1, .buttons = UINT32_MAX, .wheel_up = INT32_MIN, .wheel_right = INT32_MAX};

	g_assert_cmpuint(rdp_mouse_events(&mouse, &all, events), ==, 1 + 5 + 16 + 16);
}

static void test_errors(void)
{
	static const struct {
		uint32_t code;
		enum end_reason reason;
	} rows[] = {
		{FREERDP_ERROR_AUTHENTICATION_FAILED, END_TARGET_LOGIN},
		{FREERDP_ERROR_CONNECT_LOGON_FAILURE, END_TARGET_LOGIN},
		{FREERDP_ERROR_CONNECT_ACCOUNT_LOCKED_OUT, END_TARGET_LOGIN},
		{FREERDP_ERROR_SERVER_INSUFFICIENT_PRIVILEGES, END_TARGET_LOGIN},
		{FREERDP_ERROR_TLS_CONNECT_FAILED, END_TARGET_PROTOCOL},
		{FREERDP_ERROR_CONNECT_TRANSPORT_FAILED, END_TARGET_UNREACHABLE},
		{FREERDP_ERROR_DNS_ERROR, END_TARGET_UNREACHABLE},
		{FREERDP_ERROR_LOGOFF_BY_USER, END_TARGET_CLOSED},
		{MAKE_FREERDP_ERROR(ERRINFO, ERRINFO_LICENSE_NO_LICENSE), END_TARGET_CLOSED},
		{MAKE_FREERDP_ERROR(ERRINFO, ERRINFO_UNKNOWN_PDU_TYPE), END_TARGET_PROTOCOL},
		{MAKE_FREERDP_ERROR(ERRINFO, ERRINFO_DECRYPT_FAILED2), END_TARGET_PROTOCOL},
		{MAKE_FREERDP_ERROR(ERRINFO, 0xABCD), END_TARGET_CLOSED},
		{0, END_TARGET_CLOSED},
		{UINT32_MAX, END_TARGET_CLOSED},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		const struct rdp_back_error *error = rdp_back_error(rows[i].code);

		g_assert_cmpstr(end_reason_key(error->reason), ==, end_reason_key(rows[i].reason));
		g_assert_cmpuint(strlen(error->text), >, 0);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/rdp-back/keys", test_keys);
	g_test_add_func("/rdp-back/mouse/differences", test_mouse_says_only_differences);
	g_test_add_func("/rdp-back/mouse/clamps", test_mouse_clamps);
	g_test_add_func("/rdp-back/mouse/wheel", test_wheel);
	g_test_add_func("/rdp-back/mouse/fullest", test_mouse_fullest_event);
	g_test_add_func("/rdp-back/errors", test_errors);
	return g_test_run();
}
