/* Fuzz target: a session's event on its way to the timeline. Whatever it says, the line is one
 * line, and time and origin are ours. */
#include "recorder/timeline.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *json = g_strndup((const char *)data, size);
	g_autofree char *line = timeline_line(json, TIMELINE_SESSION, 7);

	if (line == NULL)
		return 0;
	g_assert(g_str_has_prefix(line, "{\"t_us\":7,\"origin\":\"session\""));
	g_assert(strchr(line, '\n') == line + strlen(line) - 1 && g_utf8_validate(line, -1, NULL));
	/* Doubled members are refused here, so a second t_us or origin cannot stand in it. */
	g_autofree char *again = timeline_line(line, TIMELINE_SESSION, 7);
	g_assert_cmpstr(again, ==, line);
	return 0;
}
