/* The rule for masked keys. It must not know keyboards or timelines. */
#include "gateway/session/key_mask.h"

#include <glib.h>

#define LONGEST_US UINT64_C(120000000)

/* Windows asks for a password behind these; mstsc sends Delete for its own Ctrl+Alt+End. */
static bool calls_logon(const char *text)
{
	static const char *const calls[] = {"Ctrl+Alt+Delete", "Ctrl+Alt+KP_Delete", "Win+l",
					    "Win+L", NULL};

	return text != NULL && g_strv_contains(calls, text);
}

bool key_mask_covers(struct key_mask *mask, const char *text, uint64_t now_us)
{
	if (now_us >= mask->until_us)
		mask->until_us = 0;
	if (calls_logon(text)) {
		mask->until_us = now_us + LONGEST_US;
		return false;
	}
	if (mask->until_us != 0 && g_strcmp0(text, "Enter") == 0) {
		mask->until_us = 0;
		return false;
	}
	return mask->until_us != 0;
}
