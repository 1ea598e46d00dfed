/* Turns the core's input into RDP's flags. Scancodes pass untouched: the layout belongs to the
 * target. Must not know how events travel. */
#include "gateway/rdp/rdp_back_input.h"

#include <freerdp/input.h>
#include <glib.h>

uint16_t rdp_key_flags(const struct key_event *event)
{
	uint16_t flags = event->down ? 0 : KBD_FLAGS_RELEASE;

	if (event->kind != KEY_SCANCODE)
		return flags;
	if (event->prefix == KEY_PREFIX_E0)
		flags |= KBD_FLAGS_EXTENDED;
	if (event->prefix == KEY_PREFIX_E1)
		flags |= KBD_FLAGS_EXTENDED1;
	return flags;
}

struct button_row {
	enum pointer_button button;
	bool extended;
	uint16_t flag;
};
static const struct button_row button_rows[] = {
	{POINTER_LEFT, false, PTR_FLAGS_BUTTON1},   {POINTER_RIGHT, false, PTR_FLAGS_BUTTON2},
	{POINTER_MIDDLE, false, PTR_FLAGS_BUTTON3}, {POINTER_X1, true, PTR_XFLAGS_BUTTON1},
	{POINTER_X2, true, PTR_XFLAGS_BUTTON2},
};

struct mouse_list {
	struct rdp_mouse_event *events;
	unsigned n;
	uint16_t x, y;
};

static void mouse_list_add(struct mouse_list *list, bool extended, uint16_t flags)
{
	g_assert(list->n < RDP_MOUSE_MAX_EVENTS);
	list->events[list->n++] = (struct rdp_mouse_event){extended, flags, list->x, list->y};
}

/* The rotation is a nine-bit two's complement number: 0x100 is the sign, so one event holds
 * 255 units either way. */
static void add_wheel(struct mouse_list *list, uint16_t axis, int32_t units)
{
	int32_t left = CLAMP(units, -RDP_WHEEL_MAX_UNITS, RDP_WHEEL_MAX_UNITS);

	while (left != 0) {
		int32_t part = CLAMP(left, -255, 255);
		uint16_t rotation = (uint16_t)part & 0x1FF;

		mouse_list_add(list, false, (uint16_t)(axis | rotation));
		left -= part;
	}
}

unsigned rdp_mouse_events(struct rdp_mouse *mouse, const struct pointer_event *event,
			  struct rdp_mouse_event ret[RDP_MOUSE_MAX_EVENTS])
{
	struct mouse_list list = {.events = ret,
				  .x = (uint16_t)CLAMP(event->x, 0, UINT16_MAX),
				  .y = (uint16_t)CLAMP(event->y, 0, UINT16_MAX)};
	uint32_t changed = mouse->buttons ^ event->buttons;

	if (!mouse->placed || mouse->x != event->x || mouse->y != event->y)
		mouse_list_add(&list, false, PTR_FLAGS_MOVE);
	for (unsigned i = 0; i < G_N_ELEMENTS(button_rows); i++) {
		const struct button_row *row = &button_rows[i];
		bool down = event->buttons & row->button;

		/* PTR_FLAGS_DOWN and PTR_XFLAGS_DOWN are the same bit. */
		if (changed & row->button)
			mouse_list_add(&list, row->extended,
				       (uint16_t)(row->flag | (down ? PTR_FLAGS_DOWN : 0)));
	}
	add_wheel(&list, PTR_FLAGS_WHEEL, event->wheel_up);
	add_wheel(&list, PTR_FLAGS_HWHEEL, event->wheel_right);
	*mouse = (struct rdp_mouse){event->x, event->y, event->buttons, true};
	return list.n;
}
