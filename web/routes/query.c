/* Reads query parameters. */
#include "web/routes/query.h"

const char *query_text(const struct route_call *call, const char *name)
{
	const char *text = http_request_query(call->request, name);

	return text != NULL && text[0] != '\0' ? text : NULL;
}

bool query_number(struct route_call *call, const char *name, uint64_t fallback, uint64_t max,
		  uint64_t *ret)
{
	const char *text = query_text(call, name);

	if (text == NULL) {
		*ret = fallback;
		return true;
	}
	if (g_ascii_string_to_unsigned(text, 10, 0, max, ret, NULL))
		return true;
	route_fail(call, 400, "invalid", "A number in this request is not valid.");
	return false;
}
