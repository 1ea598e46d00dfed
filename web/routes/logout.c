/* POST /api/logout: the cookie is worth nothing any more, and live pages of this login end. */
#include "web/routes/route.h"

#include "web/http/cookie.h"

static bool leave(struct route_call *call, const void *user, GError **error)
{
	return web_login_store_delete(call->db, call->token_hash, error);
}

void route_logout(struct route_call *call)
{
	g_autoptr(GBytes) tag = g_bytes_new(call->token_hash, sizeof(call->token_hash));
	const struct route_act act = {
		.action = "web-logout", .subject = call->login->login, .run = leave};
	g_autoptr(GError) error = NULL;

	if (!route_do(call, &act, &error)) {
		route_db_failed(call, error);
		return;
	}
	live_hub_leave(call->web->hub, tag, "logged-out");
	call->answer->set_cookie = cookie_set_login("", 0);
	route_json(call, 200, json_object());
}
