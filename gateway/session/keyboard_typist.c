/* Scancodes to keysyms with all the state that lies between; the layouts come frozen from
 * keyboard_layouts. */
#include "gateway/session/keyboard_typist.h"

#include <glib.h>
#include <string.h>

void typist_init(struct typist *typist, struct xkb_keymap *keymap)
{
	typist->state = xkb_state_new(keymap);
	typist->compose =
		xkb_compose_state_new(keyboard_layouts_compose(), XKB_COMPOSE_STATE_NO_FLAGS);
	if (typist->state == NULL || typist->compose == NULL)
		g_error("out of memory for a keyboard");
}

void typist_finish(struct typist *typist)
{
	xkb_compose_state_unref(typist->compose);
	xkb_state_unref(typist->state);
}

void typist_set_locks(struct typist *typist, uint32_t lock_state)
{
	struct xkb_keymap *keymap = xkb_state_get_keymap(typist->state);
	xkb_mod_mask_t caps = 1u << xkb_keymap_mod_get_index(keymap, XKB_MOD_NAME_CAPS);
	xkb_mod_mask_t num = 1u << xkb_keymap_mod_get_index(keymap, XKB_MOD_NAME_NUM);
	xkb_mod_mask_t locked = xkb_state_serialize_mods(typist->state, XKB_STATE_MODS_LOCKED);

	locked &= ~(caps | num);
	locked |= (lock_state & LOCK_CAPS ? caps : 0) | (lock_state & LOCK_NUM ? num : 0);
	xkb_state_update_mask(
		typist->state, xkb_state_serialize_mods(typist->state, XKB_STATE_MODS_DEPRESSED),
		xkb_state_serialize_mods(typist->state, XKB_STATE_MODS_LATCHED), locked, 0, 0, 0);
}

/* The sign a dead key leaves when no letter joins it: what it makes with a space. */
static xkb_keysym_t spacing_sign(xkb_keysym_t dead)
{
	struct xkb_compose_state *alone =
		xkb_compose_state_new(keyboard_layouts_compose(), XKB_COMPOSE_STATE_NO_FLAGS);
	xkb_keysym_t sign = XKB_KEY_NoSymbol;

	if (alone == NULL)
		return sign;
	xkb_compose_state_feed(alone, dead);
	xkb_compose_state_feed(alone, XKB_KEY_space);
	if (xkb_compose_state_get_status(alone) == XKB_COMPOSE_COMPOSED)
		sign = xkb_compose_state_get_one_sym(alone);
	xkb_compose_state_unref(alone);
	return sign;
}

static void flush_dead(struct typist *typist, struct stroke *stroke)
{
	for (unsigned i = 0; i < typist->n_dead; i++) {
		xkb_keysym_t sign = spacing_sign(typist->dead[i]);

		if (sign != XKB_KEY_NoSymbol)
			stroke->syms[stroke->n++] = sign;
	}
	typist->n_dead = 0;
	xkb_compose_state_reset(typist->compose);
}

void typist_compose(struct typist *typist, xkb_keysym_t sym, struct stroke *stroke)
{
	xkb_keysym_t composed;

	if (xkb_compose_state_feed(typist->compose, sym) == XKB_COMPOSE_FEED_IGNORED) {
		stroke->syms[stroke->n++] = sym; /* modifiers do not disturb a dead key */
		return;
	}
	switch (xkb_compose_state_get_status(typist->compose)) {
	case XKB_COMPOSE_COMPOSING:
		if (typist->n_dead < TYPIST_DEAD_MAX)
			typist->dead[typist->n_dead++] = sym;
		return;
	case XKB_COMPOSE_COMPOSED:
		composed = xkb_compose_state_get_one_sym(typist->compose);
		if (composed != XKB_KEY_NoSymbol) {
			stroke->syms[stroke->n++] = composed;
			typist->n_dead = 0;
			xkb_compose_state_reset(typist->compose);
			return;
		}
		break;
	case XKB_COMPOSE_CANCELLED:
	case XKB_COMPOSE_NOTHING:
		break;
	}
	flush_dead(typist, stroke);
	stroke->syms[stroke->n++] = sym;
}

xkb_keycode_t typist_key(struct typist *typist, const struct key_event *event)
{
	if (event->prefix == KEY_PREFIX_E1) {
		typist->pause_tail = true;
	} else if (typist->pause_tail) {
		typist->pause_tail = false;
		if (event->prefix == KEY_PREFIX_NONE && event->code == 0x45)
			return 0;
	}
	return keyboard_layouts_keycode(event->code, event->prefix);
}

void typist_press(struct typist *typist, xkb_keycode_t key, struct stroke *stroke)
{
	xkb_keysym_t sym = xkb_state_key_get_one_sym(typist->state, key);

	*stroke = (struct stroke){.repeat = typist->pressed[key]};
	if (!stroke->repeat)
		xkb_state_update_key(typist->state, key, XKB_KEY_DOWN);
	typist->pressed[key] = true;
	if (sym == XKB_KEY_ISO_Left_Tab)
		sym = XKB_KEY_Tab; /* RFC 6143 7.5.4: with shift down, this is what servers
				      understand */
	if (sym == XKB_KEY_NoSymbol)
		return;
	if (stroke->repeat && typist->n_dead > 0 && typist->dead[typist->n_dead - 1] == sym)
		return; /* a dead key held down is one dead key */
	typist_compose(typist, sym, stroke);
}

void typist_release(struct typist *typist, xkb_keycode_t key)
{
	if (typist->pressed[key])
		xkb_state_update_key(typist->state, key, XKB_KEY_UP);
	typist->pressed[key] = false;
}

xkb_keysym_t typist_unicode(struct typist *typist, const struct key_event *event)
{
	uint32_t unit = event->code & 0xffff, *high = &typist->high_surrogate[event->down ? 0 : 1];

	if (unit >= 0xd800 && unit < 0xdc00) {
		*high = unit;
		return XKB_KEY_NoSymbol;
	}
	if (unit >= 0xdc00 && unit < 0xe000) {
		if (*high == 0)
			return XKB_KEY_NoSymbol;
		unit = 0x10000 + ((*high - 0xd800) << 10) + (unit - 0xdc00);
	}
	*high = 0;
	if (unit < 0x20 && strchr("\b\t\n\r\x1b", (int)unit) == NULL)
		return XKB_KEY_NoSymbol; /* control characters that are no key */
	return unit == 0 ? XKB_KEY_NoSymbol : xkb_utf32_to_keysym(unit);
}
