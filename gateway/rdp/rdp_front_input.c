/* Keys and pointer from the viewer, in the core's words. Knows nothing of the target's protocol. */
#include "gateway/rdp/rdp_front.h"

#include <freerdp/input.h>

void rdp_key_from_scancode(uint16_t flags, uint8_t code, struct key_event *ret)
{
	*ret = (struct key_event){
		.kind = KEY_SCANCODE, .code = code, .down = !(flags & KBD_FLAGS_RELEASE)};
	if (flags & KBD_FLAGS_EXTENDED1)
		ret->prefix = KEY_PREFIX_E1;
	else if (flags & KBD_FLAGS_EXTENDED)
		ret->prefix = KEY_PREFIX_E0;
}

/* The low nine bits are a two's complement number. */
static int32_t wheel_rotation(uint16_t flags)
{
	int32_t rotation = flags & WheelRotationMask;

	return flags & PTR_FLAGS_WHEEL_NEGATIVE ? rotation - 0x200 : rotation;
}

static void press(uint32_t *buttons, uint32_t button, bool down)
{
	*buttons = down ? *buttons | button : *buttons & ~button;
}

bool rdp_pointer_from_mouse(uint16_t flags, uint16_t x, uint16_t y, uint32_t *buttons,
			    struct pointer_event *ret)
{
	bool down = flags & PTR_FLAGS_DOWN;

	*ret = (struct pointer_event){.x = x, .y = y};
	if (flags & PTR_FLAGS_WHEEL) {
		ret->wheel_up = wheel_rotation(flags);
	} else if (flags & PTR_FLAGS_HWHEEL) {
		ret->wheel_right = wheel_rotation(flags);
	} else {
		if (flags & PTR_FLAGS_BUTTON1)
			press(buttons, POINTER_LEFT, down);
		if (flags & PTR_FLAGS_BUTTON2)
			press(buttons, POINTER_RIGHT, down);
		if (flags & PTR_FLAGS_BUTTON3)
			press(buttons, POINTER_MIDDLE, down);
		if (!(flags &
		      (PTR_FLAGS_MOVE | PTR_FLAGS_BUTTON1 | PTR_FLAGS_BUTTON2 | PTR_FLAGS_BUTTON3)))
			return false;
	}
	ret->buttons = *buttons;
	return true;
}

bool rdp_pointer_from_extended(uint16_t flags, uint16_t x, uint16_t y, uint32_t *buttons,
			       struct pointer_event *ret)
{
	if (!(flags & (PTR_XFLAGS_BUTTON1 | PTR_XFLAGS_BUTTON2)))
		return false;
	if (flags & PTR_XFLAGS_BUTTON1)
		press(buttons, POINTER_X1, flags & PTR_XFLAGS_DOWN);
	if (flags & PTR_XFLAGS_BUTTON2)
		press(buttons, POINTER_X2, flags & PTR_XFLAGS_DOWN);
	*ret = (struct pointer_event){.x = x, .y = y, .buttons = *buttons};
	return true;
}

static BOOL on_keyboard(rdpInput *input, UINT16 flags, UINT8 code)
{
	struct key_event event;

	rdp_key_from_scancode(flags, code, &event);
	session_key(rdp_front_of(input->context)->session, &event);
	return TRUE;
}

static BOOL on_unicode(rdpInput *input, UINT16 flags, UINT16 code)
{
	struct key_event event = {
		.kind = KEY_UNICODE, .code = code, .down = !(flags & KBD_FLAGS_RELEASE)};

	session_key(rdp_front_of(input->context)->session, &event);
	return TRUE;
}

static BOOL on_mouse(rdpInput *input, UINT16 flags, UINT16 x, UINT16 y)
{
	struct rdp_front *front = rdp_front_of(input->context);
	struct pointer_event event;

	if (!rdp_pointer_from_mouse(flags, x, y, &front->buttons, &event))
		return TRUE;
	/* A wheel event carries no position ([MS-RDPBCGR] 2.2.8.1.1.3.1.1.3): the last one
	 * stands. */
	if (event.wheel_up || event.wheel_right) {
		event.x = front->pointer_x;
		event.y = front->pointer_y;
	}
	front->pointer_x = event.x;
	front->pointer_y = event.y;
	session_pointer(front->session, &event);
	return TRUE;
}

static BOOL on_extended_mouse(rdpInput *input, UINT16 flags, UINT16 x, UINT16 y)
{
	struct rdp_front *front = rdp_front_of(input->context);
	struct pointer_event event;

	if (!rdp_pointer_from_extended(flags, x, y, &front->buttons, &event))
		return TRUE;
	front->pointer_x = event.x;
	front->pointer_y = event.y;
	session_pointer(front->session, &event);
	return TRUE;
}

static uint32_t lock_state(UINT32 flags)
{
	return (flags & KBD_SYNC_SCROLL_LOCK ? LOCK_SCROLL : 0) |
	       (flags & KBD_SYNC_NUM_LOCK ? LOCK_NUM : 0) |
	       (flags & KBD_SYNC_CAPS_LOCK ? LOCK_CAPS : 0) |
	       (flags & KBD_SYNC_KANA_LOCK ? LOCK_KANA : 0);
}

static BOOL on_synchronize(rdpInput *input, UINT32 flags)
{
	session_sync_locks(rdp_front_of(input->context)->session, lock_state(flags));
	return TRUE;
}

static BOOL on_focus_in(rdpInput *input, UINT16 flags)
{
	session_sync_locks(rdp_front_of(input->context)->session, lock_state(flags));
	return TRUE;
}

void rdp_front_input_register(struct rdp_front *front)
{
	rdpInput *input = front->peer->context->input;

	input->KeyboardEvent = on_keyboard;
	input->UnicodeKeyboardEvent = on_unicode;
	input->MouseEvent = on_mouse;
	input->ExtendedMouseEvent = on_extended_mouse;
	input->SynchronizeEvent = on_synchronize;
	input->FocusInEvent = on_focus_in;
}
