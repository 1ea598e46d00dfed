/* A connection and what is said over it: deadline, errors in our words, connecting again. It knows
 * no table but the one that tells the schema's version. */
#include "sql/db.h"

#include "base/clock.h"
#include "sql/db_connect.h"
#include "sql/db_query.h"
#include "sql/migrate.h"

#include <poll.h>
#include <string.h>

G_DEFINE_QUARK(vitrine - db - error - quark, db_error)

struct db {
	char *conninfo, *role, *program;
	PGconn *connection; /* NULL: to be made by the next call */
	/* between db_begin and its end, also when the connection broke in it */
	bool in_transaction;
};

static void drop_connection(struct db *db)
{
	PQfinish(db->connection);
	db->connection = NULL;
}

/* A server that was restarted while we were idle has left its farewell and an end of file on the
 * socket. Seen before a statement is sent, it costs nobody an error. */
static void drop_if_closed(struct db *db)
{
	struct pollfd p = {.fd = PQsocket(db->connection), .events = POLLIN};

	while (poll(&p, 1, 0) > 0)
		if (!PQconsumeInput(db->connection))
			break;
	if (PQstatus(db->connection) != CONNECTION_OK)
		drop_connection(db);
}

static bool make_ready(struct db *db, GError **error)
{
	if (db->connection != NULL)
		drop_if_closed(db);
	if (db->connection != NULL)
		return true;
	if (db->in_transaction) {
		g_set_error_literal(error, DB_ERROR, DB_ERROR_AWAY,
				    "the database connection broke inside a transaction");
		return false;
	}
	db->connection = db_connect(db->conninfo, db->role, db->program, error);
	return db->connection != NULL;
}

static bool state_in(const char *state, const char *const *prefixes)
{
	for (; *prefixes != NULL; prefixes++)
		if (g_str_has_prefix(state, *prefixes))
			return true;
	return false;
}

/* PostgreSQL's SQLSTATE classes (manual, appendix A) in our words. */
static enum db_error error_code(const char *state)
{
	static const char *const away[] = {"08",    "57P",   "57014", "53300", "55P03",
					   "40001", "40P01", "25P03", NULL};
	static const char *const conflict[] = {"23505", "23503", "23P01", NULL};
	static const char *const invalid[] = {"22", "23", NULL};
	static const char *const refused[] = {"42501", "28", "25006", NULL};

	if (state == NULL || state_in(state, away))
		return DB_ERROR_AWAY;
	if (state_in(state, conflict))
		return DB_ERROR_CONFLICT;
	if (state_in(state, invalid))
		return DB_ERROR_INVALID;
	return state_in(state, refused) ? DB_ERROR_REFUSED : DB_ERROR_FAULT;
}

/* Only the primary message: DETAIL repeats values of the row, which may be secrets. */
static void set_result_error(GError **error, const char *what, const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	g_autofree char *line = db_error_line(message);

	g_set_error(error, DB_ERROR, (gint)error_code(state), "cannot %s: %s", what, line);
}

static void set_away_error(struct db *db, GError **error, const char *what)
{
	g_autofree char *line = db_error_line(PQerrorMessage(db->connection));

	g_set_error(error, DB_ERROR, DB_ERROR_AWAY, "cannot %s: %s", what, line);
	drop_connection(db);
}

/* Waits for the whole answer; the last result counts (a script has several), the
 * first failed one stops it. */
static PGresult *take_answer(struct db *db, const char *what, guint64 deadline_us, GError **error)
{
	PGresult *last = NULL, *next;

	for (;;) {
		while (PQisBusy(db->connection)) {
			if (db_wait(db->connection, FALSE, deadline_us) != 0) {
				g_set_error(error, DB_ERROR, DB_ERROR_AWAY,
					    "cannot %s: no answer from the database in time", what);
				PQclear(last);
				drop_connection(db);
				return NULL;
			}
			if (!PQconsumeInput(db->connection)) {
				PQclear(last);
				set_away_error(db, error, what);
				return NULL;
			}
		}
		next = PQgetResult(db->connection);
		if (next == NULL)
			break;
		if (last != NULL && PQresultStatus(last) == PGRES_FATAL_ERROR) {
			PQclear(next);
			continue;
		}
		PQclear(last);
		last = next;
	}
	if (last == NULL)
		set_away_error(db, error, what);
	return last;
}

static PGresult *check_answer(struct db *db, const char *what, PGresult *result, GError **error)
{
	if (result == NULL)
		return NULL;
	ExecStatusType status = PQresultStatus(result);
	if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
		return result;
	set_result_error(error, what, result);
	PQclear(result);
	if (PQstatus(db->connection) != CONNECTION_OK)
		drop_connection(db);
	return NULL;
}

static uint64_t changed_rows(PGresult *result)
{
	if (PQresultStatus(result) == PGRES_TUPLES_OK)
		return (uint64_t)PQntuples(result);
	return g_ascii_strtoull(PQcmdTuples(result), NULL, 10);
}

PGresult *db_say(struct db *db, const char *what, const char *statement,
		 const struct db_params *params, enum db_rows rows, GError **error)
{
	static const struct db_params none;

	if (params == NULL)
		params = &none;
	if (!make_ready(db, error))
		return NULL;
	if (!PQsendQueryParams(db->connection, statement, params->count, NULL, params->values,
			       params->lengths, params->formats, 0)) {
		set_away_error(db, error, what);
		return NULL;
	}
	guint64 deadline_us = clock_now_us() + DB_STATEMENT_MS * 1000u;
	PGresult *result = check_answer(db, what, take_answer(db, what, deadline_us, error), error);
	if (result == NULL || rows == ROWS_ANY || changed_rows(result) == 1)
		return result;
	if (changed_rows(result) == 0)
		g_set_error(error, DB_ERROR, DB_ERROR_MISSING, "cannot %s: there is no such entry",
			    what);
	else
		g_set_error(error, DB_ERROR, DB_ERROR_FAULT,
			    "cannot %s: more than one row answered", what);
	PQclear(result);
	return NULL;
}

bool db_do(struct db *db, const char *what, const char *statement, const struct db_params *params,
	   enum db_rows rows, uint64_t *ret_rows, GError **error)
{
	autoresult result = db_say(db, what, statement, params, rows, error);

	if (result != NULL && ret_rows != NULL)
		*ret_rows = changed_rows(result);
	return result != NULL;
}

bool db_run_script(struct db *db, const char *what, const char *script, int timeout_ms,
		   GError **error)
{
	if (!make_ready(db, error))
		return false;
	if (!PQsendQuery(db->connection, script)) {
		set_away_error(db, error, what);
		return false;
	}
	guint64 deadline_us = clock_now_us() + (guint64)timeout_ms * 1000u;
	autoresult result =
		check_answer(db, what, take_answer(db, what, deadline_us, error), error);
	return result != NULL;
}

struct db *db_open(const char *conninfo, const char *role, const char *program, GError **error)
{
	struct db *db = g_new0(struct db, 1);

	db->conninfo = g_strdup(conninfo);
	db->role = g_strdup(role);
	db->program = g_strdup(program);
	if (make_ready(db, error) && migrate_check_version(db, error))
		return db;
	db_close(db);
	return NULL;
}

struct db *db_open_unchecked(const char *conninfo, const char *program, GError **error)
{
	struct db *db = g_new0(struct db, 1);

	db->conninfo = g_strdup(conninfo);
	db->program = g_strdup(program);
	if (make_ready(db, error))
		return db;
	db_close(db);
	return NULL;
}

void db_close(struct db *db)
{
	if (db == NULL)
		return;
	drop_connection(db);
	g_free(db->conninfo);
	g_free(db->role);
	g_free(db->program);
	g_free(db);
}

bool db_is_up(const struct db *db)
{
	return db->connection != NULL;
}

bool db_ping(struct db *db, GError **error)
{
	return db_do(db, "ask the database", "SELECT 1", NULL, ROWS_ONE, NULL, error);
}

bool db_begin(struct db *db, GError **error)
{
	g_return_val_if_fail(!db->in_transaction, false);
	if (!db_do(db, "begin a transaction", "BEGIN", NULL, ROWS_ANY, NULL, error))
		return false;
	db->in_transaction = true;
	return true;
}

/* COMMIT after a failed statement answers ROLLBACK without an error: that is no success. */
bool db_commit(struct db *db, GError **error)
{
	g_return_val_if_fail(db->in_transaction, false);
	autoresult result = db_say(db, "commit a transaction", "COMMIT", NULL, ROWS_ANY, error);
	db->in_transaction = false;
	if (result == NULL)
		return false;
	if (strcmp(PQcmdStatus(result), "COMMIT") == 0)
		return true;
	g_set_error_literal(error, DB_ERROR, DB_ERROR_FAULT, "the transaction was rolled back");
	return false;
}

void db_rollback(struct db *db)
{
	if (!db->in_transaction)
		return;
	db->in_transaction = false;
	if (db->connection != NULL &&
	    !db_do(db, "roll back", "ROLLBACK", NULL, ROWS_ANY, NULL, NULL) &&
	    db->connection != NULL)
		drop_connection(db);
}
