/** Keyboards between protocols: RDP speaks scancodes and a Windows layout, VNC speaks X keysyms.
 * libxkbcommon knows the layouts.
 *
 *  One object per session; calls are serialised by the core. keyboard_prepare reads the keymap
 * files before the sandbox closes them. */
#pragma once

#include "gateway/session/session.h"

/** Compiles the keymaps of every layout we know while files may still be opened. Returns 0 or
 * -ENOENT when xkb data is missing. */
int keyboard_prepare(void);

struct keyboard;
/** For a Windows KLID (0x409 us, 0x407 de, 0x40c fr, ...); an unknown one gets us. NULL only
 *  before keyboard_prepare. */
struct keyboard *keyboard_create(uint32_t klid);
void keyboard_destroy(struct keyboard *keyboard);

#define KEYBOARD_MAX_EVENTS 8u
/** Scancode or Unicode in, keysyms out (RDP viewer, VNC target). Tracks modifiers, AltGr, lock
 *  state and dead keys: a dead key alone gives nothing, the letter behind it the composed keysym.
 *  Lock keys act here and are not passed on. A key that goes up gives the keysym that went down,
 *  whatever happened to the modifiers meanwhile, so held keys must be released through here too.
 *  Returns how many events were written to `ret`. */
unsigned keyboard_to_keysym(struct keyboard *keyboard, const struct key_event *event,
			    struct key_event ret[KEYBOARD_MAX_EVENTS]);

/** Keysym in, scancodes out (VNC viewer, RDP target): presses what the layout needs (shift, AltGr),
 * or KEY_UNICODE for what it cannot type. */
unsigned keyboard_to_scancode(struct keyboard *keyboard, const struct key_event *event,
			      struct key_event ret[KEYBOARD_MAX_EVENTS]);

/** Viewer's lock keys, so that letters get the right case. */
void keyboard_set_locks(struct keyboard *keyboard, uint32_t lock_state);

/** For the timeline: the text this key event types ("a", "Enter", "Ctrl+c", ...), or NULL. Keeps
 *  its own modifiers and dead keys: call it once for every event, press or release, in order.
 *  Borrowed until the next call. */
const char *keyboard_describe(struct keyboard *keyboard, const struct key_event *event);
