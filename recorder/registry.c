/* Which recordings run. It must not know sockets: the gateway's link calls it, and gets answers
 * through one function. */
#include "recorder/registry.h"

#include "base/clock.h"
#include "recorder/leftovers.h"
#include "recorder/session_link.h"

#include <errno.h>
#include <unistd.h>

#define ENOUGH_FOR_SEALS_PART 8u

struct registry {
	struct registry_settings settings;
	GHashTable *entries; /**< session id -> struct entry */
	struct leftovers *left;
	void (*stopped)(void *);
	void *stopped_user;
};

struct entry {
	struct registry *registry;
	char *session_id;
	struct recording *recording;
	struct session_link *link;
	int session_fd; /**< while it is being opened: what `link` will be made of; -1: nothing */
	bool opened;
	enum end_reason ending; /**< END_NONE: it runs */
};

static void entry_free(gpointer data)
{
	struct entry *entry = data;

	session_link_destroy(entry->link);
	if (entry->session_fd >= 0)
		close(entry->session_fd);
	recording_unref(entry->recording);
	g_free(entry->session_id);
	g_free(entry);
}

static void say_opened(struct registry *registry, const char *session_id, enum end_reason reason,
		       const char *detail)
{
	const struct recorder_opened opened = {(char *)(uintptr_t)session_id, reason,
					       (char *)(uintptr_t)detail};

	registry->settings.send(registry->settings.user, RECORDER_OPENED, &opened);
}

static void say_taken(struct registry *registry, const char *session_id, uint64_t number,
		      bool written)
{
	const struct recorder_taken taken = {(char *)(uintptr_t)session_id, number, written};

	registry->settings.send(registry->settings.user, RECORDER_TAKEN, &taken);
}

static void tell_stopped(struct registry *registry)
{
	if (registry->stopped != NULL && g_hash_table_size(registry->entries) == 0)
		registry->stopped(registry->stopped_user);
}

/* ---- What recordings report ---- */

static enum end_reason refusal(int error)
{
	return error == -ENOSPC || error == -EDQUOT ? END_STORAGE_FULL : END_RECORDER_LOST;
}

static void refuse(struct registry *registry, const char *session_id, enum end_reason reason,
		   const char *why)
{
	g_warning("recording %s is refused: %s", session_id, why);
	say_opened(registry, session_id, reason, why);
}

static void make_link(struct entry *entry)
{
	entry->link = session_link_create(entry->session_fd, entry->recording);
	entry->session_fd = -1;
}

static void opened(void *user, int result)
{
	struct entry *entry = user;
	struct registry *registry = entry->registry;

	if (result < 0) {
		refuse(registry, entry->session_id, refusal(result), g_strerror(-result));
		g_hash_table_remove(registry->entries, entry->session_id);
		tell_stopped(registry);
		return;
	}
	entry->opened = true;
	/* Nobody's session: its gateway has only something to say about it. */
	if (entry->session_fd < 0) {
		recording_link_lost(entry->recording);
		return;
	}
	if (entry->ending != END_NONE)
		return;
	make_link(entry);
	g_message("recording %s is open", entry->session_id);
	say_opened(registry, entry->session_id, END_NONE, "");
}

static void taken(void *user, uint64_t number, bool written)
{
	struct entry *entry = user;

	say_taken(entry->registry, entry->session_id, number, written);
}

static void canvas_ready(void *user, enum end_reason reason)
{
	struct entry *entry = user;

	if (entry->link != NULL)
		session_link_canvas_ready(entry->link, reason);
}

static void ending(void *user, enum end_reason reason, const char *detail)
{
	struct entry *entry = user;

	/* Without its link the session freezes at once: nothing is seen or typed between the last
	 * picture that could be written and the end. */
	g_clear_pointer(&entry->link, session_link_destroy);
	entry->ending = reason;
	say_opened(entry->registry, entry->session_id, reason, detail);
}

static void closed(void *user, bool ok, const char *detail, const struct archive_totals *totals)
{
	struct entry *entry = user;
	struct registry *registry = entry->registry;
	struct recorder_sealed sealed = {.session_id = entry->session_id,
					 .ok = ok,
					 .detail = (char *)(uintptr_t)detail,
					 .head = (char *)(uintptr_t)totals->head,
					 .frames = totals->frames,
					 .bytes = totals->bytes,
					 .duration_us = totals->duration_us};

	registry->settings.send(registry->settings.user, RECORDER_SEALED, &sealed);
	g_hash_table_remove(registry->entries, entry->session_id);
	tell_stopped(registry);
}

struct registry *registry_create(const struct registry_settings *settings)
{
	struct registry *registry = g_new0(struct registry, 1);

	registry->settings = *settings;
	registry->settings.services.openers = recording_openers_new();
	registry->entries = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, entry_free);
	registry->left = leftovers_create(&registry->settings.services.archive);
	return registry;
}

void registry_destroy(struct registry *registry)
{
	if (registry == NULL)
		return;
	g_thread_pool_free(registry->settings.services.openers, FALSE, TRUE);
	g_hash_table_unref(registry->entries);
	leftovers_destroy(registry->left);
	g_free(registry);
}

/* ---- What the gateway asks ---- */

static struct recording *take_up(struct registry *registry, const struct recorder_open *open,
				 const struct recording_observer *observer)
{
	struct recovered *left = leftovers_take(registry->left, open->session_id);
	struct recording *recording =
		recording_resume(&registry->settings.services, g_steal_pointer(&left->archive),
				 &left->from, open, observer);

	recovered_free(left);
	return recording;
}

/* Returns 0 when it is on its way; `opened` follows. Takes `session_fd` then. */
static int start_recording(struct registry *registry, const struct recorder_open *open,
			   int session_fd)
{
	struct entry *entry = g_new0(struct entry, 1);
	const struct recording_observer observer = {opened, taken,  canvas_ready,
						    ending, closed, entry};
	bool is_left = leftovers_contains(registry->left, open->session_id);

	if (open->resume != is_left) {
		g_free(entry);
		return is_left ? -EEXIST : -ENOENT;
	}
	*entry = (struct entry){.registry = registry,
				.session_id = g_strdup(open->session_id),
				.session_fd = session_fd};
	entry->recording = is_left ? take_up(registry, open, &observer)
				   : recording_open(&registry->settings.services, open, &observer);
	g_hash_table_insert(registry->entries, entry->session_id, entry);
	g_message("recording %s %s", open->session_id, open->resume ? "goes on" : "begins");
	return 0;
}

/* A recording that runs, or one that was left here: a session that ended while no recorder was
 * there has an end to be told, and perhaps who ended it. Nobody says here how keys are to be kept:
 * as closely as can be. */
static struct entry *find(struct registry *registry, const char *session_id)
{
	struct entry *entry = g_hash_table_lookup(registry->entries, session_id);
	bool seals = registry->settings.services.archive.keys.keystrokes != NULL;
	char sealed[] = RECORDER_KEYS_SEALED;
	const struct recorder_open open = {.session_id = (char *)(uintptr_t)session_id,
					   .resume = 1,
					   .keys = seals ? sealed : NULL};

	if (entry != NULL || !leftovers_contains(registry->left, session_id))
		return entry;
	start_recording(registry, &open, -1);
	return g_hash_table_lookup(registry->entries, session_id);
}

static void relink(struct entry *entry, int session_fd)
{
	if (entry->ending != END_NONE) {
		close(session_fd);
		say_opened(entry->registry, entry->session_id, entry->ending,
			   "the recording is coming to its end");
		return;
	}
	if (entry->session_fd >= 0)
		close(entry->session_fd);
	session_link_destroy(g_steal_pointer(&entry->link));
	entry->session_fd = session_fd;
	if (!entry->opened)
		return;
	make_link(entry);
	recording_link_back(entry->recording);
	say_opened(entry->registry, entry->session_id, END_NONE, "");
}

static bool room_for(struct registry *registry, const struct recorder_open *open)
{
	struct recorder_storage storage;

	registry_storage(registry, &storage);
	return storage.accepting || open->resume;
}

/* What the session's policy asks for can be kept here. Never silently plain or left out:
 * who set it relies on it. */
static bool policy_ok(const struct registry *registry, const struct recorder_open *open)
{
	return g_strcmp0(open->keys, RECORDER_KEYS_SEALED) != 0 ||
	       registry->settings.services.archive.keys.keystrokes != NULL;
}

/* END_NONE, or why it may not begin and *ret_why in words. */
static enum end_reason may_open(struct registry *registry, const struct recorder_open *open,
				const char **ret_why)
{
	*ret_why = "keystrokes are to be sealed, but there is no "
		   "recorder.keystroke_certificate_file";
	if (!policy_ok(registry, open))
		return END_UNRECORDABLE;
	*ret_why = "the recorder is being stopped";
	if (registry->stopped != NULL)
		return END_RECORDER_LOST;
	*ret_why = g_strerror(EEXIST);
	if (g_hash_table_contains(registry->entries, open->session_id))
		return END_RECORDER_LOST;
	*ret_why = g_strerror(ENOSPC);
	return room_for(registry, open) ? END_NONE : END_STORAGE_FULL;
}

void registry_open(struct registry *registry, const struct recorder_open *open, int session_fd)
{
	struct entry *entry = g_hash_table_lookup(registry->entries, open->session_id);
	const char *why;

	if (entry != NULL && open->resume) {
		relink(entry, session_fd);
		return;
	}
	enum end_reason reason = may_open(registry, open, &why);
	if (reason == END_NONE) {
		int result = start_recording(registry, open, session_fd);
		if (result == 0)
			return;
		reason = refusal(result);
		why = g_strerror(-result);
	}
	close(session_fd);
	refuse(registry, open->session_id, reason, why);
}

void registry_event(struct registry *registry, const struct recorder_event *event)
{
	struct entry *entry = find(registry, event->session_id);

	if (entry != NULL) {
		recording_event(entry->recording, event->json, event->number);
		return;
	}
	g_warning("an event for %s, which is not being recorded", event->session_id);
	say_taken(registry, event->session_id, event->number, false);
}

void registry_close(struct registry *registry, const struct recorder_close *close_message)
{
	struct entry *entry = find(registry, close_message->session_id);

	if (entry != NULL)
		recording_close(entry->recording,
				close_message->reason < END_REASON_COUNT
					? (enum end_reason)close_message->reason
					: END_FAULT,
				close_message->detail);
	else
		say_taken(registry, close_message->session_id, close_message->number, false);
}

static void close_all(struct registry *registry, enum end_reason reason, const char *detail,
		      bool tell)
{
	GHashTableIter iter;
	gpointer item;

	g_hash_table_iter_init(&iter, registry->entries);
	while (g_hash_table_iter_next(&iter, NULL, &item)) {
		struct entry *entry = item;
		if (tell)
			ending(entry, reason, detail);
		recording_close(entry->recording, reason, detail);
	}
}

void registry_stop(struct registry *registry, enum end_reason reason, void (*done)(void *),
		   void *user)
{
	registry->stopped = done;
	registry->stopped_user = user;
	leftovers_seal_all(registry->left);
	close_all(registry, reason, "the recorder is being stopped", true);
	tell_stopped(registry);
}

uint64_t registry_reserve_bytes(const struct registry *registry)
{
	return registry->settings.reserve_bytes;
}

void registry_storage(struct registry *registry, struct recorder_storage *ret)
{
	uint64_t reserve_bytes = registry->settings.reserve_bytes;
	int result = store_free_bytes(registry->settings.services.archive.store, &ret->free_bytes);

	if (result < 0)
		ret->free_bytes = 0;
	ret->accepting = result == 0 && ret->free_bytes >= reserve_bytes;
	if (ret->free_bytes < reserve_bytes / ENOUGH_FOR_SEALS_PART)
		close_all(registry, END_STORAGE_FULL, "the store is full", true);
}
