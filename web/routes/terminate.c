/* POST /api/sessions/ID/terminate {"reason": "..."}: leaves the order in the database, where the
 * gateway of that session's node hears it at once. */
#include "web/routes/route.h"

#include "sql/session_store.h"

static bool terminate(struct route_call *call, const void *user, GError **error)
{
	return session_store_terminate(call->db, call->parts.part[0], user, call->login->login,
				       error);
}

void route_terminate(struct route_call *call)
{
	const char *id = call->parts.part[0];
	g_autofree char *reason = route_reason(
		call,
		"Please say why, in at most 500 characters: the person at the session reads it.");
	g_autoptr(GError) error = NULL;

	if (reason == NULL)
		return;
	if (!path_is_uuid(id)) {
		route_fail(call, 404, "not-found", "There is no such session.");
		return;
	}
	const struct route_act act = {
		.action = "session-terminate",
		.subject = id,
		.detail = json_pack("{s:s}", "reason", reason),
		.run = terminate,
		.user = reason,
	};
	if (route_do(call, &act, &error))
		route_json(call, 202, json_object());
	else if (g_error_matches(error, DB_ERROR, DB_ERROR_MISSING))
		route_fail(call, 409, "ended", "This session does not run (any more).");
	else
		route_db_failed(call, error);
}
