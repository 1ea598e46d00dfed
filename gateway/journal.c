/* The writer of session rows. It must not know sessions: it is told rows and keeps their order. */
#include "gateway/journal.h"

#include "base/clock.h"
#include "gateway/broker/note.h"
#include "sql/audit_store.h"
#include "sql/session_store.h"

#define RETRY_US G_USEC_PER_SEC

enum row_kind { ROW_RUNNING, ROW_END, ROW_AUDIT };

struct row {
	enum row_kind kind;
	char *session_id; /* also the subject of an audit record */
	uint64_t utc_us;
	uint32_t width_px, height_px;
	enum end_reason reason;
	char *actor, *action, *address, *detail;
};

struct journal {
	GThread *thread;
	GMutex lock;
	GCond changed;
	GQueue rows; /* struct row; the head stays until it is written */
	bool stopping;
	uint64_t give_up_us;
	struct db *db;
};

static void row_free(struct row *row)
{
	g_free(row->session_id);
	g_free(row->actor);
	g_free(row->action);
	g_free(row->address);
	g_free(row->detail);
	g_free(row);
}

/* What this session did is known by its row; the audit record says that it is over. */
static bool write_end(struct db *db, const struct row *row, GError **error)
{
	g_autofree char *detail = note_end(row->reason, row->detail);

	return session_store_end(db, row->session_id, row->utc_us, row->reason, row->detail,
				 error) &&
	       audit_store_add(db, row->actor, "session-end", row->session_id, row->address, detail,
			       error);
}

static bool write_row(struct db *db, const struct row *row, GError **error)
{
	switch (row->kind) {
	case ROW_RUNNING:
		return session_store_running(db, row->session_id, row->utc_us, row->width_px,
					     row->height_px, error);
	case ROW_END:
		return write_end(db, row, error);
	case ROW_AUDIT:
		return audit_store_add(db, row->actor, row->action, row->session_id, row->address,
				       row->detail, error);
	}
	return true;
}

/* True when the row needs no further try. */
static bool settle_row(struct journal *journal, const struct row *row)
{
	g_autoptr(GError) error = NULL;

	if (write_row(journal->db, row, &error))
		return true;
	if (g_error_matches(error, DB_ERROR, DB_ERROR_AWAY))
		return false;
	g_critical("a row about session %s cannot be written: %s", row->session_id, error->message);
	return true;
}

static void wait_for_retry(struct journal *journal)
{
	gint64 until = g_get_monotonic_time() + (gint64)RETRY_US;

	while (!journal->stopping && g_cond_wait_until(&journal->changed, &journal->lock, until))
		;
}

static bool time_is_over(const struct journal *journal)
{
	return journal->stopping && clock_now_us() >= journal->give_up_us;
}

static void *write_rows(void *data)
{
	struct journal *journal = data;

	g_mutex_lock(&journal->lock);
	while (!time_is_over(journal)) {
		struct row *row = g_queue_peek_head(&journal->rows);
		if (row == NULL && journal->stopping)
			break;
		if (row == NULL) {
			g_cond_wait(&journal->changed, &journal->lock);
			continue;
		}
		g_mutex_unlock(&journal->lock);
		bool settled = settle_row(journal, row);
		g_mutex_lock(&journal->lock);
		if (settled)
			row_free(g_queue_pop_head(&journal->rows));
		else if (!journal->stopping)
			wait_for_retry(journal);
	}
	g_mutex_unlock(&journal->lock);
	return NULL;
}

struct journal *journal_create(const struct config_database *database, GError **error)
{
	struct db *db =
		db_open(database->conninfo, database->gateway_role, "vitrine-gateway", error);

	if (db == NULL)
		return NULL;
	struct journal *journal = g_new0(struct journal, 1);
	journal->db = db;
	g_mutex_init(&journal->lock);
	g_cond_init(&journal->changed);
	g_queue_init(&journal->rows);
	journal->thread = g_thread_new("journal", write_rows, journal);
	return journal;
}

void journal_destroy(struct journal *journal, uint64_t flush_us)
{
	if (journal == NULL)
		return;
	g_mutex_lock(&journal->lock);
	journal->give_up_us = clock_now_us() + flush_us;
	journal->stopping = true;
	g_cond_signal(&journal->changed);
	g_mutex_unlock(&journal->lock);
	g_thread_join(journal->thread);
	if (journal->rows.length > 0)
		g_critical("%u rows about sessions were not written: the database was away",
			   journal->rows.length);
	while (journal->rows.length > 0)
		row_free(g_queue_pop_head(&journal->rows));
	g_mutex_clear(&journal->lock);
	g_cond_clear(&journal->changed);
	db_close(journal->db);
	g_free(journal);
}

static void push(struct journal *journal, const struct row *row)
{
	g_mutex_lock(&journal->lock);
	g_queue_push_tail(&journal->rows, g_memdup2(row, sizeof *row));
	g_cond_signal(&journal->changed);
	g_mutex_unlock(&journal->lock);
}

void journal_running(struct journal *journal, const char *session_id, uint64_t running_utc_us,
		     uint32_t width_px, uint32_t height_px)
{
	const struct row row = {.kind = ROW_RUNNING,
				.session_id = g_strdup(session_id),
				.utc_us = running_utc_us,
				.width_px = width_px,
				.height_px = height_px};

	push(journal, &row);
}

void journal_end(struct journal *journal, const char *session_id, uint64_t ended_utc_us,
		 enum end_reason reason, const char *detail, const char *user, const char *address)
{
	const struct row row = {.kind = ROW_END,
				.session_id = g_strdup(session_id),
				.utc_us = ended_utc_us,
				.reason = reason,
				.detail = g_strdup(detail),
				.actor = g_strdup(user),
				.address = g_strdup(address)};

	push(journal, &row);
}

void journal_audit(struct journal *journal, const char *actor, const char *action,
		   const char *subject, const char *address, const char *detail)
{
	const struct row row = {.kind = ROW_AUDIT,
				.session_id = g_strdup(subject),
				.actor = g_strdup(actor),
				.action = g_strdup(action),
				.address = g_strdup(address),
				.detail = g_strdup(detail)};

	push(journal, &row);
}

unsigned journal_waiting(struct journal *journal)
{
	g_mutex_lock(&journal->lock);
	unsigned n = journal->rows.length;
	g_mutex_unlock(&journal->lock);
	return n;
}
