/* Finds the route for a request and lets in only who may. It must not know what a route does. */
#include "web/routes/route.h"

#include "web/http/cookie.h"

#include <string.h>

const struct route routes[] = {
	{HTTP_POST, "/api/login", 0, route_login},
	{HTTP_POST, "/api/logout", RIGHT_ENTER, route_logout},
	{HTTP_GET, "/api/me", RIGHT_ENTER, route_me},
	{HTTP_GET, "/api/sessions", RIGHT_ENTER, route_sessions},
	{HTTP_GET, "/api/sessions/*", RIGHT_ENTER, route_session},
	{HTTP_POST, "/api/sessions/*/terminate", RIGHT_TERMINATE, route_terminate},
	{HTTP_GET, "/api/live", RIGHT_WATCH, route_live},
	{HTTP_GET, "/api/recordings/*/playlist.m3u8", RIGHT_PLAY, route_playlist},
	{HTTP_GET, "/api/recordings/*/timeline", RIGHT_PLAY, route_timeline},
	{HTTP_GET, "/api/recordings/*/keeping", RIGHT_PLAY, route_keeping},
	{HTTP_POST, "/api/recordings/*/hold", RIGHT_HOLD, route_hold},
	{HTTP_POST, "/api/recordings/*/release", RIGHT_HOLD, route_release},
	{HTTP_POST, "/api/recordings/*/deletion", RIGHT_DELETE, route_deletion_request},
	{HTTP_POST, "/api/recordings/*/deletion/approve", RIGHT_DELETE, route_deletion_approve},
	{HTTP_POST, "/api/recordings/*/deletion/withdraw", RIGHT_DELETE, route_deletion_withdraw},
	{HTTP_GET, "/api/recordings/*/exports", RIGHT_EXPORT, route_exports},
	{HTTP_POST, "/api/recordings/*/exports", RIGHT_EXPORT, route_export_request},
	{HTTP_POST, "/api/exports/*/cancel", RIGHT_EXPORT, route_export_cancel},
	{HTTP_GET, "/api/exports/*/evidence.mp4", RIGHT_EXPORT, route_export_file},
	{HTTP_GET, "/api/exports/*/certificate.pdf", RIGHT_EXPORT, route_export_certificate},
	{HTTP_GET, "/api/exports/*/timeline.csv", RIGHT_EXPORT, route_export_timeline},
	{HTTP_GET, "/api/recordings/*/*", RIGHT_PLAY, route_media},
	{HTTP_GET, "/api/audit", RIGHT_AUDIT, route_audit_list},
	{HTTP_GET, "/healthz", 0, route_health},
	{HTTP_GET, "/metrics", 0, route_metrics},
	{HTTP_GET, "/", 0, route_console_page},
	{HTTP_GET, "/login", 0, route_console_page},
	{HTTP_GET, "/sessions", 0, route_console_page},
	{HTTP_GET, "/sessions/*", 0, route_console_page},
	{HTTP_GET, "/past", 0, route_console_page},
	{HTTP_GET, "/play/*", 0, route_console_page},
	{HTTP_GET, "/audit", 0, route_console_page},
	{HTTP_GET, "/verify", 0, route_verify_page},
	{HTTP_GET, "/console/*", 0, route_console_file},
	{HTTP_GET, "/console/*/*", 0, route_console_file},
};
const unsigned n_routes = G_N_ELEMENTS(routes);

static const struct route *find_route(const struct http_request *request, struct path_parts *parts,
				      bool *ret_path_known)
{
	*ret_path_known = false;
	for (unsigned i = 0; i < n_routes; i++) {
		if (!path_match(routes[i].pattern, request->path, parts))
			continue;
		if (routes[i].method == request->method)
			return &routes[i];
		*ret_path_known = true;
	}
	return NULL;
}

/* Digests are compared instead of the texts, so that the time says nothing about where they
 * differ. */
static bool csrf_matches(const char *given, const char *expected)
{
	if (given == NULL)
		return false;
	g_autofree char *a = g_compute_checksum_for_string(G_CHECKSUM_SHA256, given, -1);
	g_autofree char *b = g_compute_checksum_for_string(G_CHECKSUM_SHA256, expected, -1);
	return strcmp(a, b) == 0;
}

/* Browsers send Origin with every POST; another site's page cannot forge it. Programs send none. */
static bool origin_is_ours(const struct http_request *request)
{
	const char *origin = request->header[HTTP_ORIGIN], *host = request->header[HTTP_HOST];

	if (origin == NULL)
		return true;
	return host != NULL && g_str_has_prefix(origin, "https://") &&
	       strcmp(origin + strlen("https://"), host) == 0;
}

bool route_find_login(struct route_call *call)
{
	g_autofree char *token = cookie_get(call->request->header[HTTP_COOKIE], COOKIE_LOGIN);
	g_autoptr(GError) error = NULL;

	if (token == NULL || token[0] == '\0')
		return true;
	g_autoptr(GChecksum) digest = g_checksum_new(G_CHECKSUM_SHA256);
	gsize length = sizeof(call->token_hash);
	g_checksum_update(digest, (const guchar *)token, -1);
	g_checksum_get_digest(digest, call->token_hash, &length);
	if (!web_login_store_find(call->db, call->token_hash, &call->login, &error)) {
		route_db_failed(call, error);
		return false;
	}
	if (call->login != NULL)
		call->rights = rights_of(call->login->role);
	return true;
}

/* False: refused, already answered. */
static bool let_in(struct route_call *call, const struct route *route)
{
	if (route->method == HTTP_POST && !origin_is_ours(call->request)) {
		route_fail(call, 403, "origin", "This request came from another site.");
		return false;
	}
	if (route->right == 0)
		return true;
	if (!route_find_login(call))
		return false;
	if (call->login == NULL || call->rights == 0) {
		route_fail(call, 401, "login", "Please log in.");
		return false;
	}
	if ((call->rights & route->right) == 0) {
		route_fail(call, 403, "right", "Your role does not permit this.");
		return false;
	}
	if (route->method == HTTP_POST &&
	    !csrf_matches(call->request->header[HTTP_CSRF], call->login->csrf)) {
		route_fail(call, 403, "csrf", "The page is out of date. Please load it again.");
		return false;
	}
	return true;
}

void route_dispatch(const struct http_request *request, struct http_answer *answer, void *user_data)
{
	struct route_call call = {.web = user_data, .request = request, .answer = answer};
	bool path_known;

	const struct route *route = find_route(request, &call.parts, &path_known);
	if (route == NULL) {
		if (path_known)
			route_fail(&call, 405, "method", "This address takes another method.");
		else
			route_fail(&call, 404, "not-found", "There is nothing at this address.");
	} else {
		call.db = web_db_take(call.web);
		if (let_in(&call, route))
			route->run(&call);
		web_db_put(call.web, call.db);
		web_login_free(call.login);
	}
	web_count(&call.web->counters.answers[MIN(answer->status / 100, 5u)]);
}
