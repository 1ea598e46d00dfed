/* Session rows as JSON. It asks no database. */
#include "web/routes/session_json.h"

static json_t *time_json(uint64_t utc_us)
{
	return utc_us == 0 ? json_null() : json_integer((json_int_t)utc_us);
}

static void set_end(json_t *object, const struct session_row *row)
{
	if (row->state != SESSION_STATE_ENDED)
		return;
	json_object_set_new(object, "end_reason", json_string(end_reason_key(row->end_reason)));
	json_object_set_new(object, "end_text", json_string(end_reason_text(row->end_reason)));
	json_object_set_new(object, "end_detail", json_string(row->end_detail));
}

json_t *session_json(const struct session_row *row)
{
	json_t *object =
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I}", "id",
			  row->id, "node", row->node, "login", row->login, "target", row->target,
			  "account", row->account, "front", row->front, "back", row->back, "door",
			  row->door, "viewer_address", row->viewer_address, "viewer_name",
			  row->viewer_name, "state", session_state_key(row->state), "width_px",
			  (json_int_t)row->width_px, "height_px", (json_int_t)row->height_px);

	json_object_set_new(object, "opened_utc_us", time_json(row->opened_utc_us));
	json_object_set_new(object, "running_utc_us", time_json(row->running_utc_us));
	json_object_set_new(object, "ended_utc_us", time_json(row->ended_utc_us));
	json_object_set_new(object, "recording_state", json_string(row->recording_state));
	json_object_set_new(object, "recording_duration_us",
			    json_integer((json_int_t)row->recording_duration_us));
	json_object_set_new(object, "recording_bytes",
			    json_integer((json_int_t)row->recording_bytes));
	json_object_set_new(object, "recording_check", json_string(row->recording_check));
	set_end(object, row);
	return object;
}
