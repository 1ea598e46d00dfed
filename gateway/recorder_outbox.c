/* What waits for the recorder. It must not know connections: it is told when something was sent,
 * answered or lost. */
#include "gateway/recorder_outbox.h"

#include "base/clock.h"

#include <jansson.h>
#include <string.h>

/* An event that is said within this is as old as its line in the timeline says. */
#define LATE_US G_USEC_PER_SEC

struct entry {
	const struct message_type *type;
	union {
		struct recorder_event event;
		struct recorder_close close;
	} message;
	uint64_t made_us, made_utc_us;
	bool repeated;
	uint64_t dropped; /* events that this one stands for; 0: it is one itself */
};

struct recorder_outbox {
	GQueue entries;	     /* struct entry; before `next`: said, not answered */
	GList *next;	     /* NULL: everything is said */
	GHashTable *waiting; /* session id -> events kept, GUINT_TO_POINTER */
	uint64_t n_made;
	struct recorder_event told; /* what `next` says, with what is added to it now */
};

static bool is_event(const struct entry *entry)
{
	return entry->type->number == RECORDER_EVENT;
}

/* Both messages begin alike, but that is theirs to change. */
static const char *session_of(const struct entry *entry)
{
	return is_event(entry) ? entry->message.event.session_id : entry->message.close.session_id;
}

static void forget_told(struct recorder_outbox *outbox)
{
	message_clear(recorder_message_type(RECORDER_EVENT), &outbox->told);
}

static void entry_free(gpointer data)
{
	struct entry *entry = data;

	message_clear(entry->type, &entry->message);
	g_free(entry);
}

struct recorder_outbox *recorder_outbox_create(void)
{
	struct recorder_outbox *outbox = g_new0(struct recorder_outbox, 1);

	g_queue_init(&outbox->entries);
	outbox->waiting = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	return outbox;
}

void recorder_outbox_destroy(struct recorder_outbox *outbox)
{
	if (outbox == NULL)
		return;
	forget_told(outbox);
	g_queue_clear_full(&outbox->entries, entry_free);
	g_hash_table_unref(outbox->waiting);
	g_free(outbox);
}

/* ---- In ---- */

static unsigned waiting_of(const struct recorder_outbox *outbox, const char *session_id)
{
	return GPOINTER_TO_UINT(g_hash_table_lookup(outbox->waiting, session_id));
}

static void count(struct recorder_outbox *outbox, const char *session_id, int more)
{
	unsigned n = waiting_of(outbox, session_id) + (unsigned)more;

	if (n == 0)
		g_hash_table_remove(outbox->waiting, session_id);
	else
		g_hash_table_insert(outbox->waiting, g_strdup(session_id), GUINT_TO_POINTER(n));
}

static void push(struct recorder_outbox *outbox, struct entry *entry)
{
	entry->made_us = clock_now_us();
	entry->made_utc_us = clock_utc_us();
	g_queue_push_tail(&outbox->entries, entry);
	if (outbox->next == NULL)
		outbox->next = outbox->entries.tail;
	if (is_event(entry))
		count(outbox, session_of(entry), 1);
}

static struct entry *push_event(struct recorder_outbox *outbox, const char *session_id,
				const char *json)
{
	struct entry *entry = g_new0(struct entry, 1);

	entry->type = recorder_message_type(RECORDER_EVENT);
	entry->message.event =
		(struct recorder_event){g_strdup(session_id), g_strdup(json), ++outbox->n_made};
	push(outbox, entry);
	return entry;
}

/* The note that still can be changed. */
static struct entry *find_note(const struct recorder_outbox *outbox, const char *session_id)
{
	for (GList *at = outbox->next; at != NULL; at = at->next) {
		struct entry *entry = at->data;
		if (entry->dropped > 0 && !entry->repeated &&
		    strcmp(session_of(entry), session_id) == 0)
			return entry;
	}
	return NULL;
}

static void write_note(struct entry *note)
{
	g_autofree char *from = clock_format_utc(note->made_utc_us);
	g_autofree char *until = clock_format_utc(clock_utc_us());

	g_free(note->message.event.json);
	note->message.event.json =
		g_strdup_printf("{\"type\":\"events-dropped\",\"count\":%" G_GUINT64_FORMAT
				",\"from_utc\":\"%s\",\"until_utc\":\"%s\"}",
				++note->dropped, from, until);
}

static void drop(struct recorder_outbox *outbox, const char *session_id)
{
	struct entry *note = find_note(outbox, session_id);

	if (note == NULL) {
		g_critical("session %s has more to tell its recording than can wait: the recording "
			   "will say so",
			   session_id);
		note = push_event(outbox, session_id, "");
	}
	write_note(note);
}

void recorder_outbox_event(struct recorder_outbox *outbox, const char *session_id, const char *json)
{
	const struct recorder_event event = {(char *)(uintptr_t)session_id, (char *)(uintptr_t)json,
					     0};

	forget_told(outbox);
	if (waiting_of(outbox, session_id) >= OUTBOX_EVENTS_MAX ||
	    !message_fits(recorder_message_type(RECORDER_EVENT), &event))
		drop(outbox, session_id);
	else
		push_event(outbox, session_id, json);
}

void recorder_outbox_close(struct recorder_outbox *outbox, const char *session_id,
			   enum end_reason reason, const char *detail)
{
	struct entry *entry = g_new0(struct entry, 1);

	forget_told(outbox);
	entry->type = recorder_message_type(RECORDER_CLOSE);
	entry->message.close = (struct recorder_close){g_strdup(session_id), reason,
						       g_strdup(detail), ++outbox->n_made};
	push(outbox, entry);
}

/* ---- Out ---- */

/* The recorder stamps a line when it comes. Texts that leave no room for more are told as they
 * are. */
static char *tell(const struct entry *entry)
{
	bool late = clock_now_us() - entry->made_us >= LATE_US;
	json_t *object =
		late || entry->repeated ? json_loads(entry->message.event.json, 0, NULL) : NULL;

	if (!json_is_object(object)) {
		json_decref(object);
		return g_strdup(entry->message.event.json);
	}
	g_autofree char *utc = clock_format_utc(entry->made_utc_us);
	json_object_set_new(object, "happened_utc", json_string(utc));
	if (entry->repeated)
		json_object_set_new(object, "repeated", json_true());
	char *text = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	char *copy = g_strdup(strlen(text) <= RECORDER_EVENT_MAX_BYTES ? text
								       : entry->message.event.json);
	free(text);
	return copy;
}

const struct message_type *recorder_outbox_next(struct recorder_outbox *outbox,
						const void **ret_message)
{
	forget_told(outbox);
	if (outbox->next == NULL)
		return NULL;
	const struct entry *entry = outbox->next->data;
	if (is_event(entry)) {
		outbox->told = (struct recorder_event){g_strdup(session_of(entry)), tell(entry),
						       entry->message.event.number};
		*ret_message = &outbox->told;
	} else {
		*ret_message = &entry->message.close;
	}
	return entry->type;
}

void recorder_outbox_sent(struct recorder_outbox *outbox)
{
	outbox->next = outbox->next->next;
}

void recorder_outbox_rewind(struct recorder_outbox *outbox)
{
	for (GList *at = outbox->entries.head; at != outbox->next; at = at->next)
		((struct entry *)at->data)->repeated = true;
	outbox->next = outbox->entries.head;
}

/* ---- Answered ---- */

/* Returns the event, which is the caller's, if it is one. */
static char *take(struct recorder_outbox *outbox, GList *at)
{
	struct entry *entry = at->data;
	char *json = NULL;

	if (is_event(entry)) {
		count(outbox, session_of(entry), -1);
		json = g_steal_pointer(&entry->message.event.json);
	}
	if (outbox->next == at)
		outbox->next = at->next;
	g_queue_delete_link(&outbox->entries, at);
	entry_free(entry);
	return json;
}

static uint64_t number_of(const struct entry *entry)
{
	return is_event(entry) ? entry->message.event.number : entry->message.close.number;
}

char *recorder_outbox_taken(struct recorder_outbox *outbox, const struct recorder_taken *taken)
{
	forget_told(outbox);
	for (GList *at = outbox->entries.head; at != outbox->next; at = at->next) {
		struct entry *entry = at->data;
		if (number_of(entry) != taken->number ||
		    strcmp(session_of(entry), taken->session_id) != 0)
			continue;
		g_autofree char *json = take(outbox, at);
		return taken->written ? NULL : g_steal_pointer(&json);
	}
	return NULL;
}

GPtrArray *recorder_outbox_sealed(struct recorder_outbox *outbox, const char *session_id)
{
	GPtrArray *lost = g_ptr_array_new_with_free_func(g_free);

	forget_told(outbox);
	for (GList *at = outbox->entries.head, *after; at != NULL; at = after) {
		after = at->next;
		if (strcmp(session_of(at->data), session_id) != 0)
			continue;
		char *json = take(outbox, at);
		if (json != NULL)
			g_ptr_array_add(lost, json);
	}
	return lost;
}

bool recorder_outbox_all_said(const struct recorder_outbox *outbox)
{
	return outbox->next == NULL;
}

unsigned recorder_outbox_unsaid(const struct recorder_outbox *outbox)
{
	return g_list_length(outbox->next);
}

unsigned recorder_outbox_kept(const struct recorder_outbox *outbox)
{
	return outbox->entries.length;
}
