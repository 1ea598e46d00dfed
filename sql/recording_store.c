/* Statements about recordings and segments. Every write may be repeated: the recorder writes rows
 * again from its store. */
#include "sql/recording_store.h"

#include "sql/db_query.h"

static const char *const state_keys[] = {
	[RECORDING_STATE_OPEN] = "open",       [RECORDING_STATE_SEALED] = "sealed",
	[RECORDING_STATE_FAILED] = "failed",   [RECORDING_STATE_DELETING] = "deleting",
	[RECORDING_STATE_DELETED] = "deleted", [RECORDING_STATE_MISSING] = "missing",
};

const char *recording_state_key(enum recording_state state)
{
	unsigned number = (unsigned)state;

	return number > 0 && number < G_N_ELEMENTS(state_keys) ? state_keys[number] : "unknown";
}

static enum recording_state state_from_key(const char *key)
{
	for (unsigned i = 1; i < G_N_ELEMENTS(state_keys); i++)
		if (g_str_equal(state_keys[i], key))
			return (enum recording_state)i;
	return 0;
}

void recording_row_free(struct recording_row *row)
{
	if (row == NULL)
		return;
	g_free(row->session_id);
	g_free(row->node);
	g_free(row->quality);
	g_free(row->codec);
	g_free(row->head);
	g_free(row->detail);
	g_free(row->check);
	g_free(row->check_detail);
	g_free(row);
}

void segment_row_free(struct segment_row *row)
{
	if (row == NULL)
		return;
	g_free(row->file);
	g_free(row->init_file);
	g_free(row->timeline_file);
	g_free(row->codec);
	g_free(row->sha256);
	g_free(row);
}

bool recording_store_open(struct db *db, const struct recording_row *row, GError **error)
{
	struct db_params params = {0};

	param_text(&params, row->session_id);
	param_text(&params, row->node);
	param_name(&params, row->quality);
	param_u64(&params, row->started_utc_us);
	return db_do(db, "open a recording",
		     "INSERT INTO recording (session_id, node, quality, started_at)"
		     " VALUES ($1, $2, $3, at_utc_us($4)) ON CONFLICT (session_id) DO UPDATE"
		     " SET node = excluded.node, quality = excluded.quality,"
		     " started_at = excluded.started_at WHERE recording.state = 'open'",
		     &params, ROWS_ANY, NULL, error);
}

static void param_segment(struct db_params *params, const struct segment_row *segment)
{
	param_u64(params, segment->number);
	param_text(params, segment->file);
	param_text(params, segment->init_file);
	param_name(params, segment->timeline_file);
	param_u64(params, segment->bytes);
	param_u64(params, segment->start_us);
	param_u64(params, segment->duration_us);
	param_u64(params, segment->frames);
	param_u64(params, segment->width_px);
	param_u64(params, segment->height_px);
	param_text(params, segment->codec);
	param_text(params, segment->sha256);
}

bool recording_store_add_segment(struct db *db, const char *session_id,
				 const struct segment_row *segment, GError **error)
{
	struct db_params params = {0};

	param_text(&params, session_id);
	param_segment(&params, segment);
	return db_do(
		db, "note a segment",
		"INSERT INTO segment (session_id, number, file, init_file, timeline_file, bytes,"
		" start_us, duration_us, frames, width_px, height_px, codec, sha256)"
		" SELECT session_id, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13"
		" FROM recording WHERE session_id = $1"
		" ON CONFLICT (session_id, number) DO UPDATE SET file = excluded.file,"
		" init_file = excluded.init_file, timeline_file = excluded.timeline_file,"
		" bytes = excluded.bytes, start_us = excluded.start_us,"
		" duration_us = excluded.duration_us, frames = excluded.frames,"
		" width_px = excluded.width_px, height_px = excluded.height_px,"
		" codec = excluded.codec, sha256 = excluded.sha256",
		&params, ROWS_ONE, NULL, error);
}

bool recording_store_close(struct db *db, const char *session_id, enum recording_state state,
			   uint64_t closed_utc_us, const char *head, const char *detail,
			   GError **error)
{
	struct db_params params = {0};

	param_text(&params, session_id);
	param_text(&params, recording_state_key(state));
	param_u64(&params, closed_utc_us);
	param_name(&params, head);
	param_name(&params, detail);
	return db_do(db, "close a recording",
		     "UPDATE recording SET state = CASE WHEN state IN ('deleting', 'deleted') THEN"
		     " state ELSE $2 END, closed_at = at_utc_us($3), head = $4,"
		     " detail = $5 WHERE session_id = $1",
		     &params, ROWS_ONE, NULL, error);
}

bool recording_store_note_check(struct db *db, const char *session_id, const char *state,
				const char *detail, GError **error)
{
	struct db_params params = {0};

	param_text(&params, session_id);
	param_text(&params, state);
	param_name(&params, detail);
	return db_do(db, "note a self-check",
		     "UPDATE recording SET check_state = $2, check_detail = $3, checked_at = now()"
		     " WHERE session_id = $1",
		     &params, ROWS_ONE, NULL, error);
}

struct growth_row {
	uint64_t bytes, span_us;
};

static gpointer read_growth(struct db_row *row)
{
	struct growth_row *growth = g_new0(struct growth_row, 1);

	growth->bytes = row_u64(row);
	growth->span_us = row_u64(row);
	return growth;
}

/* No session lasts a month; without that bound the whole table would be read. */
bool recording_store_growth(struct db *db, const char *node, uint64_t *ret_bytes,
			    uint64_t *ret_span_us, GError **error)
{
	struct db_params params = {0};

	param_text(&params, node);
	PGresult *result =
		db_say(db, "measure the store's growth",
		       "SELECT coalesce(sum(s.bytes), 0)::bigint, (least(86400, coalesce(extract"
		       "(epoch FROM now() - min(r.started_at + s.start_us * interval"
		       " '1 microsecond')), 0)) * 1000000)::bigint FROM recording r"
		       " JOIN segment s ON s.session_id = r.session_id WHERE r.node = $1"
		       " AND r.started_at > now() - interval '30 days' AND r.started_at +"
		       " (s.start_us + s.duration_us) * interval '1 microsecond' >"
		       " now() - interval '24 hours'",
		       &params, ROWS_ANY, error);
	if (result == NULL)
		return false;
	g_autofree struct growth_row *growth = rows_take_first(result, read_growth);
	*ret_bytes = growth != NULL ? growth->bytes : 0;
	*ret_span_us = growth != NULL ? growth->span_us : 0;
	return true;
}

bool recording_store_count_failed_checks(struct db *db, uint64_t *ret, GError **error)
{
	return db_count(db, "count failed self-checks",
			"SELECT count(*) FROM recording WHERE check_state = 'failed'"
			" AND state NOT IN ('deleting', 'deleted')",
			NULL, ret, error);
}

bool recording_store_count_missing(struct db *db, uint64_t *ret, GError **error)
{
	return db_count(db, "count missing recordings",
			"SELECT count(*) FROM recording WHERE state = 'missing'", NULL, ret, error);
}

bool recording_store_note_missing(struct db *db, const char *session_id, const char *node,
				  bool missing, bool *ret_changed, GError **error)
{
	struct db_params params = {0};

	param_text(&params, session_id);
	param_text(&params, node);
	autoresult result = db_say(db, "note a missing recording",
				   missing ? "SELECT recording_note_missing($1::uuid, $2)"
					   : "SELECT recording_note_found($1::uuid, $2)",
				   &params, ROWS_ONE, error);
	if (result == NULL)
		return false;
	*ret_changed = row_bool(&(struct db_row){.result = result});
	return true;
}

bool recording_store_give_up(struct db *db, const char *session_id, const char *detail,
			     GError **error)
{
	struct db_params params = {0};

	param_text(&params, session_id);
	param_text(&params, detail);
	return db_do(db, "give up a recording",
		     "UPDATE recording SET state = 'failed', closed_at = now(), detail = $2"
		     " WHERE session_id = $1 AND state = 'open'",
		     &params, ROWS_ANY, NULL, error);
}

/* The newest segment says codec and size; sums are taken when asked, so no column can
 * disagree with the segments. */
#define RECORDING_SELECT                                                                           \
	"SELECT r.session_id, r.node, r.quality, r.state, utc_us(r.started_at),"                   \
	" utc_us(r.closed_at), last.codec, last.width_px, last.height_px, sums.segments,"          \
	" sums.frames, sums.bytes, sums.duration_us, r.head, r.detail, r.check_state,"             \
	" r.check_detail, utc_us(r.checked_at) FROM recording r"                                   \
	" CROSS JOIN LATERAL (SELECT count(*) AS segments, sum(frames) AS frames,"                 \
	"  sum(bytes) AS bytes, max(start_us + duration_us) AS duration_us"                        \
	"  FROM segment WHERE session_id = r.session_id) sums"                                     \
	" LEFT JOIN LATERAL (SELECT codec, width_px, height_px FROM segment"                       \
	"  WHERE session_id = r.session_id ORDER BY number DESC LIMIT 1) last ON true"

static gpointer read_recording(struct db_row *row)
{
	struct recording_row *recording = g_new0(struct recording_row, 1);

	recording->session_id = row_text(row);
	recording->node = row_text(row);
	recording->quality = row_text(row);
	g_autofree char *state = row_text(row);
	recording->state = state_from_key(state);
	recording->started_utc_us = row_u64(row);
	recording->sealed_utc_us = row_u64(row);
	recording->codec = row_text(row);
	recording->width_px = (uint32_t)row_u64(row);
	recording->height_px = (uint32_t)row_u64(row);
	recording->segments = (uint32_t)row_u64(row);
	recording->frames = row_u64(row);
	recording->bytes = row_u64(row);
	recording->duration_us = row_u64(row);
	recording->head = row_text(row);
	recording->detail = row_text(row);
	recording->check = row_text(row);
	recording->check_detail = row_text(row);
	recording->checked_utc_us = row_u64(row);
	return recording;
}

bool recording_store_list_unsettled(struct db *db, const char *node, GPtrArray **ret,
				    GError **error)
{
	struct db_params params = {0};

	param_text(&params, node);
	PGresult *result = db_say(db, "list unsettled recordings",
				  RECORDING_SELECT " WHERE r.state IN ('open', 'missing')"
						   " AND r.node = $1 ORDER BY r.started_at",
				  &params, ROWS_ANY, error);
	if (result == NULL)
		return false;
	*ret = rows_take(result, read_recording, (GDestroyNotify)recording_row_free);
	return true;
}

bool recording_store_list_unchecked(struct db *db, const char *node, unsigned max, GPtrArray **ret,
				    GError **error)
{
	struct db_params params = {0};

	param_text(&params, node);
	param_u64(&params, max);
	PGresult *result =
		db_say(db, "list recordings without a self-check",
		       RECORDING_SELECT " WHERE r.state = 'sealed' AND r.check_state = ''"
					" AND r.node = $1 ORDER BY r.closed_at DESC LIMIT $2",
		       &params, ROWS_ANY, error);
	if (result == NULL)
		return false;
	*ret = rows_take(result, read_recording, (GDestroyNotify)recording_row_free);
	return true;
}

bool recording_store_find(struct db *db, const char *session_id, struct recording_row **ret,
			  GError **error)
{
	struct db_params params = {0};

	if (!g_uuid_string_is_valid(session_id)) {
		*ret = NULL;
		return true;
	}
	param_text(&params, session_id);
	PGresult *result =
		db_say(db, "look up a recording", RECORDING_SELECT " WHERE r.session_id = $1",
		       &params, ROWS_ANY, error);
	if (result == NULL)
		return false;
	*ret = rows_take_first(result, read_recording);
	return true;
}

bool recording_store_list(struct db *db, const struct db_page *page, GPtrArray **ret,
			  uint64_t *ret_total, GError **error)
{
	struct db_params params = {0};

	if (ret_total != NULL && !db_count(db, "count recordings", "SELECT count(*) FROM recording",
					   NULL, ret_total, error))
		return false;
	param_page(&params, page);
	PGresult *result = db_say(db, "list recordings",
				  RECORDING_SELECT " ORDER BY r.started_at DESC, r.session_id"
						   " LIMIT $1 OFFSET $2",
				  &params, ROWS_ANY, error);
	if (result == NULL)
		return false;
	*ret = rows_take(result, read_recording, (GDestroyNotify)recording_row_free);
	return true;
}

static gpointer read_segment(struct db_row *row)
{
	struct segment_row *segment = g_new0(struct segment_row, 1);

	segment->number = (uint32_t)row_u64(row);
	segment->file = row_text(row);
	segment->init_file = row_text(row);
	segment->timeline_file = row_text(row);
	segment->bytes = row_u64(row);
	segment->start_us = row_u64(row);
	segment->duration_us = row_u64(row);
	segment->frames = (uint32_t)row_u64(row);
	segment->width_px = (uint32_t)row_u64(row);
	segment->height_px = (uint32_t)row_u64(row);
	segment->codec = row_text(row);
	segment->sha256 = row_text(row);
	return segment;
}

bool recording_store_segments(struct db *db, const char *session_id, GPtrArray **ret,
			      GError **error)
{
	struct db_params params = {0};

	param_text(&params, session_id);
	PGresult *result = db_say(
		db, "list segments",
		"SELECT number, file, init_file, timeline_file, bytes, start_us, duration_us,"
		" frames, width_px, height_px, codec, sha256 FROM segment"
		" WHERE session_id = $1 ORDER BY number",
		&params, ROWS_ANY, error);
	if (result == NULL)
		return false;
	*ret = rows_take(result, read_segment, (GDestroyNotify)segment_row_free);
	return true;
}
