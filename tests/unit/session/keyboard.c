/* Keyboards: what people type on us, de and fr layouts, and back. Each test writes the keys as a
 * script and compares the whole list of events that came out. */
#include "gateway/session/keyboard.h"

#include <xkbcommon/xkbcommon.h>

#define KLID_US 0x409u
#define KLID_DE 0x407u
#define KLID_FR 0x40cu

/* Script of scancodes: "+1e" press, "-1e" release, "+e038" with prefix E0; result: "+a -a +Shift_L"
 * by keysym name. */
static void read_scancode(const char *word, struct key_event *ret)
{
	unsigned code = (unsigned)g_ascii_strtoull(word + 1, NULL, 16);

	*ret = (struct key_event){KEY_SCANCODE, code & 0xff, KEY_PREFIX_NONE, word[0] == '+'};
	if (code >> 8 == 0xe0)
		ret->prefix = KEY_PREFIX_E0;
	else if (code >> 8 == 0xe1)
		ret->prefix = KEY_PREFIX_E1;
}

static void append_keysyms(GString *out, const struct key_event *events, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		char name[64];

		g_assert_cmpint(events[i].kind, ==, KEY_KEYSYM);
		xkb_keysym_get_name(events[i].code, name, sizeof(name));
		g_string_append_printf(out, "%s%c%s", out->len ? " " : "",
				       events[i].down ? '+' : '-', name);
	}
}

static char *type(struct keyboard *keyboard, const char *script)
{
	g_auto(GStrv) words = g_strsplit(script, " ", -1);
	GString *out = g_string_new(NULL);

	for (unsigned i = 0; words[i] != NULL; i++) {
		struct key_event event, events[KEYBOARD_MAX_EVENTS];

		read_scancode(words[i], &event);
		append_keysyms(out, events, keyboard_to_keysym(keyboard, &event, events));
	}
	return g_string_free(out, FALSE);
}

static void assert_types(struct keyboard *keyboard, const char *script, const char *expected)
{
	g_autofree char *got = type(keyboard, script);

	g_assert_cmpstr(got, ==, expected);
}

static struct keyboard *keyboard_for(uint32_t klid)
{
	struct keyboard *keyboard;

	g_assert_cmpint(keyboard_prepare(), ==, 0);
	keyboard = keyboard_create(klid);
	g_assert_nonnull(keyboard);
	return keyboard;
}

static void test_us(void)
{
	struct keyboard *k = keyboard_for(KLID_US);

	assert_types(k, "+1e -1e", "+a -a");
	assert_types(k, "+2a +1e -1e -2a", "+Shift_L +A -A -Shift_L");
	assert_types(k, "+2a +03 -03 -2a", "+Shift_L +at -at -Shift_L");
	assert_types(k, "+1d +2e -2e -1d", "+Control_L +c -c -Control_L");
	assert_types(k, "+e038 +10 -10 -e038", "+Alt_R +q -q -Alt_R");
	assert_types(k, "+2a +0f -0f -2a", "+Shift_L +Tab -Tab -Shift_L");
	assert_types(k, "+3b -3b +58 -58", "+F1 -F1 +F12 -F12");
	assert_types(k, "+1c -1c +e01c -e01c", "+Return -Return +KP_Enter -KP_Enter");
	assert_types(k, "+e05b -e05b +e05d -e05d", "+Super_L -Super_L +Menu -Menu");
	keyboard_destroy(k);
}

static void test_unknown_layout(void)
{
	struct keyboard *austrian = keyboard_for(0x0c07), *nobody = keyboard_for(0x12345678),
			*swiss_variant = keyboard_for(0x1407);

	assert_types(austrian, "+15 -15", "+z -z");
	assert_types(swiss_variant, "+15 -15",
		     "+z -z"); /* German of Liechtenstein: its language decides */
	assert_types(nobody, "+15 -15", "+y -y");
	keyboard_destroy(austrian);
	keyboard_destroy(nobody);
	keyboard_destroy(swiss_variant);
}

static void test_de(void)
{
	struct keyboard *k = keyboard_for(KLID_DE);

	assert_types(k, "+15 -15 +2c -2c", "+z -z +y -y");
	assert_types(k, "+28 -28 +0c -0c", "+adiaeresis -adiaeresis +ssharp -ssharp");
	assert_types(k, "+e038 +10 -10 -e038", "+ISO_Level3_Shift +at -at -ISO_Level3_Shift");
	assert_types(
		k, "+e038 +12 -12 +08 -08 -e038",
		"+ISO_Level3_Shift +EuroSign -EuroSign +braceleft -braceleft -ISO_Level3_Shift");
	assert_types(k, "+56 -56", "+less -less");
	keyboard_destroy(k);
}

static void test_fr(void)
{
	struct keyboard *k = keyboard_for(KLID_FR);

	assert_types(k, "+10 -10", "+a -a");
	assert_types(k, "+03 -03", "+eacute -eacute");
	assert_types(k, "+2a +03 -03 -2a", "+Shift_L +2 -2 -Shift_L");
	assert_types(k, "+e038 +0b -0b +05 -05 -e038",
		     "+ISO_Level3_Shift +at -at +braceleft -braceleft -ISO_Level3_Shift");
	assert_types(k, "+e038 +12 -12 -e038",
		     "+ISO_Level3_Shift +EuroSign -EuroSign -ISO_Level3_Shift");
	keyboard_destroy(k);
}

/* Windows sends a left Ctrl with AltGr: the target must not see Ctrl+@. */
static void test_altgr_with_ctrl(void)
{
	struct keyboard *k = keyboard_for(KLID_DE);

	assert_types(k, "+1d +e038 +10 -10 -1d -e038",
		     "+Control_L -Control_L +ISO_Level3_Shift +at -at -ISO_Level3_Shift");
	assert_types(k, "+1d +e038 +1d -e038 +2e -2e -1d",
		     "+Control_L -Control_L +ISO_Level3_Shift -ISO_Level3_Shift +Control_L +c -c "
		     "-Control_L");
	keyboard_destroy(k);
}

static void test_dead_keys(void)
{
	struct keyboard *fr = keyboard_for(KLID_FR), *de = keyboard_for(KLID_DE);

	assert_types(fr, "+1a -1a +12 -12", "+ecircumflex -ecircumflex");
	assert_types(fr, "+1a -1a +2a +12 -12 -2a", "+Shift_L +Ecircumflex -Ecircumflex -Shift_L");
	assert_types(fr, "+2a +1a -1a -2a +17 -17", "+Shift_L -Shift_L +idiaeresis -idiaeresis");
	assert_types(de, "+0d -0d +12 -12", "+eacute -eacute");
	assert_types(de, "+29 -29 +39 -39", "+asciicircum -asciicircum");
	/* no letter with a circumflex: both signs appear, as on Windows */
	assert_types(de, "+29 -29 +2d -2d", "+asciicircum -asciicircum +x -x");
	/* held dead key is one dead key; held letter repeats plain */
	assert_types(de, "+29 +29 +29 -29 +12 +12 -12", "+ecircumflex -ecircumflex +e -e");
	keyboard_destroy(fr);
	keyboard_destroy(de);
}

static void test_release_matches_press(void)
{
	struct keyboard *k = keyboard_for(KLID_US);

	assert_types(k, "+2a +1e -2a -1e", "+Shift_L +A -Shift_L -A");
	assert_types(k, "+1e +2a -1e -2a", "+a +Shift_L -a -Shift_L");
	assert_types(k, "+1e +1e +1e -1e", "+a +a +a -a");
	assert_types(k, "+1e +2a +1e -1e -2a", "+a +Shift_L -a +A -A -Shift_L");
	assert_types(k, "+2a +2a +2a -2a +1e -1e", "+Shift_L +Shift_L +Shift_L -Shift_L +a -a");
	assert_types(k, "-2a -1e -e038", ""); /* never pressed: nothing to release */
	keyboard_destroy(k);
}

static void test_locks_and_keypad(void)
{
	struct keyboard *k = keyboard_for(KLID_US);

	assert_types(k, "+47 -47", "+KP_Home -KP_Home");
	keyboard_set_locks(k, LOCK_NUM);
	assert_types(k, "+47 -47 +53 -53", "+KP_7 -KP_7 +KP_Decimal -KP_Decimal");
	assert_types(k, "+45 -45 +47 -47",
		     "+KP_Home -KP_Home"); /* NumLock key acts here and is not passed on */
	keyboard_set_locks(k, LOCK_CAPS);
	assert_types(k, "+1e -1e +03 -03", "+A -A +2 -2");
	assert_types(k, "+3a -3a +1e -1e", "+a -a");
	keyboard_set_locks(k, 0);
	assert_types(k, "+e047 -e047 +e048 -e048 +e053 -e053",
		     "+Home -Home +Up -Up +Delete -Delete");
	assert_types(k, "+e035 -e035 +37 -37", "+KP_Divide -KP_Divide +KP_Multiply -KP_Multiply");
	keyboard_destroy(k);
}

static void test_pause(void)
{
	struct keyboard *k = keyboard_for(KLID_US);

	assert_types(k, "+e11d +45 -e11d -45", "+Pause -Pause");
	assert_types(k, "+47 -47", "+KP_Home -KP_Home");	   /* its 45 was no NumLock */
	assert_types(k, "+e02a +e04b -e04b -e02a", "+Left -Left"); /* fake shift is no key */
	keyboard_destroy(k);
}

static void test_unicode(void)
{
	struct keyboard *k = keyboard_for(KLID_US);
	static const uint32_t units[] = {'x',  0xe9, 0x20ac, 0x3b1,  0x4e2d,
					 '\r', '\t', 0xd83d, 0xde00, 0x01};
	GString *out = g_string_new(NULL);

	for (unsigned i = 0; i < G_N_ELEMENTS(units); i++) {
		struct key_event event = {KEY_UNICODE, units[i], KEY_PREFIX_NONE, true},
				 events[KEYBOARD_MAX_EVENTS];

		append_keysyms(out, events, keyboard_to_keysym(k, &event, events));
		event.down = false;
		append_keysyms(out, events, keyboard_to_keysym(k, &event, events));
	}
	g_assert_cmpstr(
		out->str, ==,
		"+x -x +eacute -eacute +EuroSign -EuroSign +Greek_alpha -Greek_alpha +U4E2D -U4E2D "
		"+Return -Return +Tab -Tab +U0001F600 -U0001F600");
	g_string_free(out, TRUE);
	keyboard_destroy(k);
}

/* Any order of presses and releases leaves nothing down. */
static void test_nothing_sticks(void)
{
	static const uint32_t klids[] = {KLID_US, KLID_DE, KLID_FR};
	g_autoptr(GRand) dice = g_rand_new_with_seed(20260501);

	for (unsigned l = 0; l < G_N_ELEMENTS(klids); l++) {
		struct keyboard *k = keyboard_for(klids[l]);
		g_autoptr(GHashTable) down = g_hash_table_new(NULL, NULL);

		for (unsigned i = 0; i < 20000 + 3 * 256; i++) {
			struct key_event events[KEYBOARD_MAX_EVENTS],
				event = {.kind = KEY_SCANCODE};
			unsigned n;

			event.code = g_rand_int_range(dice, 0, 0x60);
			event.prefix =
				g_rand_int_range(dice, 0, 2) ? KEY_PREFIX_E0 : KEY_PREFIX_NONE;
			event.down = g_rand_boolean(dice);
			if (i >= 20000)
				event = (struct key_event){KEY_SCANCODE, i & 0xff,
							   (enum key_prefix)((i - 20000) / 256),
							   false};
			n = keyboard_to_keysym(k, &event, events);
			for (unsigned e = 0; e < n; e++)
				if (events[e].down)
					g_hash_table_add(down, GUINT_TO_POINTER(events[e].code));
				else
					g_hash_table_remove(down, GUINT_TO_POINTER(events[e].code));
		}
		g_assert_cmpuint(g_hash_table_size(down), ==, 0);
		keyboard_destroy(k);
	}
}

/* Keysyms by name in, scancodes out: "+1e", "+e038", "+u20ac". */
static void assert_presses(struct keyboard *keyboard, const char *script, const char *expected)
{
	g_auto(GStrv) words = g_strsplit(script, " ", -1);
	g_autoptr(GString) out = g_string_new(NULL);

	for (unsigned i = 0; words[i] != NULL; i++) {
		struct key_event events[KEYBOARD_MAX_EVENTS],
			event = {.kind = KEY_KEYSYM, .down = words[i][0] == '+'};
		unsigned n;

		event.code = xkb_keysym_from_name(words[i] + 1, XKB_KEYSYM_NO_FLAGS);
		g_assert_cmpuint(event.code, !=, XKB_KEY_NoSymbol);
		n = keyboard_to_scancode(keyboard, &event, events);
		for (unsigned e = 0; e < n; e++) {
			const char *prefix = events[e].kind == KEY_UNICODE	 ? "u"
					     : events[e].prefix == KEY_PREFIX_E0 ? "e0"
					     : events[e].prefix == KEY_PREFIX_E1 ? "e1"
										 : "";

			g_string_append_printf(out, "%s%c%s%02x", out->len ? " " : "",
					       events[e].down ? '+' : '-', prefix, events[e].code);
		}
	}
	g_assert_cmpstr(out->str, ==, expected);
}

static void test_reverse_us(void)
{
	struct keyboard *k = keyboard_for(KLID_US);

	assert_presses(k, "+a -a", "+1e -1e");
	assert_presses(k, "+A -A", "+2a +1e -2a -1e");
	assert_presses(k, "+Shift_L +A -A -Shift_L", "+2a +1e -1e -2a");
	assert_presses(k, "+Shift_L +A -Shift_L -a", "+2a +1e -2a -1e");
	assert_presses(k, "+less -less", "+2a +33 -2a -33");
	assert_presses(k, "+Left -Left +KP_Left -KP_Left", "+e04b -e04b +e04b -e04b");
	assert_presses(k, "+KP_7 -KP_7 +KP_Add -KP_Add", "+08 -08 +4e -4e");
	assert_presses(k, "+Shift_L +Left -Left -Shift_L", "+2a +e04b -e04b -2a");
	assert_presses(k, "+Control_L +T -T -Control_L", "+1d +14 -14 -1d");
	assert_presses(k, "+Caps_Lock -Caps_Lock", "");
	assert_presses(k, "+adiaeresis -adiaeresis", "+ue4 -ue4");
	assert_presses(k, "+U1F600 -U1F600", "+ud83d +ude00 -ud83d -ude00");
	assert_presses(k, "+Pause -Pause", "+e11d +45 -e11d -45");
	assert_presses(k, "+Meta_L -Meta_L", "+38 -38");
	assert_presses(k, "-b -Shift_L", "");
	keyboard_destroy(k);
}

static void test_reverse_de_fr(void)
{
	struct keyboard *de = keyboard_for(KLID_DE), *fr = keyboard_for(KLID_FR);

	assert_presses(de, "+at -at", "+e038 +10 -e038 -10");
	assert_presses(de, "+ISO_Level3_Shift +at -at -ISO_Level3_Shift", "+e038 +10 -10 -e038");
	assert_presses(de, "+EuroSign -EuroSign", "+e038 +12 -e038 -12");
	assert_presses(de, "+less -less +z -z", "+56 -56 +15 -15");
	assert_presses(de, "+dead_circumflex -dead_circumflex", "+29 -29");
	assert_presses(de, "+ecircumflex -ecircumflex", "+uea -uea");
	/* the viewer's shift makes '!' on its own layout, where this one needs none, and the other
	 * way round */
	assert_presses(fr, "+Shift_L +exclam -exclam -Shift_L", "+2a -2a +35 +2a -35 -2a");
	assert_presses(fr, "+1 -1", "+2a +02 -2a -02");
	assert_presses(fr, "+dead_diaeresis -dead_diaeresis", "+2a +1a -2a -1a");
	assert_presses(fr, "+braceleft -braceleft", "+e038 +05 -e038 -05");
	keyboard_destroy(de);
	keyboard_destroy(fr);
}

static void test_describe(void)
{
	struct keyboard *k = keyboard_for(KLID_DE);
	static const struct {
		const char *word, *text;
	} rows[] = {
		{"+2a", NULL},	     {"+1e", "A"},    {"-1e", NULL},	    {"-2a", NULL},
		{"+1c", "Enter"},    {"-1c", NULL},   {"+1d", NULL},	    {"+2e", "Ctrl+c"},
		{"-2e", NULL},	     {"-1d", NULL},   {"+1d", NULL},	    {"+e038", NULL},
		{"+10", "@"},	     {"-10", NULL},   {"-1d", NULL},	    {"-e038", NULL},
		{"+29", NULL},	     {"-29", NULL},   {"+12", "ê"},	    {"-12", NULL},
		{"+e053", "Delete"}, {"-e053", NULL}, {"+0e", "Backspace"}, {"-0e", NULL},
		{"+39", " "},
	};
	struct key_event keysym = {KEY_KEYSYM, XKB_KEY_EuroSign, KEY_PREFIX_NONE, true};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct key_event event;

		read_scancode(rows[i].word, &event);
		g_assert_cmpstr(keyboard_describe(k, &event), ==, rows[i].text);
	}
	g_assert_cmpstr(keyboard_describe(k, &keysym), ==, "€");
	keyboard_destroy(k);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/keyboard/us", test_us);
	g_test_add_func("/keyboard/unknown-layout", test_unknown_layout);
	g_test_add_func("/keyboard/de", test_de);
	g_test_add_func("/keyboard/fr", test_fr);
	g_test_add_func("/keyboard/altgr-with-ctrl", test_altgr_with_ctrl);
	g_test_add_func("/keyboard/dead-keys", test_dead_keys);
	g_test_add_func("/keyboard/release-matches-press", test_release_matches_press);
	g_test_add_func("/keyboard/locks-and-keypad", test_locks_and_keypad);
	g_test_add_func("/keyboard/pause", test_pause);
	g_test_add_func("/keyboard/unicode", test_unicode);
	g_test_add_func("/keyboard/nothing-sticks", test_nothing_sticks);
	g_test_add_func("/keyboard/reverse-us", test_reverse_us);
	g_test_add_func("/keyboard/reverse-de-fr", test_reverse_de_fr);
	g_test_add_func("/keyboard/describe", test_describe);
	return g_test_run();
}
