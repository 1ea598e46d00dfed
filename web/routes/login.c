/* POST /api/login: password in, cookie out. Every refusal looks the same and takes the same time,
 * whoever asked for whom. */
#include "web/routes/route.h"

#include "base/clock.h"
#include "base/password.h"
#include "base/secret.h"
#include "sql/audit_store.h"
#include "web/http/cookie.h"

#include <string.h>

/* Characters out of password_generate: over 256 bits. */
#define TOKEN_CHARACTERS 45u
#define LOGIN_MAX_BYTES 256u

static void refuse(struct route_call *call)
{
	route_fail(call, 401, "refused",
		   "The name or the password is wrong, or this account may not use the console.");
}

/* True when `password` is right and its user may enter. Spends the same time in every case. */
static bool check_password(const struct user *user, const char *password)
{
	bool right = user != NULL && user->password_hash != NULL
			     ? password_verify(user->password_hash, password)
			     : password_verify_nobody(password);

	return right && !user->disabled && (rights_of(user->role) & RIGHT_ENTER);
}

static void hash_token(const char *token, uint8_t ret[WEB_TOKEN_HASH_BYTES])
{
	g_autoptr(GChecksum) digest = g_checksum_new(G_CHECKSUM_SHA256);
	gsize length = WEB_TOKEN_HASH_BYTES;

	g_checksum_update(digest, (const guchar *)token, -1);
	g_checksum_get_digest(digest, ret, &length);
}

struct new_login {
	const char *login, *csrf;
	const uint8_t *hash;
	uint64_t expires_utc_us;
};

static bool create_login(struct route_call *call, const void *user, GError **error)
{
	const struct new_login *new = user;

	return web_login_store_create(call->db, new->hash, new->csrf, new->login,
				      call->request->source, new->expires_utc_us, error);
}

/* Without an audit record nobody gets in. */
static void enter(struct route_call *call, const struct user *user)
{
	autosecret token = password_generate(TOKEN_CHARACTERS);
	autosecret csrf = password_generate(TOKEN_CHARACTERS);
	uint64_t expires_utc_us = clock_utc_us() + WEB_LOGIN_S * (uint64_t)G_USEC_PER_SEC;
	g_autoptr(GError) error = NULL;
	uint8_t hash[WEB_TOKEN_HASH_BYTES];

	hash_token(token, hash);
	const struct new_login new = {user->login, csrf, hash, expires_utc_us};
	const struct route_act act = {.action = "web-login",
				      .subject = user->login,
				      .actor = user->login,
				      .run = create_login,
				      .user = &new};
	if (!route_do(call, &act, &error)) {
		route_db_failed(call, error);
		return;
	}
	if (!user_store_note_login(call->db, user->login, &error)) {
		g_warning("web: the time of a login was not noted: %s", error->message);
		g_clear_error(&error);
	}
	if (!web_login_store_expire(call->db, &error))
		g_warning("web: expired logins were not deleted: %s", error->message);
	web_count(&call->web->counters.logins_good);
	call->answer->set_cookie = cookie_set_login(token, WEB_LOGIN_S);
	route_json(call, 200,
		   json_pack("{s:s, s:s, s:o, s:s}", "login", user->login, "role",
			     user_role_key(user->role), "rights",
			     rights_json(rights_of(user->role)), "csrf", csrf));
}

static void note_refusal(struct route_call *call, const char *name)
{
	g_autoptr(GError) error = NULL;

	web_count(&call->web->counters.logins_refused);
	if (!audit_store_add(call->db, "", "web-login-refused", name, call->request->source, NULL,
			     &error))
		g_warning("web: a refused login is not in the audit trail: %s", error->message);
}

static void check(struct route_call *call, const char *name, const char *password)
{
	autorow(user) user = NULL;
	g_autoptr(GError) error = NULL;

	if (!user_store_login(call->db, name, &user, &error) &&
	    !g_error_matches(error, DB_ERROR, DB_ERROR_INVALID)) {
		throttle_withdraw(call->web->throttle, call->request->source, name);
		route_db_failed(call, error);
		return;
	}
	if (!web_password_enter(call->web)) {
		throttle_withdraw(call->web->throttle, call->request->source, name);
		call->answer->retry_after_s = 2;
		route_fail(call, 503, "busy", "Too many logins at once. Please try again.");
		return;
	}
	bool right = check_password(user, password);
	web_password_leave(call->web);
	if (!right) {
		note_refusal(call, name);
		refuse(call);
		return;
	}
	throttle_passed(call->web->throttle, call->request->source, name);
	enter(call, user);
}

static void throttled(struct route_call *call, uint32_t wait_s)
{
	g_autofree char *text =
		g_strdup_printf("Too many failed logins. Please wait %u seconds.", wait_s);

	web_count(&call->web->counters.logins_throttled);
	call->answer->retry_after_s = wait_s;
	route_fail(call, 429, "wait", text);
}

void route_login(struct route_call *call)
{
	const char *name, *given;
	json_t *body = route_body(call);

	if (body == NULL)
		return;
	if (json_unpack(body, "{s:s, s:s}", "user", &name, "password", &given) != 0) {
		json_decref(body);
		route_fail(call, 400, "json", "A login needs \"user\" and \"password\".");
		return;
	}
	autosecret password = secret_new(given, strlen(given));
	g_autofree char *user = g_strdup(name);
	json_decref(body); /* wipes: see main.c */
	secret_wipe(call->request->body->data, call->request->body->len);
	if (strlen(user) > LOGIN_MAX_BYTES || strlen(password) > PASSWORD_MAX_BYTES) {
		refuse(call);
		return;
	}
	uint32_t wait_s = throttle_begin(call->web->throttle, call->request->source, user);
	if (wait_s > 0)
		throttled(call, wait_s);
	else
		check(call, user, password);
}
