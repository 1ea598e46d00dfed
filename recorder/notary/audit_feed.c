/* From rows of the audit trail to leaves. It must not write to the database. */
#include "recorder/notary/audit_feed.h"

#include "sql/audit_store.h"

#include <jansson.h>
#include <string.h>

#define LOOK_US G_USEC_PER_SEC
#define PAGE_ROWS 500u
/* An export's record names the hash of its manifest: it gets a leaf of its own, so that a proof can speak of it. */
#define EXPORT_ACTION "export-finish"
#define EXPORT_HASH "manifest_sha256"

struct audit_feed {
	char *conninfo, *role;
	uint64_t last;
	audit_leaf_fn leaf;
	void *user;
	struct db *db; /**< of the thread */
	GThread *thread;
	GMutex lock;
	GCond changed;
	bool stopping, complained;
};

static void tell_export(struct audit_feed *feed, const struct audit_row *row)
{
	struct leaf leaf = {.kind = LEAF_EXPORT};
	json_t *detail = json_loads(row->detail, 0, NULL);
	const char *sha256 = json_string_value(json_object_get(detail, EXPORT_HASH));

	if (sha256 != NULL && strlen(sha256) == DIGEST_HEX_BYTES - 1 &&
	    g_uuid_string_is_valid(row->subject)) {
		g_strlcpy(leaf.session, row->subject, sizeof leaf.session);
		g_strlcpy(leaf.sha256, sha256, sizeof leaf.sha256);
		feed->leaf(feed->user, &leaf);
	}
	json_decref(detail);
}

static void tell(struct audit_feed *feed, const struct audit_row *row)
{
	struct leaf leaf = {.kind = LEAF_AUDIT, .audit_id = row->number};
	g_autofree char *json = audit_row_json(row);

	digest_hex_of(json, strlen(json), leaf.sha256);
	/* First, so that a kill in between enters it twice rather than never. */
	if (strcmp(row->action, EXPORT_ACTION) == 0)
		tell_export(feed, row);
	feed->leaf(feed->user, &leaf);
	feed->last = row->number;
}

/* False: there is nothing more, or the database is away. */
static bool read_page(struct audit_feed *feed, GError **error)
{
	g_autoptr(GPtrArray) rows = NULL;

	if (feed->db == NULL)
		feed->db = db_open(feed->conninfo, feed->role, "vitrine-recorder", error);
	if (feed->db == NULL || !audit_store_after(feed->db, feed->last, PAGE_ROWS, &rows, error))
		return false;
	for (unsigned i = 0; i < rows->len; i++)
		tell(feed, rows->pdata[i]);
	return rows->len == PAGE_ROWS;
}

/* False: the program ends. */
static bool wait_a_while(struct audit_feed *feed)
{
	gint64 until_us = g_get_monotonic_time() + LOOK_US;

	g_mutex_lock(&feed->lock);
	while (!feed->stopping && g_cond_wait_until(&feed->changed, &feed->lock, until_us))
		;
	bool go_on = !feed->stopping;
	g_mutex_unlock(&feed->lock);
	return go_on;
}

static bool is_stopping(struct audit_feed *feed)
{
	g_mutex_lock(&feed->lock);
	bool stopping = feed->stopping;
	g_mutex_unlock(&feed->lock);
	return stopping;
}

static gpointer run_thread(gpointer data)
{
	struct audit_feed *feed = data;

	do {
		g_autoptr(GError) error = NULL;
		while (read_page(feed, &error) && !is_stopping(feed))
			;
		if (error != NULL && !feed->complained)
			g_warning("audit records wait for the node log: %s", error->message);
		feed->complained = error != NULL;
	} while (wait_a_while(feed));
	db_close(feed->db);
	return NULL;
}

struct audit_feed *audit_feed_create(const char *conninfo, const char *role, uint64_t last,
				     audit_leaf_fn leaf, void *user)
{
	if (conninfo == NULL)
		return NULL;
	struct audit_feed *feed = g_new0(struct audit_feed, 1);
	feed->conninfo = g_strdup(conninfo);
	feed->role = g_strdup(role);
	feed->last = last;
	feed->leaf = leaf;
	feed->user = user;
	g_mutex_init(&feed->lock);
	g_cond_init(&feed->changed);
	feed->thread = g_thread_new("audit-feed", run_thread, feed);
	return feed;
}

void audit_feed_destroy(struct audit_feed *feed)
{
	if (feed == NULL)
		return;
	g_mutex_lock(&feed->lock);
	feed->stopping = true;
	g_cond_signal(&feed->changed);
	g_mutex_unlock(&feed->lock);
	g_thread_join(feed->thread);
	g_mutex_clear(&feed->lock);
	g_cond_clear(&feed->changed);
	g_free(feed->conninfo);
	g_free(feed->role);
	g_free(feed);
}
