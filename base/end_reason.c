/* The table of end reasons, readable by number and by key. */
#include "base/end_reason.h"

#include <string.h>

static const struct {
	const char *key, *text;
} reasons[END_REASON_COUNT] = {
	[END_NONE] = {"none", "The session is running."},
#define END_REASON(name, key, text) [END_##name] = {key, text},
#include "base/end_reason.def"
#undef END_REASON
};

const char *end_reason_key(uint32_t reason)
{
	return reason < END_REASON_COUNT ? reasons[reason].key : "unknown";
}

const char *end_reason_text(uint32_t reason)
{
	return reason < END_REASON_COUNT ? reasons[reason].text : "The session ended.";
}

enum end_reason end_reason_from_key(const char *key)
{
	for (int i = 1; i < END_REASON_COUNT; i++)
		if (strcmp(reasons[i].key, key) == 0)
			return (enum end_reason)i;
	return END_NONE;
}
