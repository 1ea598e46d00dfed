/* The thread that owns the node log. It must not decide what is worth a leaf: whoever calls
 * does. */
#include "recorder/notary/notary.h"

#include "recorder/nodelog/log_status.h"
#include "recorder/nodelog/nodelog.h"
#include "recorder/nodelog/recording_ends.h"
#include "recorder/notary/audit_feed.h"
#include "recorder/notary/publisher.h"
#include "recorder/notary/stamper.h"
#include "recorder/notary/store_scan.h"

#include <string.h>

#define REOPEN_US (30 * G_USEC_PER_SEC)
#define TRY_AGAIN_US (5 * G_USEC_PER_SEC)
/* How old the numbers are that are told to those who watch over the node. */
#define STATUS_US (15 * G_USEC_PER_SEC)

enum item_kind { ITEM_LEAF, ITEM_STAMP, ITEM_WAKE };

struct item {
	enum item_kind kind;
	struct leaf leaf; /**< ITEM_STAMP: session and hash only */
	uint64_t seq;	  /**< of a seal or checkpoint */
};

struct notary {
	struct notary_settings settings;
	char *store_dir, *node;
	GAsyncQueue *items;
	GThread *thread;
	struct publisher *publisher;
	struct stamper *stamper;
	bool stop; /**< atomic */

	/* Of the thread. */
	struct audit_feed *audit;
	struct nodelog *log;
	struct store_scan *scan; /**< what the log held when it was opened */
	GQueue backlog;		 /**< struct item, taken from the queue and not written yet */
	gint64 next_publish_us, last_head_us;
	struct log_status status; /**< as written last */
	bool refused, complained, stopping;
};

static void push(struct notary *notary, const struct item *item)
{
	g_async_queue_push(notary->items, g_memdup2(item, sizeof *item));
}

static struct item new_item(enum item_kind kind, enum leaf_kind leaf, const char *session_id,
			    const char *sha256)
{
	struct item item = {.kind = kind, .leaf = {.kind = leaf}};

	g_strlcpy(item.leaf.session, session_id, sizeof item.leaf.session);
	g_strlcpy(item.leaf.sha256, sha256, sizeof item.leaf.sha256);
	return item;
}

void notary_genesis(struct notary *notary, const char *session_id, const char *sha256)
{
	const struct item item = new_item(ITEM_LEAF, LEAF_GENESIS, session_id, sha256);

	if (notary != NULL)
		push(notary, &item);
}

void notary_seal(struct notary *notary, const char *session_id, uint64_t seq, const char *sha256)
{
	struct item item = new_item(ITEM_LEAF, LEAF_SEAL, session_id, sha256);

	item.seq = seq;
	if (notary == NULL)
		return;
	stamper_forget(notary->stamper, session_id);
	push(notary, &item);
}

void notary_checkpoint(struct notary *notary, const char *session_id, uint64_t seq,
		       const char *sha256)
{
	struct item item = new_item(ITEM_STAMP, LEAF_KIND_COUNT, session_id, sha256);

	item.seq = seq;
	if (notary != NULL && stamper_wants_checkpoint(notary->stamper, session_id))
		push(notary, &item);
}

void notary_deletion(struct notary *notary, const char *session_id, const char *sha256)
{
	const struct item item = new_item(ITEM_LEAF, LEAF_DELETION, session_id, sha256);

	if (notary != NULL)
		push(notary, &item);
}

/* ---- From here on the thread ---- */

static void push_audit(void *user, const struct leaf *leaf)
{
	const struct item item = {.kind = ITEM_LEAF, .leaf = *leaf};

	push(user, &item);
}

/* What the last recorder could not enter any more. */
static void push_found(void *user, const struct leaf *leaf, uint64_t seq)
{
	const struct item item = {.kind = ITEM_LEAF, .leaf = *leaf, .seq = seq};

	push(user, &item);
}

static void note_leaf(const struct leaf *leaf, void *user)
{
	store_scan_note(user, leaf);
}

static void complain(struct notary *n, const char *what)
{
	if (!n->complained)
		g_warning("node log: %s", what);
	n->complained = true;
}

/* What a crash kept from the log may have been signed before the last rotation. The log's own
 * certificates lie on the same disk as a false tombstone would. */
static struct store_scan *new_scan(const struct notary *n)
{
	const struct chain_key *previous = n->settings.previous_key;
	g_autofree char *pem =
		g_strconcat(chain_key_certificate_pem(n->settings.key), "\n",
			    previous != NULL ? chain_key_certificate_pem(previous) : NULL, NULL);

	return store_scan_create(n->store_dir, pem);
}

/* False: not open; later again, or never when it is broken. */
static bool open_log(struct notary *n)
{
	g_autoptr(GError) error = NULL;
	struct store_scan *scan = new_scan(n);

	n->log = nodelog_open(n->store_dir, n->node, n->settings.key, note_leaf, scan, &error);
	if (n->log == NULL) {
		store_scan_destroy(scan);
		n->refused = g_error_matches(error, NODELOG_ERROR, NODELOG_ERROR_BROKEN);
		if (n->refused)
			g_critical("node log: %s: nothing is entered any more; keep the directory, "
				   "find out what happened (vitrine log verify), then move it away",
				   error->message);
		else
			complain(n, error->message);
		return false;
	}
	n->complained = false;
	n->scan = scan;
	store_scan_find(scan, push_found, n);
	n->audit = audit_feed_create(n->settings.conninfo, n->settings.role,
				     store_scan_last_audit(scan), push_audit, n);
	return true;
}

/* The queue entry goes to the disk before the leaf: whoever finds a seal without a leaf
 * after a crash asks again. */
static void queue_stamp(struct notary *n, const struct item *item)
{
	if (item->kind == ITEM_STAMP || (item->kind == ITEM_LEAF && item->leaf.kind == LEAF_SEAL))
		stamper_add(n->stamper, item->leaf.session, item->seq, item->leaf.sha256);
}

/* A power cut must not leave a leaf for an entry that it took. The archive synced it before it
 * told, and a start looks at what a crash left: a disk that refuses now gets a leaf all the same,
 * which then names what is lost. */
static void sync_entry(const struct notary *n, const struct leaf *leaf)
{
	if (leaf->kind != LEAF_GENESIS && leaf->kind != LEAF_SEAL)
		return;
	int result = recording_ends_sync(n->store_dir, leaf->session);
	if (result < 0 && result != -ENOENT)
		g_warning("node log: the chain of recording %s cannot be synced before its leaf: "
			  "%s",
			  leaf->session, g_strerror(-result));
}

/* False: the disk does not take it; the item stays. */
static bool take_item(struct notary *n, const struct item *item)
{
	queue_stamp(n, item);
	if (item->kind != ITEM_LEAF || !store_scan_is_new(n->scan, &item->leaf))
		return true;
	sync_entry(n, &item->leaf);
	int result = nodelog_append(n->log, &item->leaf);
	if (result == 0) {
		n->complained = false;
		store_scan_note(n->scan, &item->leaf);
		return true;
	}
	complain(n, g_strerror(-result));
	return false;
}

static void sign_head(struct notary *n, bool tell)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *line = nodelog_sign_head(n->log, &error);

	n->last_head_us = g_get_monotonic_time();
	if (line == NULL) {
		complain(n, error->message);
		/* What lies on the disk is not known any more: it is read again. */
		audit_feed_destroy(g_steal_pointer(&n->audit));
		nodelog_close(g_steal_pointer(&n->log));
		store_scan_destroy(g_steal_pointer(&n->scan));
		return;
	}
	if (tell)
		publisher_offer(n->publisher, line);
}

static bool head_due(const struct notary *n, gint64 now_us)
{
	return nodelog_size(n->log) > nodelog_signed_size(n->log) &&
	       (n->stopping ||
		now_us - n->last_head_us >= (gint64)n->settings.log->head_seconds * G_USEC_PER_SEC);
}

/* A head is told on schedule also when nothing was added: it shows that nothing was. */
static void sign_what_is_due(struct notary *n)
{
	gint64 now_us = g_get_monotonic_time();
	bool tell = publisher_has_places(n->publisher) && now_us >= n->next_publish_us;

	if (!tell && !head_due(n, now_us))
		return;
	sign_head(n, tell || n->stopping);
	if (tell)
		n->next_publish_us =
			now_us + (gint64)n->settings.log->publish_seconds * G_USEC_PER_SEC;
}

static void write_status(struct notary *n)
{
	struct log_status status = {.open = n->log != NULL};

	if (n->log != NULL) {
		status.leaves = nodelog_size(n->log);
		status.signed_leaves = nodelog_signed_size(n->log);
	}
	publisher_counts(n->publisher, &status.heads_told, &status.heads_failed);
	stamper_counts(n->stamper, &status.stamps_waiting, &status.stamps_failed);
	if (memcmp(&status, &n->status, sizeof status) == 0)
		return;
	if (log_status_write(n->store_dir, &status) == 0)
		n->status = status;
}

/* How long nothing has to be done unless an item comes. */
static gint64 time_to_wait_us(const struct notary *n)
{
	gint64 now_us = g_get_monotonic_time();
	gint64 until_us = now_us + STATUS_US;

	if (n->log == NULL)
		return REOPEN_US;
	if (!g_queue_is_empty((GQueue *)(uintptr_t)&n->backlog))
		return TRY_AGAIN_US;
	if (nodelog_size(n->log) > nodelog_signed_size(n->log))
		until_us = n->last_head_us + (gint64)n->settings.log->head_seconds * G_USEC_PER_SEC;
	if (publisher_has_places(n->publisher))
		until_us = MIN(until_us, n->next_publish_us);
	return MAX(until_us - now_us, 1);
}

static void wait_for_items(struct notary *n, gint64 wait_us)
{
	struct item *item = g_async_queue_timeout_pop(n->items, (guint64)wait_us);

	for (; item != NULL; item = g_async_queue_try_pop(n->items))
		g_queue_push_tail(&n->backlog, item);
}

/* Everything that waits, or up to what the disk refuses; one sync for all of it. */
static void take_backlog(struct notary *n)
{
	struct item *item;

	while ((item = g_queue_peek_head(&n->backlog)) != NULL) {
		if (n->log != NULL && !take_item(n, item))
			break;
		g_free(g_queue_pop_head(&n->backlog));
	}
	if (n->log != NULL && nodelog_sync(n->log) < 0)
		complain(n, "the leaves cannot be synced");
}

static gpointer run_thread(gpointer data)
{
	struct notary *n = data;

	while (!n->stopping) {
		if (n->log == NULL && !n->refused)
			(void)open_log(n);
		/* Seen before the queue is emptied: what was pushed before the end is entered. */
		bool stop = __atomic_load_n(&n->stop, __ATOMIC_ACQUIRE);
		wait_for_items(n, stop ? 1 : time_to_wait_us(n));
		n->stopping = stop;
		if (n->log != NULL || n->refused)
			take_backlog(n);
		if (n->log != NULL)
			sign_what_is_due(n);
		write_status(n);
	}
	return NULL;
}

/* ---- Making and unmaking ---- */

struct notary *notary_create(const struct notary_settings *settings)
{
	struct notary *n = g_new0(struct notary, 1);

	n->settings = *settings;
	n->store_dir = g_strdup(settings->store_dir);
	n->node = g_strdup(settings->node);
	n->items = g_async_queue_new_full(g_free);
	g_queue_init(&n->backlog);
	n->publisher = publisher_create(settings->log);
	n->stamper = stamper_create(settings->store_dir, settings->time_stamp);
	n->thread = g_thread_new("nodelog", run_thread, n);
	return n;
}

void notary_destroy(struct notary *notary)
{
	struct notary *n = notary;
	const struct item wake = {.kind = ITEM_WAKE};

	if (n == NULL)
		return;
	__atomic_store_n(&n->stop, true, __ATOMIC_RELEASE);
	push(n, &wake);
	g_thread_join(n->thread);
	audit_feed_destroy(n->audit);
	publisher_destroy(n->publisher);
	stamper_destroy(n->stamper);
	nodelog_close(n->log);
	store_scan_destroy(n->scan);
	g_queue_clear_full(&n->backlog, g_free);
	g_async_queue_unref(n->items);
	g_free(n->store_dir);
	g_free(n->node);
	g_free(n);
}
