/* What goes into a recording's timeline, and how much of it a session may say. It must not know where lines are written. */
#include "recorder/recording_internal.h"

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

void recording_note_dropped(struct recording *r)
{
	uint64_t dropped = r->budget.n_dropped;

	r->budget.n_dropped = 0;
	if (dropped > 0)
		recording_add_note(r, "events-dropped", "count", (int64_t)dropped);
}

void recording_take_event(void *user, const char *json, uint64_t t_us)
{
	struct recording *r = user;

	if (!timeline_budget_take(&r->budget, recording_now_us(r), strlen(json)))
		return;
	recording_note_dropped(r);
	recording_add_event(r, json, TIMELINE_SESSION, t_us);
}
