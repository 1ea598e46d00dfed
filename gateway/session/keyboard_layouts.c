/* The frozen tables of keyboards: Windows layouts, xkb keymaps, scancodes. They know nothing of a
 * session's state. */
#include "gateway/session/keyboard_layouts.h"

#include <errno.h>
#include <glib.h>

struct layout {
	uint32_t klid; /**< low 16 bits: language; high 16 bits: variant or device */
	const char *name, *variant;
};

/* The first row of a language is the one an unknown variant of it gets; the very first row is
 * everybody else's. */
static const struct layout layouts[] = {
	{0x00000409, "us", NULL}, {0x00010409, "us", "dvorak"}, {0x00020409, "us", "intl"},
	{0x00000809, "gb", NULL}, {0x00001009, "ca", NULL},	{0x00000407, "de", NULL},
	{0x00000c07, "at", NULL}, {0x00000807, "ch", NULL},	{0x0000100c, "ch", "fr"},
	{0x0000040c, "fr", NULL}, {0x0000080c, "be", NULL},	{0x00000c0c, "ca", NULL},
	{0x0000040a, "es", NULL}, {0x0000080a, "latam", NULL},	{0x00000410, "it", NULL},
	{0x00000413, "nl", NULL}, {0x00000816, "pt", NULL},	{0x00000416, "br", NULL},
	{0x0000041d, "se", NULL}, {0x00000414, "no", NULL},	{0x00000406, "dk", NULL},
	{0x0000040b, "fi", NULL}, {0x00000415, "pl", NULL},	{0x00000405, "cz", NULL},
	{0x0000041b, "sk", NULL}, {0x0000040e, "hu", NULL},	{0x00000419, "ru", NULL},
	{0x0000041f, "tr", NULL}, {0x00000411, "jp", NULL},
};

static struct xkb_keymap *keymaps[G_N_ELEMENTS(layouts)];
static struct xkb_compose_table *compose;

/* Scancodes behind E0 and beyond 0x58: what Linux calls the same key (linux/input-event-codes.h).
 * Between 0x01 and 0x58 both numberings are equal, because Linux took its numbers from the same
 * keyboard. */
struct scancode_row {
	uint8_t scancode, evdev;
};
static const struct scancode_row rows_e0[] = {
	{0x10, 165}, {0x19, 163}, {0x1c, 96},  {0x1d, 97},  {0x20, 113}, {0x21, 140}, {0x22, 164},
	{0x24, 166}, {0x2e, 114}, {0x30, 115}, {0x32, 172}, {0x35, 98},	 {0x37, 99},  {0x38, 100},
	{0x46, 119}, {0x47, 102}, {0x48, 103}, {0x49, 104}, {0x4b, 105}, {0x4d, 106}, {0x4f, 107},
	{0x50, 108}, {0x51, 109}, {0x52, 110}, {0x53, 111}, {0x5b, 125}, {0x5c, 126}, {0x5d, 127},
	{0x5e, 116}, {0x5f, 142}, {0x63, 143}, {0x65, 217}, {0x66, 156}, {0x67, 173}, {0x68, 128},
	{0x69, 159}, {0x6a, 158}, {0x6b, 157}, {0x6c, 155}, {0x6d, 226},
};
static const struct scancode_row rows_high[] = {
	{0x59, 117}, {0x64, 183}, {0x65, 184}, {0x66, 185}, {0x67, 186}, {0x68, 187}, {0x69, 188},
	{0x6a, 189}, {0x6b, 190}, {0x6c, 191}, {0x6d, 192}, {0x6e, 193}, {0x70, 93},  {0x73, 89},
	{0x76, 194}, {0x79, 92},  {0x7b, 94},  {0x7d, 124}, {0x7e, 121},
};
#define EVDEV_SYSRQ_SCANCODE                                                                       \
	84u /* evdev leaves 84 free; a keyboard sends it for Alt+PrintScreen  \
				  */
#define EVDEV_PAUSE 119u
#define EVDEV_TO_XKB 8u

int keyboard_layouts_prepare(void)
{
	struct xkb_context *context;
	int result = 0;

	if (compose != NULL)
		return 0;
	context = xkb_context_new(XKB_CONTEXT_NO_ENVIRONMENT_NAMES);
	if (context == NULL)
		return -ENOENT;
	for (unsigned i = 0; i < G_N_ELEMENTS(layouts) && result == 0; i++) {
		struct xkb_rule_names names = {"evdev", "pc105", layouts[i].name,
					       layouts[i].variant, NULL};

		keymaps[i] =
			xkb_keymap_new_from_names(context, &names, XKB_KEYMAP_COMPILE_NO_FLAGS);
		if (keymaps[i] == NULL)
			result = -ENOENT;
	}
	if (result == 0) {
		/* The name only selects the file; the process's own locale stays as it is. */
		compose = xkb_compose_table_new_from_locale(context, "en_US.UTF-8",
							    XKB_COMPOSE_COMPILE_NO_FLAGS);
		if (compose == NULL)
			result = -ENOENT;
	}
	xkb_context_unref(context);
	return result;
}

struct xkb_keymap *keyboard_layouts_keymap(uint32_t klid)
{
	/* Bits 28-31 mark input methods and device-specific layouts; the language is in the low
	 * half ([MS-RDPBCGR] 2.2.1.3.2). */
	for (unsigned i = 0; i < G_N_ELEMENTS(layouts); i++)
		if (layouts[i].klid == (klid & 0x0fffffff))
			return keymaps[i];
	for (unsigned i = 0; i < G_N_ELEMENTS(layouts); i++)
		if (layouts[i].klid == (klid & 0xffff))
			return keymaps[i];
	for (unsigned i = 0; i < G_N_ELEMENTS(layouts); i++)
		if ((layouts[i].klid & 0x3ff) ==
		    (klid & 0x3ff)) /* primary language, [MS-LCID] 2.1 */
			return keymaps[i];
	return keymaps[0];
}

struct xkb_compose_table *keyboard_layouts_compose(void)
{
	return compose;
}

static unsigned find_evdev(const struct scancode_row *rows, unsigned n, uint32_t scancode)
{
	for (unsigned i = 0; i < n; i++)
		if (rows[i].scancode == scancode)
			return rows[i].evdev;
	return 0;
}

xkb_keycode_t keyboard_layouts_keycode(uint32_t scancode, enum key_prefix prefix)
{
	unsigned evdev = 0;

	if (prefix == KEY_PREFIX_E0)
		evdev = find_evdev(rows_e0, G_N_ELEMENTS(rows_e0), scancode);
	else if (prefix == KEY_PREFIX_E1)
		evdev = scancode == 0x1d ? EVDEV_PAUSE : 0;
	else if (scancode >= 0x01 && scancode <= 0x58)
		evdev = scancode == EVDEV_SYSRQ_SCANCODE ? 99 : scancode;
	else
		evdev = find_evdev(rows_high, G_N_ELEMENTS(rows_high), scancode);
	return evdev == 0 ? 0 : evdev + EVDEV_TO_XKB;
}

bool keyboard_layouts_scancode(xkb_keycode_t keycode, struct key_event *ret)
{
	unsigned evdev = keycode - EVDEV_TO_XKB;

	if (keycode <= EVDEV_TO_XKB || keycode >= KEYBOARD_KEYCODES)
		return false;
	ret->kind = KEY_SCANCODE;
	ret->prefix = KEY_PREFIX_NONE;
	ret->code = evdev;
	if (evdev <= 0x58)
		return evdev != EVDEV_SYSRQ_SCANCODE;
	for (unsigned i = 0; i < G_N_ELEMENTS(rows_high); i++)
		if (rows_high[i].evdev == evdev) {
			ret->code = rows_high[i].scancode;
			return true;
		}
	ret->prefix = KEY_PREFIX_E0;
	for (unsigned i = 0; i < G_N_ELEMENTS(rows_e0); i++)
		if (rows_e0[i].evdev == evdev && evdev != EVDEV_PAUSE) {
			ret->code = rows_e0[i].scancode;
			return true;
		}
	return false;
}
