/* /api/recordings/ID/exports and /api/exports/ID/cancel: asking for evidence files, seeing how far
 * they are, cancelling. The work is the worker's, what is made is given away by export_files.c. */
#include "web/routes/exports.h"

#include "evidence/derive/operations.h"
#include "evidence/policy.h"
#include "sql/export_store.h"
#include "web/export/export_worker.h"

#include <stdlib.h>

#define REASON_MAX_CHARACTERS 500

static json_t *time_json(uint64_t utc_us)
{
	return utc_us == 0 ? json_null() : json_integer((json_int_t)utc_us);
}

/* Whether a page about it lies beside the file that is ready. */
static bool has_certificate(const struct route_call *call, const struct export_row *row)
{
	if (row->state != EXPORT_READY || call->web->exports == NULL)
		return false;
	g_autofree char *path = export_worker_certificate_path(call->web->exports, row->id);
	return g_file_test(path, G_FILE_TEST_IS_REGULAR);
}

static json_t *export_json(const struct route_call *call, const struct export_row *row)
{
	json_t *object =
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:b, s:b, s:I, s:I, s:s, s:s}", "id",
			  row->id, "session", row->session_id, "login", row->login, "reason",
			  row->reason, "state", export_state_key(row->state), "from_us",
			  (json_int_t)row->from_us, "without_timeline", row->without_timeline,
			  "by_policy", row->by_policy, "done_bytes", (json_int_t)row->done_bytes,
			  "total_bytes", (json_int_t)row->total_bytes, "video_sha256",
			  row->video_sha256, "detail", row->detail);

	json_object_set_new(object, "certificate", json_boolean(has_certificate(call, row)));
	json_object_set_new(object, "to_us",
			    row->to_us != 0 ? json_integer((json_int_t)row->to_us) : json_null());
	if (row->operations != NULL)
		json_object_set_new(object, "operations", json_loads(row->operations, 0, NULL));
	json_object_set_new(object, "created_utc_us", time_json(row->created_utc_us));
	json_object_set_new(object, "finished_utc_us", time_json(row->finished_utc_us));
	return object;
}

static bool can_export(struct route_call *call)
{
	if (call->web->exports != NULL)
		return true;
	route_fail(
		call, 409, "no-exports",
		"This installation makes no exports at the console: export.spool_dir is not set.");
	return false;
}

/* Fills `row` from the body; its reason is to be freed. False: already answered. */
static bool read_wish(struct route_call *call, json_t *body, struct export_row *row)
{
	json_int_t from_us = 0, to_us = 0;
	int without_timeline = 0;
	const char *reason = "";

	if (json_unpack(body, "{s:s, s?I, s?I, s?b}", "reason", &reason, "from_us", &from_us,
			"to_us", &to_us, "without_timeline", &without_timeline) != 0 ||
	    from_us < 0 || to_us < 0 || (to_us != 0 && to_us <= from_us)) {
		route_fail(call, 400, "span", "The end of the span must lie behind its beginning.");
		return false;
	}
	row->reason = g_strstrip(g_strdup(reason));
	g_strdelimit(row->reason, "\t\r\n", ' ');
	row->from_us = (uint64_t)from_us;
	row->to_us = (uint64_t)to_us;
	row->without_timeline = without_timeline != 0;
	if (row->reason[0] != '\0' && g_utf8_strlen(row->reason, -1) <= REASON_MAX_CHARACTERS)
		return true;
	route_fail(call, 400, "reason",
		   "Please say what for, in at most 500 characters: it stands in the file.");
	return false;
}

/* A derived copy: its operations, put in order, and no timelines. False: already answered. */
static bool read_operations(struct route_call *call, const json_t *body, struct export_row *row)
{
	const json_t *list = json_object_get(body, "operations");
	const struct derive_span all = {0, DERIVE_TO_THE_END};
	struct derive_operations operations;

	if (list == NULL)
		return true;
	bool ok = derive_operations_parse(list, &operations);
	if (ok) {
		json_t *settled = derive_operations_json(&operations, all);
		row->operations = json_dumps(settled, JSON_COMPACT);
		row->without_timeline = true;
		json_decref(settled);
	} else {
		route_fail(call, 400, "operations",
			   "A region needs a place and a size within a picture, and every span an "
			   "end behind its beginning.");
	}
	derive_operations_finish(&operations);
	return ok;
}

bool exports_may_have_timelines(const struct route_call *call)
{
	return policy_gives_timelines(&call->web->config->export,
				      call->login->role == USER_ROLE_ADMIN ? POLICY_ADMIN
									   : POLICY_AUDITOR);
}

struct export_wish {
	const struct export_row *row;
	char **ret_id;
};

static bool add(struct route_call *call, const void *user, GError **error)
{
	const struct export_wish *wish = user;

	return export_store_add(call->db, wish->row, wish->ret_id, error);
}

static void ask(struct route_call *call, const struct export_row *row)
{
	g_autofree char *id = NULL;
	g_autoptr(GError) error = NULL;
	const struct export_wish wish = {row, &id};
	const struct route_act act = {
		.action = "export-request",
		.subject = row->session_id,
		.detail = json_pack("{s:s, s:I, s:I, s:b, s:b}", "purpose", row->reason, "from_us",
				    (json_int_t)row->from_us, "to_us", (json_int_t)row->to_us,
				    "without_timeline", row->without_timeline, "by_policy",
				    row->by_policy),
		.run = add,
		.user = &wish,
	};

	if (row->operations != NULL)
		json_object_set_new(act.detail, "operations", json_loads(row->operations, 0, NULL));
	if (route_do(call, &act, &error)) {
		export_worker_wake(call->web->exports);
		route_json(call, 202, json_pack("{s:s}", "id", id));
	} else if (g_error_matches(error, DB_ERROR, DB_ERROR_CONFLICT)) {
		route_fail(call, 404, "not-found", "There is no recording of this session.");
	} else {
		route_db_failed(call, error);
	}
}

void route_export_request(struct route_call *call)
{
	struct export_row row = {.session_id = call->parts.part[0],
				 .node = call->web->config->node,
				 .login = call->login->login};

	if (!path_is_uuid(row.session_id)) {
		route_fail(call, 404, "not-found", "There is no recording of this session.");
		return;
	}
	if (!can_export(call))
		return;
	json_t *body = route_body(call);
	if (body == NULL)
		return;
	if (read_wish(call, body, &row) && read_operations(call, body, &row)) {
		row.by_policy = !exports_may_have_timelines(call);
		row.without_timeline |= row.by_policy;
		ask(call, &row);
	}
	g_free(row.reason);
	free(row.operations);
	json_decref(body);
}

void route_exports(struct route_call *call)
{
	g_autoptr(GPtrArray) rows = NULL;
	g_autoptr(GError) error = NULL;

	if (!path_is_uuid(call->parts.part[0])) {
		route_fail(call, 404, "not-found", "There is no recording of this session.");
		return;
	}
	if (!export_store_list(call->db, call->parts.part[0], &rows, &error)) {
		route_db_failed(call, error);
		return;
	}
	json_t *list = json_array();
	for (unsigned i = 0; i < rows->len; i++)
		json_array_append_new(list, export_json(call, rows->pdata[i]));
	route_json(call, 200,
		   json_pack("{s:o, s:b, s:b}", "exports", list, "possible",
			     call->web->exports != NULL, "timelines",
			     exports_may_have_timelines(call)));
}

struct export_row *exports_find(struct route_call *call)
{
	struct export_row *row = NULL;
	g_autoptr(GError) error = NULL;

	if (!can_export(call))
		return NULL;
	if (path_is_uuid(call->parts.part[0]) &&
	    !export_store_find(call->db, call->parts.part[0], &row, &error)) {
		route_db_failed(call, error);
		return NULL;
	}
	if (row == NULL)
		route_fail(call, 404, "not-found", "There is no such export.");
	return row;
}

static bool cancel(struct route_call *call, const void *user, GError **error)
{
	return export_store_cancel(call->db, user, error);
}

void route_export_cancel(struct route_call *call)
{
	autorow(export_row) row = exports_find(call);
	g_autoptr(GError) error = NULL;

	if (row == NULL)
		return;
	const struct route_act act = {
		.action = "export-cancel",
		.subject = row->session_id,
		.detail = json_pack("{s:s}", "export", row->id),
		.run = cancel,
		.user = row->id,
	};
	if (row->operations != NULL)
		json_object_set_new(act.detail, "operations", json_loads(row->operations, 0, NULL));
	if (route_do(call, &act, &error)) {
		export_worker_wake(call->web->exports);
		route_json(call, 200, json_object());
	} else if (g_error_matches(error, DB_ERROR, DB_ERROR_MISSING)) {
		route_fail(call, 409, "ended", "This export is over already.");
	} else {
		route_db_failed(call, error);
	}
}
