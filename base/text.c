/* Texts of strangers on terminals and paper. It must not know what they mean. */
#include "base/text.h"

#include <glib.h>
#include <stdbool.h>

/* The separators count as printable, but begin a new line. */
static bool is_visible(gunichar c)
{
	GUnicodeType type = g_unichar_type(c);

	return g_unichar_isprint(c) && type != G_UNICODE_LINE_SEPARATOR &&
	       type != G_UNICODE_PARAGRAPH_SEPARATOR;
}

char *text_clean(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	GString *clean = g_string_new(NULL);

	for (char *at = valid; *at != '\0'; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);
		g_string_append_unichar(clean, is_visible(c) ? c : '?');
	}
	return g_string_free(clean, FALSE);
}
