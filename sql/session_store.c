/* Statements about sessions: what was, what runs. It decides nothing about them. */
#include "sql/session_store.h"

#include "sql/db_query.h"

static const char *const state_keys[] = {
	[SESSION_STATE_OPENING] = "opening",
	[SESSION_STATE_RUNNING] = "running",
	[SESSION_STATE_ENDED] = "ended",
};

const char *session_state_key(enum session_state state)
{
	unsigned number = (unsigned)state;

	return number > 0 && number < G_N_ELEMENTS(state_keys) ? state_keys[number] : "unknown";
}

static enum session_state state_from_key(const char *key)
{
	for (unsigned i = 1; i < G_N_ELEMENTS(state_keys); i++)
		if (g_str_equal(state_keys[i], key))
			return (enum session_state)i;
	return 0;
}

void session_row_free(struct session_row *row)
{
	if (row == NULL)
		return;
	g_free(row->id);
	g_free(row->node);
	g_free(row->login);
	g_free(row->target);
	g_free(row->account);
	g_free(row->front);
	g_free(row->back);
	g_free(row->door);
	g_free(row->viewer_address);
	g_free(row->viewer_name);
	g_free(row->end_detail);
	g_free(row->recording_state);
	g_free(row->recording_check);
	g_free(row);
}

bool session_store_open(struct db *db, const struct session_row *row, GError **error)
{
	struct db_params params = {0};

	param_text(&params, row->id);
	param_text(&params, row->node);
	param_text(&params, row->login);
	param_text(&params, row->target);
	param_name(&params, row->account);
	param_text(&params, row->front);
	param_text(&params, row->back);
	param_text(&params, row->door);
	param_name(&params, row->viewer_address);
	param_name(&params, row->viewer_name);
	param_u64(&params, row->opened_utc_us);
	return db_do(db, "open a session",
		     "INSERT INTO session (id, node, login, target, account, front, back, door,"
		     " viewer_address, viewer_name, opened_at)"
		     " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, at_utc_us($11))"
		     " ON CONFLICT (id) DO NOTHING",
		     &params, ROWS_ANY, NULL, error);
}

bool session_store_running(struct db *db, const char *id, uint64_t running_utc_us,
			   uint32_t width_px, uint32_t height_px, GError **error)
{
	struct db_params params = {0};

	param_text(&params, id);
	param_u64(&params, running_utc_us);
	param_u64(&params, width_px);
	param_u64(&params, height_px);
	return db_do(db, "note that a session runs",
		     "UPDATE session SET width_px = $3, height_px = $4,"
		     " state = CASE state WHEN 'opening' THEN 'running' ELSE state END,"
		     " running_at = coalesce(running_at, at_utc_us($2)) WHERE id = $1",
		     &params, ROWS_ONE, NULL, error);
}

bool session_store_end(struct db *db, const char *id, uint64_t ended_utc_us, enum end_reason reason,
		       const char *detail, GError **error)
{
	struct db_params params = {0};

	param_text(&params, id);
	param_u64(&params, ended_utc_us);
	param_text(&params, end_reason_key(reason));
	param_name(&params, detail);
	return db_do(db, "note a session's end",
		     "WITH known AS (SELECT id FROM session WHERE id = $1),"
		     " ended AS (UPDATE session SET state = 'ended', ended_at = at_utc_us($2),"
		     "  end_reason = $3, end_detail = $4 WHERE id = $1 AND state <> 'ended')"
		     " SELECT id FROM known",
		     &params, ROWS_ONE, NULL, error);
}

bool session_store_fault_all(struct db *db, const char *node, uint64_t *ret_rows, GError **error)
{
	struct db_params params = {0};

	param_text(&params, node);
	param_text(&params, end_reason_key(END_FAULT));
	return db_do(db, "end what a dead gateway left open",
		     "UPDATE session SET state = 'ended', ended_at = now(), end_reason = $2,"
		     " end_detail = 'the gateway was gone' WHERE node = $1 AND state <> 'ended'",
		     &params, ROWS_ANY, ret_rows, error);
}

#define SESSION_SELECT                                                                             \
	"SELECT s.id, s.node, s.login, s.target, s.account, s.front, s.back, s.door,"              \
	" s.viewer_address, s.viewer_name, s.state, s.width_px, s.height_px,"                      \
	" utc_us(s.opened_at), utc_us(s.running_at), utc_us(s.ended_at), s.end_reason,"            \
	" s.end_detail, r.state,"                                                                  \
	" (SELECT max(g.start_us + g.duration_us) FROM segment g WHERE g.session_id = s.id),"      \
	" (SELECT sum(g.bytes) FROM segment g WHERE g.session_id = s.id), r.check_state"           \
	" FROM session s LEFT JOIN recording r ON r.session_id = s.id"

static gpointer read_session(struct db_row *row)
{
	struct session_row *session = g_new0(struct session_row, 1);

	session->id = row_text(row);
	session->node = row_text(row);
	session->login = row_text(row);
	session->target = row_text(row);
	session->account = row_text(row);
	session->front = row_text(row);
	session->back = row_text(row);
	session->door = row_text(row);
	session->viewer_address = row_text(row);
	session->viewer_name = row_text(row);
	g_autofree char *state = row_text(row);
	session->state = state_from_key(state);
	session->width_px = (uint32_t)row_u64(row);
	session->height_px = (uint32_t)row_u64(row);
	session->opened_utc_us = row_u64(row);
	session->running_utc_us = row_u64(row);
	session->ended_utc_us = row_u64(row);
	g_autofree char *end_reason = row_text(row);
	session->end_reason = end_reason_from_key(end_reason);
	session->end_detail = row_text(row);
	session->recording_state = row_text(row);
	session->recording_duration_us = row_u64(row);
	session->recording_bytes = row_u64(row);
	session->recording_check = row_text(row);
	return session;
}

bool session_store_find(struct db *db, const char *id, struct session_row **ret, GError **error)
{
	struct db_params params = {0};

	if (!g_uuid_string_is_valid(id)) {
		*ret = NULL;
		return true;
	}
	param_text(&params, id);
	PGresult *result = db_say(db, "look up a session", SESSION_SELECT " WHERE s.id = $1",
				  &params, ROWS_ANY, error);
	if (result == NULL)
		return false;
	*ret = rows_take_first(result, read_session);
	return true;
}

/* position() and not LIKE: what people type may hold '%' and '_'. */
#define SESSION_FILTER                                                                             \
	" WHERE ($1::text IS NULL OR lower(s.login) = lower($1))"                                  \
	" AND ($2::text IS NULL OR lower(s.target) = lower($2))"                                   \
	" AND ($3::text IS NULL OR position(lower($3) IN lower(concat_ws(' ', s.login, s.target,"  \
	"  s.account, s.viewer_address, s.id))) > 0)"                                              \
	" AND ($4::text IS NULL OR (s.state <> 'ended') = $4::boolean)"                            \
	" AND ($5::bigint IS NULL OR s.opened_at >= at_utc_us($5))"                                \
	" AND ($6::bigint IS NULL OR s.opened_at < at_utc_us($6))"

static void param_filter(struct db_params *params, const struct session_filter *filter)
{
	param_text(params, filter->login);
	param_text(params, filter->target);
	param_text(params, filter->text);
	param_text(params, filter->running == 0 ? NULL : filter->running > 0 ? "t" : "f");
	param_time(params, filter->from_utc_us);
	param_time(params, filter->until_utc_us);
}

bool session_store_list(struct db *db, const struct session_filter *filter, GPtrArray **ret,
			uint64_t *ret_total, GError **error)
{
	struct db_params params = {0}, count_params = {0};

	param_filter(&count_params, filter);
	if (ret_total != NULL &&
	    !db_count(db, "count sessions", "SELECT count(*) FROM session s" SESSION_FILTER,
		      &count_params, ret_total, error))
		return false;
	param_filter(&params, filter);
	param_page(&params, &filter->page);
	PGresult *result = db_say(db, "list sessions",
				  SESSION_SELECT SESSION_FILTER
				  " ORDER BY s.opened_at DESC, s.id LIMIT $7 OFFSET $8",
				  &params, ROWS_ANY, error);
	if (result == NULL)
		return false;
	*ret = rows_take(result, read_session, (GDestroyNotify)session_row_free);
	return true;
}

bool session_store_count_running(struct db *db, uint64_t *ret, GError **error)
{
	return db_count(db, "count running sessions",
			"SELECT count(*) FROM session WHERE state <> 'ended'", NULL, ret, error);
}
