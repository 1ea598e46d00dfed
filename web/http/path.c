/* Judges and splits request paths. It opens nothing and knows no route. */
#include "web/http/path.h"

#include <glib.h>
#include <string.h>

static bool part_ok(const char *part, size_t length)
{
	if (length == 0 || (length == 1 && part[0] == '.') ||
	    (length == 2 && part[0] == '.' && part[1] == '.'))
		return false;
	for (size_t i = 0; i < length; i++)
		if (part[i] <= ' ' || part[i] > '~' || part[i] == '\\' || part[i] == '%')
			return false;
	return true;
}

bool path_ok(const char *path)
{
	if (path[0] != '/' || strlen(path) > PATH_MAX_BYTES)
		return false;
	if (path[1] == '\0')
		return true;
	for (const char *at = path; *at == '/';) {
		size_t length = strcspn(++at, "/");
		if (!part_ok(at, length))
			return false;
		at += length;
	}
	return true;
}

bool path_match(const char *pattern, const char *path, struct path_parts *ret)
{
	struct path_parts parts = {.n_parts = 0};

	while (*pattern == '/' && *path == '/') {
		size_t want = strcspn(++pattern, "/"), have = strcspn(++path, "/");
		if (want == 1 && pattern[0] == '*') {
			if (have == 0 || have >= PATH_PART_BYTES || parts.n_parts == PATH_MAX_PARTS)
				return false;
			memcpy(parts.part[parts.n_parts++], path, have);
		} else if (want != have || memcmp(pattern, path, want) != 0) {
			return false;
		}
		pattern += want;
		path += have;
	}
	if (*pattern != '\0' || *path != '\0')
		return false;
	*ret = parts;
	return true;
}

bool path_is_uuid(const char *text)
{
	if (strlen(text) != 36)
		return false;
	for (unsigned i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (dash ? text[i] != '-'
			 : !(g_ascii_isdigit(text[i]) || (text[i] >= 'a' && text[i] <= 'f')))
			return false;
	}
	return true;
}

bool path_is_file_name(const char *text)
{
	size_t length = strlen(text);

	if (length == 0 || length >= PATH_PART_BYTES || text[0] == '.')
		return false;
	for (size_t i = 0; i < length; i++)
		if (!g_ascii_isalnum(text[i]) && strchr("-_.", text[i]) == NULL)
			return false;
	return true;
}
