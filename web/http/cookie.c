/* Reads and writes cookie headers. It does not know what a cookie's value means. */
#include "web/http/cookie.h"

#include <string.h>

char *cookie_get(const char *header, const char *name)
{
	g_autofree char *found = NULL;
	size_t name_length = strlen(name);

	for (const char *at = header; at != NULL && *at != '\0';) {
		at += strspn(at, " \t;");
		size_t length = strcspn(at, ";");
		if (length > name_length && at[name_length] == '=' &&
		    strncmp(at, name, name_length) == 0) {
			if (found != NULL)
				return NULL;
			found = g_strchomp(
				g_strndup(at + name_length + 1, length - name_length - 1));
		}
		at += length;
	}
	return g_steal_pointer(&found);
}

char *cookie_set_login(const char *value, uint32_t max_age_s)
{
	return g_strdup_printf(COOKIE_LOGIN
			       "=%s; Path=/; Max-Age=%u; Secure; HttpOnly; SameSite=Strict",
			       value, max_age_s);
}
