/* Reads Range headers. Pure text to numbers: it knows no request and no file. */
#include "web/http/range.h"

#include <glib.h>
#include <string.h>

/* Digits only, at least one; g_ascii_strtoull alone would also take blanks and signs. */
static bool take_number(const char **at, uint64_t *ret)
{
	const char *p = *at;
	uint64_t value = 0;

	if (!g_ascii_isdigit(*p))
		return false;
	for (; g_ascii_isdigit(*p); p++) {
		uint64_t digit = (uint64_t)(*p - '0');
		if (value > (UINT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*at = p;
	*ret = value;
	return true;
}

/* "-N": the last N bytes (RFC 9110 14.1.2, suffix-range). */
static enum range_result suffix(const char *at, uint64_t size_bytes, uint64_t *ret_offset,
				uint64_t *ret_length)
{
	uint64_t length;

	if (!take_number(&at, &length) || *at != '\0')
		return RANGE_NONE;
	if (length == 0 || size_bytes == 0)
		return RANGE_UNSATISFIABLE;
	*ret_length = MIN(length, size_bytes);
	*ret_offset = size_bytes - *ret_length;
	return RANGE_PART;
}

enum range_result range_parse(const char *header, uint64_t size_bytes, uint64_t *ret_offset,
			      uint64_t *ret_length)
{
	static const char unit[] = "bytes=";
	uint64_t first, last;

	if (header == NULL || g_ascii_strncasecmp(header, unit, strlen(unit)) != 0)
		return RANGE_NONE;
	const char *at = header + strlen(unit);
	if (*at == '-')
		return suffix(at + 1, size_bytes, ret_offset, ret_length);
	if (!take_number(&at, &first) || *at++ != '-')
		return RANGE_NONE;
	if (*at == '\0')
		last = UINT64_MAX;
	else if (!take_number(&at, &last) || *at != '\0' || last < first)
		return RANGE_NONE;
	if (first >= size_bytes)
		return RANGE_UNSATISFIABLE;
	*ret_offset = first;
	*ret_length = MIN(last, size_bytes - 1) - first + 1;
	return RANGE_PART;
}
