/* The grammar of login names. It must not know which names exist. */
#include "gateway/broker/login_name.h"

#include <glib.h>
#include <string.h>

/* A part of a name. What the database allows in names (sql/user_store.h NAME_RULE) is stricter;
 * here only lengths and control characters matter, because the text goes on into records. */
static bool part_ok(const char *part)
{
	glong n = g_utf8_strlen(part, -1);

	if (n < 1 || n > LOGIN_NAME_MAX_CHARACTERS)
		return false;
	for (const char *at = part; *at != '\0'; at = g_utf8_find_next_char(at, NULL))
		if (g_unichar_iscntrl(g_utf8_get_char(at)))
			return false;
	return true;
}

static bool parse_user(const char *user, struct login_name *ret)
{
	g_auto(GStrv) parts = g_strsplit(user, "%", 4);
	guint n = g_strv_length(parts);

	if (n < 1 || n > 3)
		return false;
	for (guint i = 0; i < n; i++)
		if (!part_ok(parts[i]))
			return false;
	ret->login = g_strdup(parts[0]);
	ret->account = g_strdup(n == 3 ? parts[1] : "");
	ret->target = g_strdup(n >= 2 ? parts[n - 1] : "");
	const char *at = strrchr(ret->login, '@');
	ret->bare = at != NULL && at > ret->login ? g_strndup(ret->login, (gsize)(at - ret->login))
						  : g_strdup(ret->login);
	return true;
}

/* Puts a name from the shell where none stands yet; a different one is a contradiction. */
static bool merge(char **field, const char *value)
{
	if (!part_ok(value))
		return false;
	if (**field == '\0') {
		g_free(*field);
		*field = g_strdup(value);
	}
	return strcmp(*field, value) == 0;
}

/* The words of "psm /u account /a target /c component"; the component only exists at the product
 * this form comes from. */
static bool parse_words(char **words, struct login_name *ret)
{
	for (unsigned i = 0; words[i] != NULL; i += 2) {
		const char *value = words[i + 1];
		if (value == NULL)
			return false;
		if (g_ascii_strcasecmp(words[i], "/u") == 0) {
			if (!merge(&ret->account, value))
				return false;
		} else if (g_ascii_strcasecmp(words[i], "/a") == 0) {
			if (!merge(&ret->target, value))
				return false;
		} else if (g_ascii_strcasecmp(words[i], "/c") != 0) {
			return false;
		}
	}
	return true;
}

static bool parse_shell(const char *shell, struct login_name *ret)
{
	g_auto(GStrv) split = g_strsplit_set(shell, " \t", -1);
	g_autoptr(GPtrArray) words = g_ptr_array_new();

	for (unsigned i = 0; split[i] != NULL; i++)
		if (split[i][0] != '\0')
			g_ptr_array_add(words, split[i]);
	g_ptr_array_add(words, NULL);
	char **list = (char **)words->pdata;
	if (list[0] == NULL || (g_ascii_strcasecmp(list[0], "psm") != 0 &&
				g_ascii_strcasecmp(list[0], "psm.exe") != 0))
		return true;
	return parse_words(list + 1, ret);
}

bool login_name_parse(const char *user, const char *alternate_shell, struct login_name *ret)
{
	*ret = (struct login_name){0};
	if (parse_user(user, ret) && parse_shell(alternate_shell, ret))
		return true;
	login_name_clear(ret);
	return false;
}

void login_name_clear(struct login_name *name)
{
	g_free(name->login);
	g_free(name->bare);
	g_free(name->account);
	g_free(name->target);
	*name = (struct login_name){0};
}
