/* GET /api/me: who the page is working for, what that person may do, and the token that
 * state-changing requests must carry. */
#include "web/routes/route.h"

void route_me(struct route_call *call)
{
	const struct web_login *login = call->login;

	route_json(call, 200,
		   json_pack("{s:s, s:s, s:o, s:s, s:I}", "login", login->login, "role",
			     user_role_key(login->role), "rights", rights_json(call->rights),
			     "csrf", login->csrf, "expires_utc_us",
			     (json_int_t)login->expires_utc_us));
}
