/* What the library takes and another language's would not, or not alike, is refused here. It must
 * not know what an object means. */
#include "recorder/chain/strict_json.h"

#include <glib.h>
#include <stdint.h>
#include <string.h>

#define NUMBER_MAX ((UINT64_C(1) << 53) - 1)
#define LEVELS_MAX 32u

/* Behind its closing quote, or the end when it has none: the library says what is wrong then. */
static const char *skip_text(const char *at, const char *end)
{
	for (at++; at < end && *at != '"'; at++)
		if (*at == '\\' && at + 1 < end)
			at++;
	return at < end ? at + 1 : end;
}

/* Whole and in range, without fraction or exponent; NULL: it is not. */
static const char *skip_number(const char *at, const char *end)
{
	uint64_t value = 0;

	for (; at < end && g_ascii_isdigit(*at); at++) {
		value = value * 10 + (uint64_t)(*at - '0');
		if (value > NUMBER_MAX)
			return NULL;
	}
	return at < end && strchr(".eE", *at) != NULL ? NULL : at;
}

static bool is_plain(const char *text, size_t length)
{
	const char *at = text, *end = text + length;
	unsigned levels = 0;

	while (at != NULL && at < end) {
		if (*at == '"') {
			at = skip_text(at, end);
		} else if (g_ascii_isdigit(*at)) {
			at = skip_number(at, end);
		} else {
			levels += *at == '{' || *at == '[';
			levels -= (*at == '}' || *at == ']') && levels > 0;
			at = *at == '-' || levels > LEVELS_MAX ? NULL : at + 1;
		}
	}
	return at != NULL;
}

json_t *strict_json_load(const char *text, size_t length)
{
	json_t *object = is_plain(text, length)
				 ? json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL)
				 : NULL;

	if (json_is_object(object))
		return object;
	json_decref(object);
	return NULL;
}

bool strict_json_is_utc(const char *text)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd.ddddddZ";
	bool good = strlen(text) == sizeof form - 1;

	for (size_t i = 0; good && form[i] != '\0'; i++)
		good = form[i] == 'd' ? g_ascii_isdigit(text[i]) : text[i] == form[i];
	return good;
}
