/* When deletions run. It must not decide what is due: the database does, under a lock that holds
 * respect. */
#include "recorder/retention.h"

#include "recorder/deletion.h"
#include "sql/deletion_store.h"
#include "sql/recording_store.h"

#include <errno.h>

#define LOOK_AGAIN_US (600 * G_USEC_PER_SEC)

struct retention {
	struct retention_settings settings;
	char *conninfo, *role, *node;
	struct db *db; /**< of the thread */
	GThread *thread;
	GMutex lock;
	GCond changed;
	bool woken, stopping;
};

/* False: the database is away, the rest waits for the next look. */
static bool finish(struct retention *r, const struct deletion *deletion, const char *sha256,
		   GError **error)
{
	if (!deletion_store_finish(r->db, deletion->session_id, sha256, error))
		return false;
	g_message("recording %s is deleted (%s)", deletion->session_id, deletion->cause);
	if (r->settings.deleted != NULL)
		r->settings.deleted(r->settings.user, deletion->session_id, sha256);
	return true;
}

/* Without its directory there is no head for a tombstone to name, and nobody here knows who took
 * it: that is an alarm and no deletion. */
static bool give_up(struct retention *r, const struct deletion *deletion, GError **error)
{
	bool changed;

	if (!recording_store_note_missing(r->db, deletion->session_id, r->node, true, &changed,
					  error))
		return false;
	if (changed)
		g_critical("recording %s was to be deleted (%s) and is missing: the store does not "
			   "hold it",
			   deletion->session_id, deletion->cause);
	return true;
}

static bool delete_one(struct retention *r, const struct deletion *deletion, GError **error)
{
	char sha256[DIGEST_HEX_BYTES];
	bool claimed;

	if (!deletion_store_claim(r->db, deletion, r->node, &claimed, error))
		return false;
	if (!claimed)
		return true;
	int result = deletion_run(r->settings.store, &r->settings.keys, deletion, sha256);
	if (result == 0)
		return finish(r, deletion, sha256, error);
	if (result == -ENOENT)
		return give_up(r, deletion, error);
	g_warning("recording %s cannot be deleted: %s", deletion->session_id, g_strerror(-result));
	return true;
}

static bool is_stopping(struct retention *r)
{
	g_mutex_lock(&r->lock);
	bool stopping = r->stopping;
	g_mutex_unlock(&r->lock);
	return stopping;
}

static bool look(struct retention *r, GError **error)
{
	g_autoptr(GPtrArray) due = NULL;

	if (r->db == NULL)
		r->db = db_open(r->conninfo, r->role, "vitrine-recorder", error);
	if (r->db == NULL || !deletion_store_due(r->db, r->node, &due, error))
		return false;
	for (unsigned i = 0; i < due->len && !is_stopping(r); i++)
		if (!delete_one(r, g_ptr_array_index(due, i), error))
			return false;
	return true;
}

/* False: the program ends. */
static bool wait_for_work(struct retention *r)
{
	gint64 until_us = g_get_monotonic_time() + LOOK_AGAIN_US;

	g_mutex_lock(&r->lock);
	while (!r->woken && !r->stopping && g_cond_wait_until(&r->changed, &r->lock, until_us))
		;
	r->woken = false;
	bool go_on = !r->stopping;
	g_mutex_unlock(&r->lock);
	return go_on;
}

static gpointer run_thread(gpointer data)
{
	struct retention *r = data;

	do {
		g_autoptr(GError) error = NULL;
		if (!look(r, &error))
			g_warning("due deletions wait: %s", error->message);
	} while (wait_for_work(r));
	db_close(r->db);
	return NULL;
}

struct retention *retention_create(const struct retention_settings *settings)
{
	struct retention *r = g_new0(struct retention, 1);

	r->settings = *settings;
	r->conninfo = g_strdup(settings->conninfo);
	r->role = g_strdup(settings->role);
	r->node = g_strdup(settings->node);
	g_mutex_init(&r->lock);
	g_cond_init(&r->changed);
	r->thread = g_thread_new("retention", run_thread, r);
	return r;
}

static void signal_thread(struct retention *r, bool *flag)
{
	g_mutex_lock(&r->lock);
	*flag = true;
	g_cond_signal(&r->changed);
	g_mutex_unlock(&r->lock);
}

void retention_wake(struct retention *retention)
{
	signal_thread(retention, &retention->woken);
}

void retention_destroy(struct retention *retention)
{
	if (retention == NULL)
		return;
	signal_thread(retention, &retention->stopping);
	g_thread_join(retention->thread);
	g_mutex_clear(&retention->lock);
	g_cond_clear(&retention->changed);
	g_free(retention->conninfo);
	g_free(retention->role);
	g_free(retention->node);
	g_free(retention);
}
