/* Keyboards: what a scancode types, as keysyms for VNC targets and as words for the timeline.
 * xkbcommon does the layouts; this file keeps the state between events. It knows no protocol and
 * sends nothing. */
#include "gateway/session/keyboard.h"

#include "gateway/session/keyboard_reverse.h"
#include "gateway/session/keyboard_typist.h"

#include <glib.h>
#include <string.h>

struct keyboard {
	struct typist target; /**< what the target was told */
	struct typist story; /**< what the timeline was told; separate, because not every event goes
				both ways */
	xkb_keysym_t sent[KEYBOARD_KEYCODES]; /**< keysym that is down at the target, by key */
	unsigned story_commands; /**< Ctrl, Alt, Super that the timeline saw go down, one bit per
				    row of command_keys */
	struct keyboard_reverse *reverse;
	char text[64];
};

int keyboard_prepare(void)
{
	return keyboard_layouts_prepare();
}

struct keyboard *keyboard_create(uint32_t klid)
{
	struct xkb_keymap *keymap = keyboard_layouts_keymap(klid);
	struct keyboard *keyboard;

	if (keymap == NULL)
		return NULL;
	keyboard = g_new0(struct keyboard, 1);
	typist_init(&keyboard->target, keymap);
	typist_init(&keyboard->story, keymap);
	keyboard->reverse = keyboard_reverse_create(keymap);
	return keyboard;
}

void keyboard_destroy(struct keyboard *keyboard)
{
	if (keyboard == NULL)
		return;
	typist_finish(&keyboard->target);
	typist_finish(&keyboard->story);
	keyboard_reverse_destroy(keyboard->reverse);
	g_free(keyboard);
}

void keyboard_set_locks(struct keyboard *keyboard, uint32_t lock_state)
{
	typist_set_locks(&keyboard->target, lock_state);
	typist_set_locks(&keyboard->story, lock_state);
}

static unsigned put(struct key_event *ret, unsigned n, xkb_keysym_t sym, bool down)
{
	if (n == KEYBOARD_MAX_EVENTS)
		return n;
	ret[n] = (struct key_event){KEY_KEYSYM, sym, KEY_PREFIX_NONE, down};
	return n + 1;
}

/* Locks act here, on the keysym that is sent; telling the target too would apply them twice on
 * servers that only know Windows keys. */
static bool is_lock(xkb_keysym_t sym)
{
	return sym == XKB_KEY_Caps_Lock || sym == XKB_KEY_Num_Lock || sym == XKB_KEY_Shift_Lock;
}

/* Windows presses a left Ctrl with every AltGr. A target that got AltGr's letter must not see it as
 * Ctrl+letter. */
static unsigned hide_ctrl_of_altgr(struct keyboard *keyboard, xkb_keysym_t sym,
				   struct key_event *ret, unsigned n)
{
	xkb_keycode_t ctrl = keyboard_layouts_keycode(0x1d, KEY_PREFIX_NONE);

	if (sym != XKB_KEY_ISO_Level3_Shift || keyboard->sent[ctrl] == XKB_KEY_NoSymbol)
		return n;
	n = put(ret, n, keyboard->sent[ctrl], false);
	keyboard->sent[ctrl] = XKB_KEY_NoSymbol;
	return n;
}

static unsigned press_key(struct keyboard *keyboard, xkb_keycode_t key, struct key_event *ret)
{
	struct stroke stroke;
	xkb_keysym_t sym;
	unsigned n = 0;

	typist_press(&keyboard->target, key, &stroke);
	if (stroke.n == 0 || is_lock(stroke.syms[stroke.n - 1]))
		return 0;
	if (stroke.repeat && key == keyboard_layouts_keycode(0x1d, KEY_PREFIX_NONE))
		return 0; /* it may be the hidden Ctrl of AltGr */
	for (unsigned i = 0; i + 1 < stroke.n; i++) {
		n = put(ret, n, stroke.syms[i], true);
		n = put(ret, n, stroke.syms[i], false);
	}
	sym = stroke.syms[stroke.n - 1];
	/* While it is held down a key may come to mean something else (shift pressed meanwhile):
	 * let the old meaning go. */
	if (keyboard->sent[key] != XKB_KEY_NoSymbol && keyboard->sent[key] != sym)
		n = put(ret, n, keyboard->sent[key], false);
	n = hide_ctrl_of_altgr(keyboard, sym, ret, n);
	keyboard->sent[key] = sym;
	return put(ret, n, sym, true);
}

static unsigned release_key(struct keyboard *keyboard, xkb_keycode_t key, struct key_event *ret)
{
	xkb_keycode_t ctrl = keyboard_layouts_keycode(0x1d, KEY_PREFIX_NONE);
	xkb_keysym_t sym = keyboard->sent[key];
	unsigned n = 0;

	typist_release(&keyboard->target, key);
	keyboard->sent[key] = XKB_KEY_NoSymbol;
	if (sym != XKB_KEY_NoSymbol)
		n = put(ret, n, sym, false);
	/* A Ctrl that was hidden and is still held was a real one. */
	if (sym == XKB_KEY_ISO_Level3_Shift && keyboard->target.pressed[ctrl]) {
		keyboard->sent[ctrl] = XKB_KEY_Control_L;
		n = put(ret, n, XKB_KEY_Control_L, true);
	}
	return n;
}

unsigned keyboard_to_keysym(struct keyboard *keyboard, const struct key_event *event,
			    struct key_event ret[KEYBOARD_MAX_EVENTS])
{
	xkb_keycode_t key;
	xkb_keysym_t sym;

	switch (event->kind) {
	case KEY_KEYSYM:
		ret[0] = *event;
		return 1;
	case KEY_UNICODE:
		sym = typist_unicode(&keyboard->target, event);
		return sym == XKB_KEY_NoSymbol ? 0 : put(ret, 0, sym, event->down);
	case KEY_SCANCODE:
		key = typist_key(&keyboard->target, event);
		if (key == 0)
			return 0;
		return event->down ? press_key(keyboard, key, ret)
				   : release_key(keyboard, key, ret);
	}
	return 0;
}

unsigned keyboard_to_scancode(struct keyboard *keyboard, const struct key_event *event,
			      struct key_event ret[KEYBOARD_MAX_EVENTS])
{
	if (event->kind == KEY_KEYSYM)
		return keyboard_reverse_translate(keyboard->reverse, event, ret);
	ret[0] = *event;
	return 1;
}

/* Modifiers that make a command of a key: they stand before its name on the timeline. */
static const struct {
	xkb_keysym_t keysym;
	const char *prefix;
} command_keys[] = {
	{XKB_KEY_Control_L, "Ctrl+"}, {XKB_KEY_Control_R, "Ctrl+"}, {XKB_KEY_Alt_L, "Alt+"},
	{XKB_KEY_Alt_R, "Alt+"},      {XKB_KEY_Super_L, "Win+"},    {XKB_KEY_Super_R, "Win+"},
};

static const char *key_name(xkb_keysym_t sym, char *buffer, size_t size)
{
	static const struct {
		xkb_keysym_t keysym;
		const char *name;
	} names[] = {
		{XKB_KEY_Return, "Enter"},	  {XKB_KEY_KP_Enter, "Enter"},
		{XKB_KEY_BackSpace, "Backspace"}, {XKB_KEY_Prior, "PageUp"},
		{XKB_KEY_Next, "PageDown"},	  {XKB_KEY_KP_Prior, "PageUp"},
		{XKB_KEY_KP_Next, "PageDown"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
		if (names[i].keysym == sym)
			return names[i].name;
	/* A peer may say keysyms for halves of UTF-16 pairs, which no text can hold. */
	uint32_t character = xkb_keysym_to_utf32(sym);
	if (character >= 0x20 && character != 0x7f && g_unichar_validate(character))
		return xkb_keysym_to_utf8(sym, buffer, size) > 0 ? buffer : NULL;
	return xkb_keysym_get_name(sym, buffer, size) > 0 ? buffer : NULL;
}

/* Shift, AltGr and locks show in what they do to other keys; alone they say nothing. */
static bool is_silent(xkb_keysym_t sym)
{
	return (sym >= XKB_KEY_Shift_L && sym <= XKB_KEY_Hyper_R) ||
	       sym == XKB_KEY_ISO_Level3_Shift || sym == XKB_KEY_Mode_switch ||
	       sym == XKB_KEY_Num_Lock;
}

static void note_command(struct keyboard *keyboard, xkb_keysym_t sym, bool down)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(command_keys); i++)
		if (command_keys[i].keysym == sym)
			keyboard->story_commands = down ? keyboard->story_commands | (1u << i)
							: keyboard->story_commands & ~(1u << i);
	if (sym == XKB_KEY_ISO_Level3_Shift && down)
		keyboard->story_commands &= ~1u; /* the Ctrl that Windows presses with AltGr */
}

static const char *describe_stroke(struct keyboard *keyboard, const struct stroke *stroke)
{
	const char *last = "";
	char name[64];

	keyboard->text[0] = '\0';
	for (unsigned i = 0; i < stroke->n; i++) {
		const char *text = key_name(stroke->syms[i], name, sizeof(name));

		if (is_silent(stroke->syms[i]) || text == NULL)
			continue;
		for (unsigned c = 0; c < G_N_ELEMENTS(command_keys); c++)
			if ((keyboard->story_commands & (1u << c)) &&
			    command_keys[c].prefix != last) {
				last = command_keys[c].prefix;
				g_strlcat(keyboard->text, last, sizeof(keyboard->text));
			}
		g_strlcat(keyboard->text, text, sizeof(keyboard->text));
	}
	return keyboard->text[0] == '\0' ? NULL : keyboard->text;
}

/* The keysym of an event on the timeline, through dead keys; `stroke` stays empty for releases and
 * for halves of a character. */
static void read_story(struct keyboard *keyboard, const struct key_event *event,
		       struct stroke *stroke)
{
	struct typist *story = &keyboard->story;
	xkb_keysym_t sym;
	xkb_keycode_t key;

	switch (event->kind) {
	case KEY_SCANCODE:
		key = typist_key(story, event);
		if (key == 0)
			return;
		sym = xkb_state_key_get_one_sym(story->state, key);
		note_command(keyboard, sym, event->down);
		if (event->down)
			typist_press(story, key, stroke);
		else
			typist_release(story, key);
		return;
	case KEY_UNICODE:
		sym = typist_unicode(story, event);
		if (event->down && sym != XKB_KEY_NoSymbol)
			stroke->syms[stroke->n++] = sym;
		return;
	case KEY_KEYSYM:
		note_command(keyboard, event->code, event->down);
		if (event->down)
			typist_compose(story, event->code, stroke);
		return;
	}
}

const char *keyboard_describe(struct keyboard *keyboard, const struct key_event *event)
{
	struct stroke stroke = {0};

	read_story(keyboard, event, &stroke);
	return describe_stroke(keyboard, &stroke);
}
