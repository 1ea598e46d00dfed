/* GET /api/audit?actor=&action=&subject=&before=&limit=: the audit trail, newest first. Reading it
 * is an audit record too. */
#include "web/routes/query.h"

#include "sql/audit_store.h"

#define LIMIT_DEFAULT 100u
#define LIMIT_MAX 500u

static json_t *row_json(const struct audit_row *row)
{
	json_t *detail =
		row->detail != NULL ? json_loads(row->detail, JSON_DECODE_ANY, NULL) : NULL;

	return json_pack("{s:I, s:I, s:s, s:s, s:s, s:s, s:s, s:o}", "number",
			 (json_int_t)row->number, "at_utc_us", (json_int_t)row->at_utc_us,
			 "program", row->program, "actor", row->actor, "action", row->action,
			 "subject", row->subject, "address", row->address, "detail",
			 detail != NULL ? detail : json_object());
}

void route_audit_list(struct route_call *call)
{
	struct audit_filter filter = {
		.actor = query_text(call, "actor"),
		.action = query_text(call, "action"),
		.subject = query_text(call, "subject"),
	};
	g_autoptr(GPtrArray) rows = NULL;
	g_autoptr(GError) error = NULL;
	uint64_t limit, total;

	if (!query_number(call, "before", 0, INT64_MAX, &filter.until_utc_us) ||
	    !query_number(call, "limit", LIMIT_DEFAULT, LIMIT_MAX, &limit) ||
	    !route_audit_once(call, "audit-read", ""))
		return;
	filter.page.limit = (uint32_t)MAX(limit, 1u);
	if (!audit_store_list(call->db, &filter, &rows, &total, &error)) {
		route_db_failed(call, error);
		return;
	}
	json_t *list = json_array();
	for (unsigned i = 0; i < rows->len; i++)
		json_array_append_new(list, row_json(rows->pdata[i]));
	route_json(call, 200, json_pack("{s:o, s:I}", "records", list, "total", (json_int_t)total));
}
