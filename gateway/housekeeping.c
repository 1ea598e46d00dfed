/* The hour's round. It must not know what a spent ticket is: the store does. */
#include "gateway/housekeeping.h"

#include "sql/ticket_store.h"

#include <inttypes.h>

#define ROUND_S 3600u

struct housekeeping {
	struct jobs *lookups;
	guint timer;
};

static void tidy(struct db *db, void *job)
{
	g_autoptr(GError) error = NULL;
	uint64_t rows = 0;

	if (!ticket_store_expire(db, &rows, &error))
		g_warning("old one-time passwords stay for an hour more: %s", error->message);
	else if (rows > 0)
		g_message("%" PRIu64 " old one-time passwords are deleted", rows);
}

static void tidied(void *job, void *user_data)
{
	g_free(job);
}

static gboolean round_begins(void *user_data)
{
	struct housekeeping *housekeeping = user_data;

	jobs_push(housekeeping->lookups, g_malloc0(1), tidy, tidied);
	return G_SOURCE_CONTINUE;
}

struct housekeeping *housekeeping_create(struct jobs *lookups)
{
	struct housekeeping *housekeeping = g_new0(struct housekeeping, 1);

	housekeeping->lookups = lookups;
	housekeeping->timer = g_timeout_add_seconds(ROUND_S, round_begins, housekeeping);
	round_begins(housekeeping);
	return housekeeping;
}

void housekeeping_destroy(struct housekeeping *housekeeping)
{
	if (housekeeping == NULL)
		return;
	g_clear_handle_id(&housekeeping->timer, g_source_remove);
	g_free(housekeeping);
}
