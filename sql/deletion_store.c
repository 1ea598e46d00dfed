/* Statements about holds and deletions. The rules stand in the database, for whoever writes
 * there. */
#include "sql/deletion_store.h"

#include "sql/db_query.h"

void keeping_free(struct keeping *keeping)
{
	if (keeping == NULL)
		return;
	g_free(keeping->class);
	g_free(keeping->hold_reason);
	g_free(keeping->hold_by);
	g_free(keeping->order_reason);
	g_free(keeping->order_by);
	g_free(keeping->order_approved_by);
	g_free(keeping);
}

void deletion_free(struct deletion *deletion)
{
	if (deletion == NULL)
		return;
	g_free(deletion->session_id);
	g_free(deletion->cause);
	g_free(deletion->class);
	g_free(deletion->reason);
	g_free(deletion->requested_by);
	g_free(deletion->approved_by);
	g_free(deletion);
}

static gpointer read_keeping(struct db_row *row)
{
	struct keeping *keeping = g_new0(struct keeping, 1);

	keeping->class = row_text(row);
	keeping->hold_reason = row_text(row);
	keeping->hold_by = row_text(row);
	keeping->hold_utc_us = row_u64(row);
	keeping->order_reason = row_text(row);
	keeping->order_by = row_text(row);
	keeping->order_approved_by = row_text(row);
	keeping->order_utc_us = row_u64(row);
	return keeping;
}

bool deletion_store_keeping(struct db *db, const char *session_id, struct keeping **ret,
			    GError **error)
{
	struct db_params params = {0};

	param_text(&params, session_id);
	PGresult *result = db_say(
		db, "look up what keeps a recording",
		"SELECT coalesce(s.retention_class, 'standard'), h.reason, h.placed_by,"
		" utc_us(h.placed_at), o.reason, o.requested_by, o.approved_by,"
		" utc_us(o.requested_at)"
		" FROM recording r LEFT JOIN session s ON s.id = r.session_id"
		" LEFT JOIN legal_hold h ON h.session_id = r.session_id AND h.released_at IS NULL"
		" LEFT JOIN deletion_order o ON o.session_id = r.session_id"
		" WHERE r.session_id = $1",
		&params, ROWS_ANY, error);
	if (result == NULL)
		return false;
	*ret = rows_take_first(result, read_keeping);
	return true;
}

/* By a select, so that a recording that does not exist is DB_ERROR_MISSING. */
static bool insert_for(struct db *db, const char *what, const char *statement,
		       const char *session_id, const char *reason, const char *by, GError **error)
{
	struct db_params params = {0};

	param_text(&params, session_id);
	param_name(&params, reason);
	param_name(&params, by);
	return db_do(db, what, statement, &params, ROWS_ONE, NULL, error);
}

static bool update_for(struct db *db, const char *what, const char *statement,
		       const char *session_id, const char *by, GError **error)
{
	struct db_params params = {0};

	param_text(&params, session_id);
	if (by != NULL)
		param_name(&params, by);
	return db_do(db, what, statement, &params, ROWS_ONE, NULL, error);
}

bool deletion_store_hold(struct db *db, const char *session_id, const char *reason, const char *by,
			 GError **error)
{
	return insert_for(db, "place a hold",
			  "INSERT INTO legal_hold (session_id, reason, placed_by)"
			  " SELECT session_id, $2, $3 FROM recording WHERE session_id = $1",
			  session_id, reason, by, error);
}

bool deletion_store_release(struct db *db, const char *session_id, const char *by, GError **error)
{
	return update_for(db, "release a hold",
			  "UPDATE legal_hold SET released_by = $2, released_at = now()"
			  " WHERE session_id = $1 AND released_at IS NULL",
			  session_id, by, error);
}

bool deletion_store_request(struct db *db, const char *session_id, const char *reason,
			    const char *by, GError **error)
{
	return insert_for(db, "request a deletion",
			  "INSERT INTO deletion_order (session_id, reason, requested_by)"
			  " SELECT session_id, $2, $3 FROM recording WHERE session_id = $1",
			  session_id, reason, by, error);
}

bool deletion_store_approve(struct db *db, const char *session_id, const char *by, GError **error)
{
	return update_for(db, "approve a deletion",
			  "UPDATE deletion_order SET approved_by = $2, approved_at = now()"
			  " WHERE session_id = $1 AND approved_at IS NULL",
			  session_id, by, error);
}

bool deletion_store_withdraw(struct db *db, const char *session_id, GError **error)
{
	return update_for(
		db, "withdraw a deletion",
		"DELETE FROM deletion_order WHERE session_id = $1 AND approved_at IS NULL",
		session_id, NULL, error);
}

static gpointer read_deletion(struct db_row *row)
{
	struct deletion *deletion = g_new0(struct deletion, 1);

	deletion->session_id = row_text(row);
	deletion->cause = row_text(row);
	deletion->class = row_text(row);
	deletion->reason = row_text(row);
	deletion->requested_by = row_text(row);
	deletion->approved_by = row_text(row);
	return deletion;
}

bool deletion_store_due(struct db *db, const char *node, GPtrArray **ret, GError **error)
{
	struct db_params params = {0};

	param_text(&params, node);
	PGresult *result =
		db_say(db, "list due deletions",
		       "SELECT session_id, cause, class, reason, requested_by, approved_by"
		       " FROM deletion_due($1)",
		       &params, ROWS_ANY, error);
	if (result == NULL)
		return false;
	*ret = rows_take(result, read_deletion, (GDestroyNotify)deletion_free);
	return true;
}

bool deletion_store_claim(struct db *db, const struct deletion *deletion, const char *node,
			  bool *ret_claimed, GError **error)
{
	struct db_params params = {0};

	param_text(&params, deletion->session_id);
	param_text(&params, node);
	param_text(&params, deletion->cause);
	autoresult result =
		db_say(db, "claim a deletion", "SELECT deletion_claim($1::uuid, $2, $3)", &params,
		       ROWS_ONE, error);
	if (result == NULL)
		return false;
	*ret_claimed = row_bool(&(struct db_row){.result = result});
	return true;
}

bool deletion_store_finish(struct db *db, const char *session_id, const char *tombstone_sha256,
			   GError **error)
{
	struct db_params params = {0};

	param_text(&params, session_id);
	param_text(&params, tombstone_sha256);
	return db_do(db, "finish a deletion", "SELECT deletion_finish($1::uuid, $2)", &params,
		     ROWS_ANY, NULL, error);
}
