/** Reads a stream of scancodes as a person's typing: modifiers, locks, AltGr, dead keys. Part of
 * keyboard.h. */
#pragma once

#include "gateway/session/keyboard_layouts.h"

#define TYPIST_DEAD_MAX 2u

struct typist {
	struct xkb_state *state;
	struct xkb_compose_state *compose;
	bool pressed[KEYBOARD_KEYCODES];
	xkb_keysym_t dead[TYPIST_DEAD_MAX]; /**< pressed and waiting for their letter */
	unsigned n_dead;
	uint32_t high_surrogate[2]; /**< of the last press, of the last release */
	bool pause_tail;	    /**< E1 1D came: the 45 behind it is no NumLock */
};

/** What one press types. */
struct stroke {
	bool repeat;				/**< the key was down already */
	unsigned n;				/**< 0: a dead key that waits, or nothing */
	xkb_keysym_t syms[TYPIST_DEAD_MAX + 1]; /**< the last one is the key itself; before it the
						   signs of abandoned dead keys */
};

void typist_init(struct typist *typist, struct xkb_keymap *keymap);
void typist_finish(struct typist *typist);
void typist_set_locks(struct typist *typist, uint32_t lock_state);

/** The key of a KEY_SCANCODE event, 0 when there is none to speak of. */
xkb_keycode_t typist_key(struct typist *typist, const struct key_event *event);
void typist_press(struct typist *typist, xkb_keycode_t key, struct stroke *ret_stroke);
void typist_release(struct typist *typist, xkb_keycode_t key);

/** One UTF-16 unit. Returns the keysym once the character is complete, else XKB_KEY_NoSymbol. */
xkb_keysym_t typist_unicode(struct typist *typist, const struct key_event *event);

/** Feeds a keysym through the dead keys; adds to `stroke` what comes out. */
void typist_compose(struct typist *typist, xkb_keysym_t sym, struct stroke *stroke);
