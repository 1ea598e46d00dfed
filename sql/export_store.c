/* Statements about exports at the console. A job ends once: whoever comes second
 * changes nothing and is told. */
#include "sql/export_store.h"

#include "sql/db_query.h"

#include <string.h>

static const char *const state_keys[] = {
	[EXPORT_WAITING] = "waiting",	  [EXPORT_RUNNING] = "running",
	[EXPORT_READY] = "ready",	  [EXPORT_FAILED] = "failed",
	[EXPORT_CANCELLED] = "cancelled", [EXPORT_EXPIRED] = "expired",
};

const char *export_state_key(enum export_state state)
{
	return state >= EXPORT_WAITING && state <= EXPORT_EXPIRED ? state_keys[state] : "unknown";
}

static enum export_state state_from_key(const char *key)
{
	for (unsigned i = EXPORT_WAITING; i <= EXPORT_EXPIRED; i++)
		if (strcmp(state_keys[i], key) == 0)
			return (enum export_state)i;
	return 0;
}

void export_row_free(struct export_row *row)
{
	if (row == NULL)
		return;
	g_free(row->id);
	g_free(row->session_id);
	g_free(row->node);
	g_free(row->login);
	g_free(row->reason);
	g_free(row->operations);
	g_free(row->video_sha256);
	g_free(row->detail);
	g_free(row);
}

#define EXPORT_COLUMNS                                                                             \
	"id, session_id, node, login, reason, from_us, to_us, without_timeline, by_policy, "       \
	"operations, "                                                                             \
	"state, "                                                                                  \
	"done_bytes, total_bytes, video_sha256, detail, utc_us(created_at), utc_us(finished_at)"

static char *read_optional(struct db_row *row)
{
	char *text = row_text(row);

	if (text[0] == '\0')
		g_clear_pointer(&text, g_free);
	return text;
}

static gpointer read_export(struct db_row *row)
{
	struct export_row *export = g_new0(struct export_row, 1);

	export->id = row_text(row);
	export->session_id = row_text(row);
	export->node = row_text(row);
	export->login = row_text(row);
	export->reason = row_text(row);
	export->from_us = row_u64(row);
	export->to_us = row_u64(row);
	export->without_timeline = row_bool(row);
	export->by_policy = row_bool(row);
	export->operations = read_optional(row);
	g_autofree char *state = row_text(row);
	export->state = state_from_key(state);
	export->done_bytes = row_u64(row);
	export->total_bytes = row_u64(row);
	export->video_sha256 = row_text(row);
	export->detail = row_text(row);
	export->created_utc_us = row_u64(row);
	export->finished_utc_us = row_u64(row);
	return export;
}

static gpointer read_id(struct db_row *row)
{
	return row_text(row);
}

bool export_store_add(struct db *db, const struct export_row *row, char **ret_id, GError **error)
{
	struct db_params params = {0};

	param_text(&params, row->session_id);
	param_text(&params, row->node);
	param_text(&params, row->login);
	param_text(&params, row->reason);
	param_u64(&params, row->from_us);
	param_u64(&params, row->to_us);
	param_bool(&params, row->without_timeline);
	param_bool(&params, row->by_policy);
	param_text(&params, row->operations);
	PGresult *result =
		db_say(db, "ask for an export",
		       "INSERT INTO export_job (session_id, node, login, reason, from_us, to_us, "
		       "without_timeline, by_policy, operations) VALUES ($1, $2, $3, $4, $5, "
		       "nullif($6::bigint, 0), $7, $8, $9) RETURNING id",
		       &params, ROWS_ONE, error);
	if (result == NULL)
		return false;
	*ret_id = rows_take_first(result, read_id);
	return true;
}

bool export_store_find(struct db *db, const char *id, struct export_row **ret, GError **error)
{
	struct db_params params = {0};

	param_text(&params, id);
	PGresult *result = db_say(db, "look up an export",
				  "SELECT " EXPORT_COLUMNS " FROM export_job WHERE id = $1",
				  &params, ROWS_ANY, error);
	if (result == NULL)
		return false;
	*ret = rows_take_first(result, read_export);
	return true;
}

bool export_store_list(struct db *db, const char *session_id, GPtrArray **ret, GError **error)
{
	struct db_params params = {0};

	param_text(&params, session_id);
	PGresult *result = db_say(db, "list exports",
				  "SELECT " EXPORT_COLUMNS " FROM export_job WHERE session_id = $1"
				  " ORDER BY created_at DESC, id LIMIT 50",
				  &params, ROWS_ANY, error);
	if (result == NULL)
		return false;
	*ret = rows_take(result, read_export, (GDestroyNotify)export_row_free);
	return true;
}

bool export_store_take(struct db *db, const char *node, struct export_row **ret, GError **error)
{
	struct db_params params = {0};

	param_text(&params, node);
	PGresult *result = db_say(
		db, "take an export",
		"UPDATE export_job SET state = 'running' WHERE id = (SELECT id FROM export_job"
		" WHERE node = $1 AND state IN ('waiting', 'running')"
		" ORDER BY state = 'running' DESC, created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)"
		" RETURNING " EXPORT_COLUMNS,
		&params, ROWS_ANY, error);
	if (result == NULL)
		return false;
	*ret = rows_take_first(result, read_export);
	return true;
}

bool export_store_progress(struct db *db, const char *id, uint64_t done_bytes, uint64_t total_bytes,
			   GError **error)
{
	struct db_params params = {0};

	param_text(&params, id);
	param_u64(&params, done_bytes);
	param_u64(&params, total_bytes);
	return db_do(db, "note an export's progress",
		     "UPDATE export_job SET done_bytes = $2, total_bytes = $3"
		     " WHERE id = $1 AND state = 'running'",
		     &params, ROWS_ONE, NULL, error);
}

bool export_store_finish(struct db *db, const char *id, enum export_state state, uint64_t bytes,
			 const char *video_sha256, const char *detail, GError **error)
{
	struct db_params params = {0};

	param_text(&params, id);
	param_text(&params, export_state_key(state));
	param_u64(&params, bytes);
	param_name(&params, video_sha256);
	param_name(&params, detail);
	return db_do(db, "end an export",
		     "UPDATE export_job SET state = $2, done_bytes = $3, total_bytes = $3, "
		     "video_sha256 = $4, detail = $5, finished_at = now()"
		     " WHERE id = $1 AND state = 'running'",
		     &params, ROWS_ONE, NULL, error);
}

bool export_store_cancel(struct db *db, const char *id, GError **error)
{
	struct db_params params = {0};

	param_text(&params, id);
	return db_do(db, "cancel an export",
		     "UPDATE export_job SET state = 'cancelled', finished_at = now()"
		     " WHERE id = $1 AND state IN ('waiting', 'running', 'ready')",
		     &params, ROWS_ONE, NULL, error);
}

bool export_store_expire(struct db *db, const char *node, uint32_t keep_hours, GError **error)
{
	struct db_params params = {0};

	param_text(&params, node);
	param_u64(&params, keep_hours);
	return db_do(db, "expire exports",
		     "UPDATE export_job SET state = 'expired' WHERE node = $1 AND state = 'ready'"
		     " AND (finished_at < now() - $2::bigint * interval '1 hour' OR EXISTS"
		     " (SELECT FROM recording r WHERE r.session_id = export_job.session_id"
		     " AND r.state IN ('deleting', 'deleted')))",
		     &params, ROWS_ANY, NULL, error);
}

bool export_store_wanted(struct db *db, const char *node, GPtrArray **ret, GError **error)
{
	struct db_params params = {0};

	param_text(&params, node);
	PGresult *result = db_say(db, "list wanted exports",
				  "SELECT id FROM export_job WHERE node = $1"
				  " AND state IN ('waiting', 'running', 'ready')",
				  &params, ROWS_ANY, error);
	if (result == NULL)
		return false;
	*ret = rows_take(result, read_id, g_free);
	return true;
}
