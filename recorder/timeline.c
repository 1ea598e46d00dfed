/* Timeline lines. It must not know where events come from beyond their name, nor where lines go. */
#include "recorder/timeline.h"

#include "recorder/lines/line_writer.h"

#include <jansson.h>
#include <string.h>

#define BUDGET_BURST_BYTES (1u << 20)
#define BUDGET_BYTES_PER_S (64u << 10)
/* A line is also a record on the disk, of which a segment's file may have four millions
 * (recorder/reader/reader_crypt.c): 512 a second, however short. */
#define LINE_COST_MIN_BYTES 128u

char *timeline_line(const char *json, const char *origin, uint64_t t_us)
{
	json_t *event = json_loads(json, JSON_REJECT_DUPLICATES, NULL);

	if (!json_is_object(event)) {
		json_decref(event);
		return NULL;
	}
	json_t *line = json_pack("{s:I, s:s}", "t_us", (json_int_t)t_us, "origin", origin);
	json_object_update_missing(line, event);
	json_decref(event);
	char *text = json_dumps(line, JSON_COMPACT);
	json_decref(line);
	char *result = text != NULL ? g_strconcat(text, "\n", NULL) : NULL;
	free(text);
	if (result != NULL && strlen(result) > LINES_LINE_MAX_BYTES)
		g_clear_pointer(&result, g_free);
	return result;
}

bool timeline_is_keystroke(const char *line)
{
	json_t *event = json_loads(line, 0, NULL);
	bool is = g_strcmp0(json_string_value(json_object_get(event, "type")), "key") == 0;

	json_decref(event);
	return is;
}

void timeline_budget_init(struct timeline_budget *budget, uint64_t now_us)
{
	*budget = (struct timeline_budget){BUDGET_BURST_BYTES, now_us, 0};
}

bool timeline_budget_take(struct timeline_budget *budget, uint64_t now_us, size_t bytes)
{
	uint64_t passed_us = MIN(now_us - MIN(now_us, budget->filled_us), 60 * G_USEC_PER_SEC);
	uint64_t gained = passed_us * BUDGET_BYTES_PER_S / G_USEC_PER_SEC;

	if (gained > 0) {
		budget->left_bytes = MIN(budget->left_bytes + gained, BUDGET_BURST_BYTES);
		budget->filled_us = now_us;
	}
	uint64_t cost_bytes = MAX(bytes, LINE_COST_MIN_BYTES);
	if (cost_bytes > budget->left_bytes) {
		budget->n_dropped++;
		return false;
	}
	budget->left_bytes -= cost_bytes;
	return true;
}
