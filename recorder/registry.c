/* Which recordings run. It must not know sockets: the gateway's link calls it, and gets answers through one function. */
#include "recorder/registry.h"

#include "base/clock.h"
#include "recorder/session_link.h"

#include <errno.h>
#include <unistd.h>

#define RESUME_WAIT_S 30u
#define ENOUGH_FOR_SEALS_PART 8u

struct registry {
	struct registry_settings settings;
	GHashTable *entries; /**< session id -> struct entry */
	GHashTable *left;    /**< session id -> struct recovered, waiting for their sessions */
	guint left_source;
	void (*stopped)(void *);
	void *stopped_user;
};

struct entry {
	struct registry *registry;
	char *session_id;
	struct recording *recording;
	struct session_link *link;
	enum end_reason ending; /**< END_NONE: it runs */
};

static void entry_free(gpointer data)
{
	struct entry *entry = data;

	session_link_destroy(entry->link);
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

/* ---- What recordings report ---- */

static void canvas_ready(void *user, enum end_reason reason)
{
	struct entry *entry = user;

	if (entry->link != NULL)
		session_link_canvas_ready(entry->link, reason);
}

static void ending(void *user, enum end_reason reason, const char *detail)
{
	struct entry *entry = user;

	/* Without its link the session freezes at once: nothing is seen or typed between the last picture that could be written and the end. */
	g_clear_pointer(&entry->link, session_link_destroy);
	entry->ending = reason;
	say_opened(entry->registry, entry->session_id, reason, detail);
}

static void tell_stopped(struct registry *registry)
{
	if (registry->stopped != NULL && g_hash_table_size(registry->entries) == 0)
		registry->stopped(registry->stopped_user);
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

/* ---- What a recorder before us left ---- */

static void seal_left(struct registry *registry, const struct recovered *left)
{
	struct archive_totals totals;

	if (recovered_is_deleted(left, &registry->settings.services.archive))
		return;
	int result = archive_seal(
		left->archive, archive_time_us(left->archive), end_reason_key(END_FAULT),
		"the recorder was interrupted and the session did not come back", &totals);

	if (result < 0)
		g_warning("recording %s cannot be sealed: %s", left->from.session_id,
			  g_strerror(-result));
	else
		g_message("recording %s sealed after an interruption", left->from.session_id);
}

static void seal_all_left(struct registry *registry)
{
	GHashTableIter iter;
	gpointer left;

	g_hash_table_iter_init(&iter, registry->left);
	while (g_hash_table_iter_next(&iter, NULL, &left)) {
		seal_left(registry, left);
		g_hash_table_iter_remove(&iter);
	}
}

static gboolean stop_waiting(gpointer data)
{
	struct registry *registry = data;

	registry->left_source = 0;
	seal_all_left(registry);
	return G_SOURCE_REMOVE;
}

static void find_left(struct registry *registry)
{
	GPtrArray *found = recovery_scan(&registry->settings.services.archive);

	g_ptr_array_set_free_func(found, NULL);
	for (unsigned i = 0; i < found->len; i++) {
		struct recovered *left = g_ptr_array_index(found, i);
		g_message("recording %s was interrupted; it may go on within %u s",
			  left->from.session_id, RESUME_WAIT_S);
		g_hash_table_insert(registry->left, left->from.session_id, left);
	}
	if (found->len > 0)
		registry->left_source =
			g_timeout_add_seconds(RESUME_WAIT_S, stop_waiting, registry);
	g_ptr_array_unref(found);
}

struct registry *registry_create(const struct registry_settings *settings)
{
	struct registry *registry = g_new0(struct registry, 1);

	registry->settings = *settings;
	registry->entries = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, entry_free);
	registry->left = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
					       (GDestroyNotify)recovered_free);
	find_left(registry);
	return registry;
}

void registry_destroy(struct registry *registry)
{
	if (registry == NULL)
		return;
	g_clear_handle_id(&registry->left_source, g_source_remove);
	g_hash_table_unref(registry->entries);
	g_hash_table_unref(registry->left);
	g_free(registry);
}

/* ---- What the gateway asks ---- */

static int start_recording(struct registry *registry, const struct recorder_open *open,
			   struct entry *entry)
{
	const struct recording_observer observer = {canvas_ready, ending, closed, entry};
	const struct recording_services *services = &registry->settings.services;
	struct recovered *left = g_hash_table_lookup(registry->left, open->session_id);

	if (!open->resume)
		return left == NULL ? recording_open(services, open, &observer, &entry->recording)
				    : -EEXIST;
	if (left == NULL)
		return -ENOENT;
	int result = recording_resume(services, left->archive, &left->from, open, &observer,
				      &entry->recording);
	if (result == 0) {
		left->archive = NULL;
		g_hash_table_remove(registry->left, open->session_id);
	}
	return result;
}

static void relink(struct entry *entry, int session_fd)
{
	if (entry->ending != END_NONE) {
		close(session_fd);
		say_opened(entry->registry, entry->session_id, entry->ending,
			   "the recording is coming to its end");
		return;
	}
	session_link_destroy(entry->link);
	entry->link = session_link_create(session_fd, entry->recording);
	recording_link_back(entry->recording);
	say_opened(entry->registry, entry->session_id, END_NONE, "");
}

static enum end_reason refusal(int error)
{
	return error == -ENOSPC || error == -EDQUOT ? END_STORAGE_FULL : END_RECORDER_LOST;
}

static bool room_for(struct registry *registry, const struct recorder_open *open)
{
	struct recorder_storage storage;

	registry_storage(registry, &storage);
	return storage.accepting || open->resume;
}

/* What the session's policy asks for can be kept here. Never silently plain or left out: who set it relies on it. */
static bool policy_ok(const struct registry *registry, const struct recorder_open *open)
{
	return g_strcmp0(open->keys, RECORDER_KEYS_SEALED) != 0 ||
	       registry->settings.services.archive.keys.keystrokes != NULL;
}

static void refuse(struct registry *registry, const struct recorder_open *open,
		   enum end_reason reason, const char *why)
{
	g_warning("recording %s is refused: %s", open->session_id, why);
	say_opened(registry, open->session_id, reason, why);
}

void registry_open(struct registry *registry, const struct recorder_open *open, int session_fd)
{
	struct entry *entry = g_hash_table_lookup(registry->entries, open->session_id);

	if (entry != NULL && open->resume) {
		relink(entry, session_fd);
		return;
	}
	if (!policy_ok(registry, open)) {
		refuse(registry, open, END_UNRECORDABLE,
		       "keystrokes are to be sealed, but there is no "
		       "recorder.keystroke_certificate_file");
		close(session_fd);
		return;
	}
	int result = -ENOSPC;
	entry = g_new0(struct entry, 1);
	*entry = (struct entry){.registry = registry, .session_id = g_strdup(open->session_id)};
	if (registry->stopped != NULL)
		result = -ESHUTDOWN;
	else if (room_for(registry, open))
		result = start_recording(registry, open, entry);
	if (result < 0) {
		refuse(registry, open, refusal(result), g_strerror(-result));
		close(session_fd);
		entry_free(entry);
		return;
	}
	entry->link = session_link_create(session_fd, entry->recording);
	g_hash_table_insert(registry->entries, entry->session_id, entry);
	g_message("recording %s %s", open->session_id, open->resume ? "goes on" : "begins");
	say_opened(registry, open->session_id, END_NONE, "");
}

void registry_event(struct registry *registry, const struct recorder_event *event)
{
	struct entry *entry = g_hash_table_lookup(registry->entries, event->session_id);

	if (entry != NULL)
		recording_event(entry->recording, event->json);
	else
		g_warning("an event for %s, which is not being recorded", event->session_id);
}

void registry_close(struct registry *registry, const struct recorder_close *close_message)
{
	struct entry *entry = g_hash_table_lookup(registry->entries, close_message->session_id);

	if (entry != NULL)
		recording_close(entry->recording,
				close_message->reason < END_REASON_COUNT
					? (enum end_reason)close_message->reason
					: END_FAULT,
				close_message->detail);
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
	g_clear_handle_id(&registry->left_source, g_source_remove);
	seal_all_left(registry);
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
