/* GET /api/sessions?state=running|past&user=&target=&text=&before=&limit=: newest first. The next
 * page begins `before` the last row's opened_utc_us; that stays right while new sessions come
 * in. */
#include "web/routes/query.h"
#include "web/routes/session_json.h"

#include <string.h>

#define LIMIT_DEFAULT 50u
#define LIMIT_MAX 200u

static bool read_state(struct route_call *call, int *ret)
{
	const char *state = query_text(call, "state");

	if (state == NULL)
		*ret = 0;
	else if (strcmp(state, "running") == 0)
		*ret = 1;
	else if (strcmp(state, "past") == 0)
		*ret = -1;
	else {
		route_fail(call, 400, "invalid", "state must be running or past.");
		return false;
	}
	return true;
}

static bool read_filter(struct route_call *call, struct session_filter *filter)
{
	uint64_t limit;

	if (!read_state(call, &filter->running) ||
	    !query_number(call, "after", 0, INT64_MAX, &filter->from_utc_us) ||
	    !query_number(call, "before", 0, INT64_MAX, &filter->until_utc_us) ||
	    !query_number(call, "limit", LIMIT_DEFAULT, LIMIT_MAX, &limit))
		return false;
	filter->login = query_text(call, "user");
	filter->target = query_text(call, "target");
	filter->text = query_text(call, "text");
	filter->page.limit = (uint32_t)MAX(limit, 1u);
	return true;
}

void route_sessions(struct route_call *call)
{
	struct session_filter filter = {.running = 0};
	g_autoptr(GPtrArray) rows = NULL;
	g_autoptr(GError) error = NULL;
	uint64_t total;

	if (!read_filter(call, &filter))
		return;
	if (!session_store_list(call->db, &filter, &rows, &total, &error)) {
		route_db_failed(call, error);
		return;
	}
	json_t *list = json_array();
	for (unsigned i = 0; i < rows->len; i++)
		json_array_append_new(list, session_json(rows->pdata[i]));
	route_json(call, 200,
		   json_pack("{s:o, s:I}", "sessions", list, "total", (json_int_t)total));
}
