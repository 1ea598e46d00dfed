/* GET /api/live?sessions=ID[,ID...]: one streaming response with the live pictures of several
 * sessions (web/live/live_frame.h). */
#include "web/routes/query.h"

#include "sql/session_store.h"

#include <string.h>

/* The list of ids, or NULL when already answered. */
static char **read_ids(struct route_call *call)
{
	const char *text = query_text(call, "sessions");
	g_auto(GStrv) ids = g_strsplit(text != NULL ? text : "", ",", LIVE_PAGE_SLOTS + 1);
	unsigned n = g_strv_length(ids);

	bool good = n >= 1 && n <= LIVE_PAGE_SLOTS;
	for (unsigned i = 0; good && i < n; i++)
		good = path_is_uuid(ids[i]);
	if (good)
		return g_steal_pointer(&ids);
	route_fail(call, 400, "invalid", "sessions must name 1 to 16 sessions by their ids.");
	return NULL;
}

/* False: already answered. */
static bool may_watch(struct route_call *call, const char *id)
{
	autorow(session_row) row = NULL;
	g_autoptr(GError) error = NULL;

	if (!session_store_find(call->db, id, &row, &error)) {
		route_db_failed(call, error);
		return false;
	}
	if (row == NULL || row->state == SESSION_STATE_ENDED) {
		route_fail(call, 409, "ended", "This session does not run (any more).");
		return false;
	}
	return route_audit_once(call, "session-watch", id);
}

void route_live(struct route_call *call)
{
	g_auto(GStrv) ids = read_ids(call);
	g_autoptr(GBytes) tag = g_bytes_new(call->token_hash, sizeof(call->token_hash));

	if (ids == NULL)
		return;
	for (unsigned i = 0; ids[i] != NULL; i++)
		if (!may_watch(call, ids[i]))
			return;
	const struct live_page_owner owner = {call->login->login, call->request->source, tag};
	struct http_stream *stream =
		live_page_open(call->web->hub, (const char *const *)ids, &owner);
	if (stream != NULL) {
		http_answer_stream(call->answer, "application/octet-stream", stream);
		return;
	}
	call->answer->retry_after_s = 5;
	route_fail(call, 503, "busy", "Too many pages are watching at the moment.");
}
