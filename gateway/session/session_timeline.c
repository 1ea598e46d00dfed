/* The timeline: JSON objects on their way into the ring. Before the first canvas, and while the
 * recorder does not read, they wait here; nothing is dropped silently. What the gateway knows
 * does not travel this way. */
#include "gateway/session/session_priv.h"

#include "base/text.h"
#include "recorder/ring/ring_reader.h"

#include <errno.h>
#include <jansson.h>

#define TITLE_MAX_CHARACTERS 256
/* What the recorder takes of all events together is shared with the keys: a target that renames
 * itself without pause must not push them out. */
#define TITLE_EVERY_US 1000000u
#define TITLES_AT_ONCE 20u

static int write_entry(struct session *s, uint64_t time_us, const char *json)
{
	if (s->writer == NULL)
		return -ENOSPC;
	int result = ring_writer_event(s->writer, time_us, json, strlen(json));
	if (result == 0)
		ring_writer_ring(s->writer);
	return result;
}

static void entry_free(void *data)
{
	struct timeline_entry *entry = data;

	g_free(entry->json);
	g_free(entry);
}

void timeline_put_locked(struct session *session, const char *json)
{
	uint64_t now_us = clock_now_us();

	if (session->timeline.length == 0 && write_entry(session, now_us, json) == 0)
		return;
	if (session->timeline.length >= TIMELINE_MAX_WAITING) {
		session_end_locked(session, END_RECORDER_LOST, "nobody reads the timeline");
		return;
	}
	struct timeline_entry *entry = g_new(struct timeline_entry, 1);
	*entry = (struct timeline_entry){now_us, g_strdup(json)};
	g_queue_push_tail(&session->timeline, entry);
	session_recorder_decide_locked(session);
}

void timeline_put_json_locked(struct session *session, json_t *object)
{
	char *json = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);

	if (json != NULL && strlen(json) <= RING_EVENT_MAX_BYTES)
		timeline_put_locked(session, json);
	else
		session_end_locked(session, END_FAULT, "a timeline entry that cannot be written");
	free(json);
	json_decref(object);
}

bool timeline_flush_locked(struct session *session)
{
	const struct timeline_entry *entry;

	while ((entry = g_queue_peek_head(&session->timeline)) != NULL) {
		if (write_entry(session, entry->time_us, entry->json) < 0)
			return false;
		entry_free(g_queue_pop_head(&session->timeline));
	}
	return true;
}

void timeline_clear_locked(struct session *session)
{
	if (session->timeline.length > 0)
		g_warning("%u timeline entries found no reader", session->timeline.length);
	g_queue_clear_full(&session->timeline, entry_free);
}

/* The reader takes anything that is no text for a lie of the whole ring, so it is
 * checked on this side first. */
int session_event(struct session *session, const char *json)
{
	json_t *object = strlen(json) <= RING_EVENT_MAX_BYTES ? json_loads(json, 0, NULL) : NULL;

	if (!json_is_object(object)) {
		json_decref(object);
		return -EINVAL;
	}
	json_decref(object);
	monitor_enter(&session->monitor);
	timeline_put_locked(session, json);
	monitor_leave(&session->monitor);
	return 0;
}

/* ---- Titles ---- */

static bool title_fits(struct session *session)
{
	uint64_t now_us = clock_now_us();

	if (session->title_due_us > now_us + TITLES_AT_ONCE * TITLE_EVERY_US) {
		session->titles_skipped++;
		return false;
	}
	session->title_due_us = MAX(session->title_due_us, now_us) + TITLE_EVERY_US;
	return true;
}

static void title_changed_locked(struct session *session, const char *of, const char *text)
{
	if (g_strcmp0(session->title, text) == 0 || !title_fits(session))
		return;
	g_free(session->title);
	session->title = g_strdup(text);
	json_t *object = json_pack("{s:s, s:s, s:s}", "type", "title", "of", of, "text", text);
	if (session->titles_skipped > 0)
		json_object_set_new(object, "skipped",
				    json_integer((json_int_t)session->titles_skipped));
	session->titles_skipped = 0;
	timeline_put_json_locked(session, object);
}

void session_title(struct session *session, const char *of, const char *text)
{
	g_autofree char *clean = text_clean(text);
	glong n_characters = MIN(g_utf8_strlen(clean, -1), TITLE_MAX_CHARACTERS);
	g_autofree char *cut = g_utf8_substring(clean, 0, n_characters);

	monitor_enter(&session->monitor);
	if (cut[0] != '\0' || session->title != NULL)
		title_changed_locked(session, of, cut);
	monitor_leave(&session->monitor);
}
