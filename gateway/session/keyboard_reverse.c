/* Keysyms to scancodes: a reverse search in the target's layout, with shift and AltGr put right
 * around a key.
 *
 * Lock keys stay here: the viewer's keysym already says the letter's case, so a target whose locks
 * are off types exactly it. */
#include "gateway/session/keyboard_reverse.h"

#include "gateway/session/keyboard_layouts.h"

#include <glib.h>

#define HELD_MAX 32u
#define KEYCODE_LSGT                                                                               \
	94u /* the key left of Y/Z on European keyboards; us keyboards lack it, though xkb gives   \
	       it symbols */

enum modifier { MOD_SHIFT_L = 1, MOD_SHIFT_R = 2, MOD_ALTGR = 4, MOD_COMMAND = 8 };

static const struct key_event modifier_keys[] = {
	{KEY_SCANCODE, 0x2a, KEY_PREFIX_NONE, false},
	{KEY_SCANCODE, 0x36, KEY_PREFIX_NONE, false},
	{KEY_SCANCODE, 0x38, KEY_PREFIX_E0, false},
};

/** One way to type a keysym. */
struct way {
	xkb_keycode_t key;
	bool shift, altgr;
};

struct held {
	xkb_keysym_t keysym;
	uint32_t unicode; /**< not 0: it went out as text */
	struct key_event key;
	unsigned modifier; /**< enum modifier bit, 0 for other keys */
};

struct keyboard_reverse {
	GHashTable *ways; /**< keysym -> struct way */
	struct held held[HELD_MAX];
	unsigned n_held;
};

static bool way_of_mask(struct xkb_keymap *keymap, xkb_mod_mask_t mask, struct way *way)
{
	xkb_mod_mask_t shift = 1u << xkb_keymap_mod_get_index(keymap, XKB_MOD_NAME_SHIFT);
	xkb_mod_mask_t altgr = 1u << xkb_keymap_mod_get_index(keymap, "Mod5");

	way->shift = (mask & shift) != 0;
	way->altgr = (mask & altgr) != 0;
	return (mask & ~(shift | altgr)) == 0;
}

static void add_ways(struct keyboard_reverse *reverse, struct xkb_keymap *keymap, xkb_keycode_t key,
		     xkb_level_index_t level)
{
	const xkb_keysym_t *syms;
	xkb_mod_mask_t masks[8];
	size_t n_masks = xkb_keymap_key_get_mods_for_level(keymap, key, 0, level, masks,
							   G_N_ELEMENTS(masks));

	if (xkb_keymap_key_get_syms_by_level(keymap, key, 0, level, &syms) != 1 ||
	    syms[0] == XKB_KEY_NoSymbol)
		return;
	if (level > 0 && xkb_keysym_to_utf32(syms[0]) == 0 &&
	    !(syms[0] >= XKB_KEY_dead_grave && syms[0] <= XKB_KEY_dead_greek))
		return; /* Meta as shifted Alt and the like: nobody means that */
	for (size_t i = 0; i < n_masks; i++) {
		struct way way = {.key = key};

		if (!way_of_mask(keymap, masks[i], &way) ||
		    g_hash_table_contains(reverse->ways, GUINT_TO_POINTER(syms[0])))
			continue;
		g_hash_table_insert(reverse->ways, GUINT_TO_POINTER(syms[0]),
				    g_memdup2(&way, sizeof(way)));
	}
}

/* Plain keys are entered first, so that nothing is shifted that need not be. */
static void fill_ways(struct keyboard_reverse *reverse, struct xkb_keymap *keymap)
{
	struct key_event scancode;

	for (xkb_level_index_t level = 0; level < 4; level++)
		for (xkb_keycode_t key = 9; key < KEYBOARD_KEYCODES; key++)
			if (key != KEYCODE_LSGT && keyboard_layouts_scancode(key, &scancode))
				add_ways(reverse, keymap, key, level);
	for (xkb_level_index_t level = 0; level < 4; level++)
		add_ways(reverse, keymap, KEYCODE_LSGT, level);
}

struct keyboard_reverse *keyboard_reverse_create(struct xkb_keymap *keymap)
{
	struct keyboard_reverse *reverse = g_new0(struct keyboard_reverse, 1);

	reverse->ways = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	fill_ways(reverse, keymap);
	return reverse;
}

void keyboard_reverse_destroy(struct keyboard_reverse *reverse)
{
	if (reverse == NULL)
		return;
	g_hash_table_destroy(reverse->ways);
	g_free(reverse);
}

/* Keys whose meaning on the keypad hangs on the target's NumLock are typed by the key that always
 * means it. */
static xkb_keysym_t canonical(xkb_keysym_t keysym)
{
	static const struct {
		xkb_keysym_t from, to;
	} rows[] = {
		{XKB_KEY_KP_Home, XKB_KEY_Home},
		{XKB_KEY_KP_End, XKB_KEY_End},
		{XKB_KEY_KP_Left, XKB_KEY_Left},
		{XKB_KEY_KP_Right, XKB_KEY_Right},
		{XKB_KEY_KP_Up, XKB_KEY_Up},
		{XKB_KEY_KP_Down, XKB_KEY_Down},
		{XKB_KEY_KP_Prior, XKB_KEY_Prior},
		{XKB_KEY_KP_Next, XKB_KEY_Next},
		{XKB_KEY_KP_Insert, XKB_KEY_Insert},
		{XKB_KEY_KP_Delete, XKB_KEY_Delete},
		{XKB_KEY_KP_Decimal, '.'},
		{XKB_KEY_KP_Separator, ','},
		{XKB_KEY_KP_Equal, '='},
		{XKB_KEY_ISO_Left_Tab, XKB_KEY_Tab},
		{XKB_KEY_Break, XKB_KEY_Pause},
		{XKB_KEY_Sys_Req, XKB_KEY_Print},
		{XKB_KEY_Mode_switch, XKB_KEY_ISO_Level3_Shift},
	};

	if (keysym >= XKB_KEY_KP_0 && keysym <= XKB_KEY_KP_9)
		return '0' + (keysym - XKB_KEY_KP_0);
	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
		if (rows[i].from == keysym)
			return rows[i].to;
	return keysym;
}

/* Modifiers of viewers from other systems, for layouts that do not have them. */
static xkb_keysym_t stand_in(xkb_keysym_t keysym)
{
	switch (keysym) {
	case XKB_KEY_Alt_R:
	case XKB_KEY_Meta_L:
	case XKB_KEY_Meta_R:
		return XKB_KEY_Alt_L;
	case XKB_KEY_Hyper_L:
	case XKB_KEY_Hyper_R:
		return XKB_KEY_Super_L;
	default:
		return XKB_KEY_NoSymbol;
	}
}

static unsigned modifier_of(xkb_keysym_t keysym)
{
	switch (keysym) {
	case XKB_KEY_Shift_L:
		return MOD_SHIFT_L;
	case XKB_KEY_Shift_R:
		return MOD_SHIFT_R;
	case XKB_KEY_ISO_Level3_Shift:
		return MOD_ALTGR;
	case XKB_KEY_Control_L:
	case XKB_KEY_Control_R:
	case XKB_KEY_Alt_L:
	case XKB_KEY_Alt_R:
	case XKB_KEY_Super_L:
	case XKB_KEY_Super_R:
		return MOD_COMMAND;
	default:
		return 0;
	}
}

static unsigned modifiers_down(const struct keyboard_reverse *reverse)
{
	unsigned mods = 0;

	for (unsigned i = 0; i < reverse->n_held; i++)
		mods |= reverse->held[i].modifier;
	return mods;
}

static unsigned put(struct key_event *ret, unsigned n, struct key_event event, bool down)
{
	ret[n] = event;
	ret[n].down = down;
	return n + 1;
}

/* Presses or releases each modifier that is in `change`. */
static unsigned put_modifiers(struct key_event *ret, unsigned n, unsigned change, bool down)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(modifier_keys); i++)
		if (change & (1u << i))
			n = put(ret, n, modifier_keys[i], down);
	return n;
}

static unsigned put_key(struct key_event *ret, unsigned n, const struct held *held, bool down)
{
	const struct key_event pause_tail = {KEY_SCANCODE, 0x45, KEY_PREFIX_NONE, false};

	if (held->unicode == 0) {
		n = put(ret, n, held->key, down);
		/* Pause is two scancodes, E1 1D 45 ([MS-RDPBCGR] 2.2.8.1.1.3.1.1.1). */
		return held->key.prefix == KEY_PREFIX_E1 ? put(ret, n, pause_tail, down) : n;
	}
	if (held->unicode < 0x10000)
		return put(ret, n,
			   (struct key_event){KEY_UNICODE, held->unicode, KEY_PREFIX_NONE, false},
			   down);
	n = put(ret, n,
		(struct key_event){KEY_UNICODE, 0xd7c0 + (held->unicode >> 10), KEY_PREFIX_NONE,
				   false},
		down);
	return put(ret, n,
		   (struct key_event){KEY_UNICODE, 0xdc00 + (held->unicode & 0x3ff),
				      KEY_PREFIX_NONE, false},
		   down);
}

/* Finds how to type a keysym. False when the layout cannot and it is no text either. */
static bool find_way(struct keyboard_reverse *reverse, xkb_keysym_t keysym, struct held *held,
		     struct way *ret_way)
{
	const struct way *way = g_hash_table_lookup(reverse->ways, GUINT_TO_POINTER(keysym));

	if (keysym == XKB_KEY_Pause) {
		*ret_way = (struct way){0};
		held->key = (struct key_event){KEY_SCANCODE, 0x1d, KEY_PREFIX_E1, false};
		return true;
	}
	if (way == NULL && stand_in(keysym) != XKB_KEY_NoSymbol)
		way = g_hash_table_lookup(reverse->ways, GUINT_TO_POINTER(stand_in(keysym)));
	if (way != NULL) {
		*ret_way = *way;
		held->modifier = modifier_of(keysym);
		return keyboard_layouts_scancode(way->key, &held->key);
	}
	*ret_way = (struct way){0};
	held->unicode = xkb_keysym_to_utf32(keysym);
	return held->unicode >= 0x20 && held->unicode != 0x7f;
}

static struct held *find_held(struct keyboard_reverse *reverse, xkb_keysym_t keysym)
{
	const struct way *way;

	for (unsigned i = 0; i < reverse->n_held; i++)
		if (reverse->held[i].keysym == keysym)
			return &reverse->held[i];
	/* Shift may have been let go before the key: then 'A' went down and 'a' comes up. It is the
	 * same key. */
	way = g_hash_table_lookup(reverse->ways, GUINT_TO_POINTER(keysym));
	for (unsigned i = 0; way != NULL && i < reverse->n_held; i++) {
		struct key_event scancode;

		if (reverse->held[i].unicode == 0 &&
		    keyboard_layouts_scancode(way->key, &scancode) &&
		    scancode.code == reverse->held[i].key.code &&
		    scancode.prefix == reverse->held[i].key.prefix)
			return &reverse->held[i];
	}
	return NULL;
}

static unsigned press(struct keyboard_reverse *reverse, xkb_keysym_t keysym, struct key_event *ret)
{
	struct held held = {.keysym = keysym};
	unsigned down = modifiers_down(reverse), release = 0, add = 0, n;
	struct way way;

	if (!find_way(reverse, keysym, &held, &way))
		return 0;
	if (find_held(reverse, keysym) == NULL) {
		if (reverse->n_held == HELD_MAX)
			return 0;
		reverse->held[reverse->n_held++] = held;
	}
	/* Ctrl+T is Ctrl+T whatever CapsLock made of the letter; and a modifier itself needs no
	 * others. */
	if (held.modifier == 0 &&
	    !((down & MOD_COMMAND) && xkb_keysym_to_lower(keysym) != xkb_keysym_to_upper(keysym))) {
		if (way.shift && !(down & (MOD_SHIFT_L | MOD_SHIFT_R)))
			add |= MOD_SHIFT_L;
		if (way.altgr && !(down & MOD_ALTGR))
			add |= MOD_ALTGR;
		/* Keys that type nothing keep the viewer's shift: Shift+Left selects. */
		if (xkb_keysym_to_utf32(keysym) > 0x20 && !way.shift)
			release |= down & (MOD_SHIFT_L | MOD_SHIFT_R);
		if (xkb_keysym_to_utf32(keysym) > 0x20 && !way.altgr)
			release |= down & MOD_ALTGR;
	}
	n = put_modifiers(ret, 0, release, false);
	n = put_modifiers(ret, n, add, true);
	n = put_key(ret, n, &held, true);
	n = put_modifiers(ret, n, add, false);
	return put_modifiers(ret, n, release, true);
}

unsigned keyboard_reverse_translate(struct keyboard_reverse *reverse, const struct key_event *event,
				    struct key_event ret[KEYBOARD_MAX_EVENTS])
{
	xkb_keysym_t keysym = canonical(event->code);
	struct held *held;
	unsigned n;

	if (keysym == XKB_KEY_Caps_Lock || keysym == XKB_KEY_Num_Lock ||
	    keysym == XKB_KEY_Shift_Lock)
		return 0;
	if (event->down)
		return press(reverse, keysym, ret);
	held = find_held(reverse, keysym);
	if (held == NULL)
		return 0;
	n = put_key(ret, 0, held, false);
	*held = reverse->held[--reverse->n_held];
	return n;
}
