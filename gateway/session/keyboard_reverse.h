/** Keysym in, scancodes out: how a target's keyboard layout would have typed what a VNC viewer
 * sent. Part of keyboard.h. */
#pragma once

#include "gateway/session/keyboard.h"

#include <xkbcommon/xkbcommon.h>

struct keyboard_reverse;

/** `keymap` is the layout the target was told; borrowed for ever. */
struct keyboard_reverse *keyboard_reverse_create(struct xkb_keymap *keymap);
void keyboard_reverse_destroy(struct keyboard_reverse *reverse);

/** As keyboard_to_scancode, for KEY_KEYSYM events. */
unsigned keyboard_reverse_translate(struct keyboard_reverse *reverse, const struct key_event *event,
				    struct key_event ret[KEYBOARD_MAX_EVENTS]);
