/* GET /api/sessions/ID: one session. */
#include "web/routes/route.h"
#include "web/routes/session_json.h"

void route_session(struct route_call *call)
{
	autorow(session_row) row = NULL;
	g_autoptr(GError) error = NULL;

	if (!session_store_find(call->db, call->parts.part[0], &row, &error))
		route_db_failed(call, error);
	else if (row == NULL)
		route_fail(call, 404, "not-found", "There is no such session.");
	else
		route_json(call, 200, session_json(row));
}
