/* Fuzz target: any keys in any order on any layout. Input: u16 layout, then {u8 kind and flags, u32
 * code} for each event. */
#include "gateway/session/keyboard.h"

#include <glib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define EVENT_BYTES 5u

static struct key_event read_event(const uint8_t *data)
{
	struct key_event event = {.kind = (data[0] & 3) % 3, .down = data[0] & 0x80};
	guint32 code;

	memcpy(&code, data + 1, sizeof code);
	event.code = GUINT32_FROM_LE(code);
	event.prefix = (data[0] >> 4) % 3;
	return event;
}

static void press(struct keyboard *keyboard, const struct key_event *event)
{
	struct key_event out[KEYBOARD_MAX_EVENTS];
	const char *text = keyboard_describe(keyboard, event);

	g_assert(text == NULL || (*text != '\0' && g_utf8_validate(text, -1, NULL)));
	g_assert(keyboard_to_keysym(keyboard, event, out) <= KEYBOARD_MAX_EVENTS);
	g_assert(keyboard_to_scancode(keyboard, event, out) <= KEYBOARD_MAX_EVENTS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;

	if (!ready)
		ready = keyboard_prepare() == 0;
	g_assert(ready);
	if (size < 2)
		return 0;
	struct keyboard *keyboard = keyboard_create(data[0] | (uint32_t)data[1] << 8);
	for (size_t at = 2; at + EVENT_BYTES <= size; at += EVENT_BYTES) {
		struct key_event event = read_event(data + at);
		press(keyboard, &event);
		if (data[at] & 8)
			keyboard_set_locks(keyboard, event.code);
	}
	keyboard_destroy(keyboard);
	return 0;
}
