/* Fuzz target: login names and alternate shells. Input: user, a zero byte, shell; both must be
 * UTF-8, as the broker protocol makes sure. */
#include "gateway/broker/login_name.h"

#include <glib.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_part(const char *part, bool may_be_empty)
{
	g_assert(may_be_empty || *part != '\0');
	g_assert(g_utf8_strlen(part, -1) <= LOGIN_NAME_MAX_CHARACTERS);
	g_assert(strpbrk(part, "\r\n\t") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	size_t first = strlen(text);
	const char *shell = first < size ? text + first + 1 : "";
	struct login_name name;

	if (!g_utf8_validate(text, -1, NULL) || !g_utf8_validate(shell, -1, NULL) ||
	    !login_name_parse(text, shell, &name))
		return 0;
	check_part(name.login, false);
	check_part(name.bare, false);
	check_part(name.account, true);
	check_part(name.target, true);
	g_assert(strchr(name.login, '%') == NULL && g_str_has_prefix(name.login, name.bare));
	login_name_clear(&name);
	return 0;
}
