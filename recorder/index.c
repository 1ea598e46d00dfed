/* The queue of rows about recordings and the thread that empties it, behind the recorder's back. It
 * must not decide anything: it repeats what the store says until the database took it. What a row
 * says is index_rows.c's matter. */
#include "recorder/index_internal.h"

#define RETRY_US (2 * G_USEC_PER_SEC)

static void row_write_free(struct row_write *w)
{
	g_free(w->session_id);
	g_free(w->quality);
	g_free(w->head);
	g_free(w->detail);
	g_free(w->check);
	g_free(w->codec);
	g_clear_pointer(&w->present, g_hash_table_unref);
	g_free(w);
}

/* False: give up, the program ends. */
static bool wait_for_retry(struct index *index)
{
	gint64 until_us = g_get_monotonic_time() + RETRY_US;

	g_mutex_lock(&index->lock);
	if (index->give_up_us != 0)
		until_us = MIN(until_us, index->give_up_us);
	while (g_cond_wait_until(&index->stopping, &index->lock, until_us))
		if (index->give_up_us != 0)
			until_us = MIN(until_us, index->give_up_us);
	bool go_on = index->give_up_us == 0 || g_get_monotonic_time() < index->give_up_us;
	g_mutex_unlock(&index->lock);
	return go_on;
}

static bool try_write(struct index *index, const struct row_write *w, GError **error)
{
	if (index->db == NULL)
		index->db = db_open(index->conninfo, index->role, "vitrine-recorder", error);
	return index->db != NULL && index_write_row(index, w, error);
}

/* False: the program ends and this row stays unwritten. */
static bool write_until_taken(struct index *index, const struct row_write *w)
{
	for (bool said = false;;) {
		g_autoptr(GError) error = NULL;
		if (try_write(index, w, &error))
			return true;
		if (index->db != NULL && !g_error_matches(error, DB_ERROR, DB_ERROR_AWAY)) {
			g_warning("row of recording %s: %s", w->session_id, error->message);
			return true;
		}
		if (!said)
			g_warning("the database does not take recording rows, they wait: %s",
				  error->message);
		said = true;
		if (!wait_for_retry(index))
			return false;
	}
}

static gpointer run_thread(gpointer data)
{
	struct index *index = data;
	bool go_on = true;

	while (go_on) {
		struct row_write *w = g_async_queue_pop(index->writes);
		go_on = w->kind != WRITE_STOP && write_until_taken(index, w);
		row_write_free(w);
	}
	db_close(index->db);
	return NULL;
}

struct index *index_create(const char *conninfo, const char *role, const char *node)
{
	struct index *index = g_new0(struct index, 1);

	index->conninfo = g_strdup(conninfo);
	index->role = g_strdup(role);
	index->node = g_strdup(node);
	index->writes = g_async_queue_new_full((GDestroyNotify)row_write_free);
	g_mutex_init(&index->lock);
	g_cond_init(&index->stopping);
	if (conninfo != NULL)
		index->thread = g_thread_new("index", run_thread, index);
	return index;
}

void index_settle(struct index *index, struct settled *settled)
{
	index->settled = settled;
}

/* Without a database nothing has to be written, and what is sealed is settled. */
static void push(struct index *index, struct row_write *w)
{
	if (index->thread != NULL) {
		g_async_queue_push(index->writes, w);
		return;
	}
	if (w->kind == WRITE_CLOSE && w->sealed && index->settled != NULL)
		settled_add(index->settled, w->session_id);
	row_write_free(w);
}

void index_destroy(struct index *index, unsigned wait_ms)
{
	if (index == NULL)
		return;
	struct row_write *stop = g_new0(struct row_write, 1);
	stop->kind = WRITE_STOP;
	push(index, stop);
	g_mutex_lock(&index->lock);
	index->give_up_us = g_get_monotonic_time() + (gint64)wait_ms * 1000;
	g_cond_signal(&index->stopping);
	g_mutex_unlock(&index->lock);
	if (index->thread != NULL)
		g_thread_join(index->thread);
	g_async_queue_unref(index->writes);
	g_mutex_clear(&index->lock);
	g_cond_clear(&index->stopping);
	g_free(index->conninfo);
	g_free(index->role);
	g_free(index->node);
	g_free(index);
}

void index_list_unchecked(struct index *index, index_unchecked_fn found, void *user)
{
	g_mutex_lock(&index->lock);
	index->unchecked = found;
	index->unchecked_user = user;
	g_mutex_unlock(&index->lock);
	if (found == NULL)
		return;
	struct row_write *w = g_new0(struct row_write, 1);
	w->kind = WRITE_LIST_UNCHECKED;
	push(index, w);
}

void index_open(struct index *index, const char *session_id, const char *quality,
		uint64_t started_utc_us)
{
	struct row_write *w = g_new0(struct row_write, 1);

	w->kind = WRITE_OPEN;
	w->session_id = g_strdup(session_id);
	w->quality = g_strdup(quality);
	w->utc_us = started_utc_us;
	push(index, w);
}

void index_segment(struct index *index, const char *session_id, const struct chain_segment *segment)
{
	if (segment->frames == 0)
		return;
	struct row_write *w = g_new0(struct row_write, 1);
	w->kind = WRITE_SEGMENT;
	w->session_id = g_strdup(session_id);
	w->segment = *segment;
	w->codec = g_strdup(segment->codec);
	w->segment.codec = w->codec;
	push(index, w);
}

void index_close(struct index *index, const char *session_id, bool sealed, uint64_t closed_utc_us,
		 const char *head, const char *detail)
{
	struct row_write *w = g_new0(struct row_write, 1);

	w->kind = WRITE_CLOSE;
	w->session_id = g_strdup(session_id);
	w->sealed = sealed;
	w->utc_us = closed_utc_us;
	w->head = g_strdup(head);
	w->detail = g_strdup(detail != NULL ? detail : "");
	push(index, w);
}

void index_check(struct index *index, const char *session_id, const char *state, const char *detail)
{
	struct row_write *w = g_new0(struct row_write, 1);

	w->kind = WRITE_CHECK;
	w->session_id = g_strdup(session_id);
	w->check = g_strdup(state);
	w->detail = g_strdup(detail);
	push(index, w);
}

void index_give_up(struct index *index, const char *session_id, const char *detail)
{
	struct row_write *w = g_new0(struct row_write, 1);

	w->kind = WRITE_GIVE_UP;
	w->session_id = g_strdup(session_id);
	w->detail = g_strdup(detail);
	push(index, w);
}

void index_compare(struct index *index, const GPtrArray *present)
{
	struct row_write *w = g_new0(struct row_write, 1);

	w->kind = WRITE_COMPARE;
	w->present = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (unsigned i = 0; i < present->len; i++)
		g_hash_table_add(w->present, g_strdup(present->pdata[i]));
	push(index, w);
}
