/* What goes into a recording's timeline, and how much of it a session may say. It must not know
 * where lines are written. */
#include "recorder/recording_inbox.h"
#include "recorder/recording_internal.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

bool recording_add_event(struct recording *r, const char *json, const char *origin, uint64_t t_us)
{
	uint64_t at_us = MAX(t_us, archive_time_us(r->archive));
	g_autofree char *line = timeline_line(json, origin, at_us);

	if (line == NULL)
		line = timeline_line("{\"type\":\"refused-event\"}", TIMELINE_RECORDER, at_us);
	bool sealed = r->seals_keystrokes && strcmp(origin, TIMELINE_SESSION) == 0 &&
		      timeline_is_keystroke(line);
	int result = sealed ? archive_add_keystroke(r->archive, at_us, line)
			    : archive_add_line(r->archive, at_us, line);
	if (result < 0)
		recording_fail(r, result, "the timeline cannot be written");
	return result == 0;
}

void recording_add_note(struct recording *r, const char *type, const char *name, int64_t value)
{
	g_autofree char *json =
		g_strdup_printf("{\"type\":\"%s\",\"%s\":%" G_GINT64_FORMAT "}", type, name, value);

	recording_add_event(r, json, TIMELINE_RECORDER, recording_now_us(r));
}

static void note_dropped(struct recording *r, struct timeline_budget *budget)
{
	uint64_t dropped = budget->n_dropped;

	budget->n_dropped = 0;
	if (dropped > 0)
		recording_add_note(r, "events-dropped", "count", (int64_t)dropped);
}

void recording_note_dropped(struct recording *r)
{
	note_dropped(r, &r->budget);
	note_dropped(r, &r->watches);
}

/* ---- Who watches ---- */

/* The names are the web program's, so they go through jansson. */
void recording_watched(void *user, const struct live_request *who, unsigned watcher, bool begins)
{
	json_t *event = json_pack("{s:s, s:s, s:s, s:s, s:I}", "type", "watch", "action",
				  begins ? "begin" : "end", "by", who->account, "address",
				  who->address, "watcher", (json_int_t)watcher);
	char *text = json_dumps(event, JSON_COMPACT);

	recording_command_push(user, recording_command_new(COMMAND_WATCH, text));
	free(text);
	json_decref(event);
}

void recording_add_watch(struct recording *r, const char *json)
{
	uint64_t now_us = recording_now_us(r);

	if (!timeline_budget_take(&r->watches, now_us, strlen(json)))
		return;
	note_dropped(r, &r->watches);
	recording_add_event(r, json, TIMELINE_WEB, now_us);
}

void recording_take_event(void *user, const char *json, uint64_t t_us)
{
	struct recording *r = user;

	if (!timeline_budget_take(&r->budget, recording_now_us(r), strlen(json)))
		return;
	note_dropped(r, &r->budget);
	recording_add_event(r, json, TIMELINE_SESSION, t_us);
}
