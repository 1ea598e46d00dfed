/** Tables behind keyboard.h: which Windows layout is which xkb layout, and which set-1 scancode is
 * which key.
 *
 *  Everything here is made once by keyboard_layouts_prepare, before threads and the sandbox, and
 * never changes afterwards. */
#pragma once

#include "gateway/session/session.h"

#include <xkbcommon/xkbcommon-compose.h>
#include <xkbcommon/xkbcommon.h>

/** Compiles all keymaps and the table of dead keys. Opens files. Returns 0, or -ENOENT when xkb or
 * compose data is missing. */
int keyboard_layouts_prepare(void);

/** Keymap of a Windows KLID; its language's main layout when the variant is unknown, us when the
 * language is. Borrowed for ever; NULL only before keyboard_layouts_prepare. */
struct xkb_keymap *keyboard_layouts_keymap(uint32_t klid);

/** How dead keys join letters. Borrowed for ever; NULL only before keyboard_layouts_prepare. */
struct xkb_compose_table *keyboard_layouts_compose(void);

/** xkb keycodes that a scancode can have; the arrays over them have this size. */
#define KEYBOARD_KEYCODES 256u

/** The xkb keycode (evdev + 8) of a scancode, 0 for one that is no key (the fake shifts E0 2A and
 * E0 36 among them). */
xkb_keycode_t keyboard_layouts_keycode(uint32_t scancode, enum key_prefix prefix);

/** The other way: fills kind, code and prefix of `ret`. False for a key that has no scancode a
 * target would know. */
bool keyboard_layouts_scancode(xkb_keycode_t keycode, struct key_event *ret);
