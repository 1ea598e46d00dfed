/* What a recorder before us left open, and how long it waits. It must not know recordings that
 * run. */
#include "recorder/leftovers.h"

#define RESUME_WAIT_S 30u

struct leftovers {
	const struct archive_services *services;
	GHashTable *waiting; /**< session id -> struct recovered */
	guint source;
};

static void seal(const struct leftovers *leftovers, const struct recovered *left)
{
	struct archive_totals totals;

	if (recovered_is_deleted(left, leftovers->services))
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

void leftovers_seal_all(struct leftovers *leftovers)
{
	GHashTableIter iter;
	gpointer left;

	g_clear_handle_id(&leftovers->source, g_source_remove);
	g_hash_table_iter_init(&iter, leftovers->waiting);
	while (g_hash_table_iter_next(&iter, NULL, &left)) {
		seal(leftovers, left);
		g_hash_table_iter_remove(&iter);
	}
}

static gboolean stop_waiting(gpointer data)
{
	struct leftovers *leftovers = data;

	leftovers->source = 0;
	leftovers_seal_all(leftovers);
	return G_SOURCE_REMOVE;
}

struct leftovers *leftovers_create(const struct archive_services *services)
{
	struct leftovers *leftovers = g_new0(struct leftovers, 1);
	g_autoptr(GPtrArray) found = recovery_scan(services);

	leftovers->services = services;
	leftovers->waiting = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
						   (GDestroyNotify)recovered_free);
	g_ptr_array_set_free_func(found, NULL);
	for (unsigned i = 0; i < found->len; i++) {
		struct recovered *left = g_ptr_array_index(found, i);
		g_message("recording %s was interrupted; it may go on within %u s",
			  left->from.session_id, RESUME_WAIT_S);
		g_hash_table_insert(leftovers->waiting, left->from.session_id, left);
	}
	if (found->len > 0)
		leftovers->source = g_timeout_add_seconds(RESUME_WAIT_S, stop_waiting, leftovers);
	return leftovers;
}

void leftovers_destroy(struct leftovers *leftovers)
{
	if (leftovers == NULL)
		return;
	g_clear_handle_id(&leftovers->source, g_source_remove);
	g_hash_table_unref(leftovers->waiting);
	g_free(leftovers);
}

bool leftovers_contains(const struct leftovers *leftovers, const char *session_id)
{
	return g_hash_table_contains(leftovers->waiting, session_id);
}

struct recovered *leftovers_take(struct leftovers *leftovers, const char *session_id)
{
	gpointer left = NULL;

	g_hash_table_steal_extended(leftovers->waiting, session_id, NULL, &left);
	return left;
}
