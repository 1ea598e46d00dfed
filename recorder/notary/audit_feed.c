/* From rows of the audit trail to leaves. It must not write to the database. */
#include "recorder/notary/audit_feed.h"

#include "sql/audit_store.h"
#include "sql/db_listener.h"

#include <jansson.h>
#include <stdatomic.h>
#include <string.h>

#define TRY_AGAIN_MS 2000u
#define PAGE_ROWS 500u
/* An export's record names the hash of its manifest: it gets a leaf of its own, so that a
 * proof can speak of it. */
#define EXPORT_ACTION "export-finish"
#define EXPORT_HASH "manifest_sha256"

struct audit_feed {
	char *conninfo, *role;
	uint64_t last;
	audit_leaf_fn leaf;
	void *user;
	GThread *thread;
	GMainContext *context; /**< of the thread */
	GMainLoop *loop;
	atomic_bool stopping;
	/* The thread's own. */
	struct db *db;
	GSource *again; /**< the next try after a failure */
	bool complained;
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

static void look(struct audit_feed *feed);

static gboolean look_again(void *user_data)
{
	struct audit_feed *feed = user_data;

	g_clear_pointer(&feed->again, g_source_unref);
	look(feed);
	return G_SOURCE_REMOVE;
}

static void try_again_later(struct audit_feed *feed)
{
	if (feed->again != NULL)
		return;
	feed->again = g_timeout_source_new(TRY_AGAIN_MS);
	g_source_set_callback(feed->again, look_again, feed, NULL);
	g_source_attach(feed->again, feed->context);
}

static void look(struct audit_feed *feed)
{
	g_autoptr(GError) error = NULL;

	while (read_page(feed, &error) && !feed->stopping)
		;
	if (error != NULL && !feed->complained)
		g_warning("audit records wait for the node log: %s", error->message);
	feed->complained = error != NULL;
	if (error != NULL)
		try_again_later(feed);
}

/* There are new records, or the connection is back and may have missed some. */
static void called(const char *payload, void *user_data)
{
	look(user_data);
}

static gpointer run_thread(gpointer data)
{
	struct audit_feed *feed = data;
	struct db_listener *listener =
		db_listener_create(feed->conninfo, feed->role, "vitrine-recorder", DB_CHANNEL_AUDIT,
				   feed->context, called, feed);

	g_main_loop_run(feed->loop);
	db_listener_destroy(listener);
	if (feed->again != NULL)
		g_source_destroy(feed->again);
	g_clear_pointer(&feed->again, g_source_unref);
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
	feed->context = g_main_context_new();
	feed->loop = g_main_loop_new(feed->context, FALSE);
	feed->thread = g_thread_new("audit-feed", run_thread, feed);
	return feed;
}

static gboolean quit(void *user_data)
{
	g_main_loop_quit(user_data);
	return G_SOURCE_REMOVE;
}

void audit_feed_destroy(struct audit_feed *feed)
{
	if (feed == NULL)
		return;
	feed->stopping = true;
	/* On the loop, so that it is heard even if the thread has not begun to run it. */
	GSource *source = g_idle_source_new();
	g_source_set_callback(source, quit, feed->loop, NULL);
	g_source_attach(source, feed->context);
	g_source_unref(source);
	g_thread_join(feed->thread);
	g_main_loop_unref(feed->loop);
	g_main_context_unref(feed->context);
	g_free(feed->conninfo);
	g_free(feed->role);
	g_free(feed);
}
