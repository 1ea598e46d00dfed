/* Statements about console logins. It sees hashes of cookies, never a cookie. */
#include "sql/web_login_store.h"

#include "sql/db_query.h"

void web_login_free(struct web_login *login)
{
	if (login == NULL)
		return;
	g_free(login->login);
	g_free(login->csrf);
	g_free(login->address);
	g_free(login);
}

bool web_login_store_create(struct db *db, const uint8_t token_hash[WEB_TOKEN_HASH_BYTES],
			    const char *csrf, const char *login, const char *address,
			    uint64_t expires_utc_us, GError **error)
{
	struct db_params params = {0};

	param_bytes(&params, token_hash, WEB_TOKEN_HASH_BYTES);
	param_text(&params, csrf);
	param_text(&params, login);
	param_name(&params, address);
	param_u64(&params, expires_utc_us);
	return db_do(db, "open a console login",
		     "INSERT INTO web_login (token_sha256, csrf, user_id, address, expires_at)"
		     " SELECT $1, $2, id, $4, at_utc_us($5) FROM app_user"
		     " WHERE lower(login) = lower($3) AND NOT disabled",
		     &params, ROWS_ONE, NULL, error);
}

static gpointer read_web_login(struct db_row *row)
{
	struct web_login *login = g_new0(struct web_login, 1);

	login->login = row_text(row);
	g_autofree char *role = row_text(row);
	login->role = user_role_from_key(role);
	login->csrf = row_text(row);
	login->address = row_text(row);
	login->created_utc_us = row_u64(row);
	login->expires_utc_us = row_u64(row);
	return login;
}

bool web_login_store_find(struct db *db, const uint8_t token_hash[WEB_TOKEN_HASH_BYTES],
			  struct web_login **ret, GError **error)
{
	struct db_params params = {0};

	param_bytes(&params, token_hash, WEB_TOKEN_HASH_BYTES);
	PGresult *result = db_say(db, "look up a console login",
				  "SELECT u.login, u.role, w.csrf, w.address, utc_us(w.created_at),"
				  " utc_us(w.expires_at) FROM web_login w"
				  " JOIN app_user u ON u.id = w.user_id WHERE w.token_sha256 = $1"
				  " AND w.expires_at > now() AND NOT u.disabled",
				  &params, ROWS_ANY, error);
	if (result == NULL)
		return false;
	*ret = rows_take_first(result, read_web_login);
	return true;
}

bool web_login_store_delete(struct db *db, const uint8_t token_hash[WEB_TOKEN_HASH_BYTES],
			    GError **error)
{
	struct db_params params = {0};

	param_bytes(&params, token_hash, WEB_TOKEN_HASH_BYTES);
	return db_do(db, "end a console login", "DELETE FROM web_login WHERE token_sha256 = $1",
		     &params, ROWS_ANY, NULL, error);
}

bool web_login_store_delete_user(struct db *db, const char *login, GError **error)
{
	struct db_params params = {0};

	param_text(&params, login);
	return db_do(db, "end a user's console logins",
		     "DELETE FROM web_login w USING app_user u"
		     " WHERE u.id = w.user_id AND lower(u.login) = lower($1)",
		     &params, ROWS_ANY, NULL, error);
}

bool web_login_store_expire(struct db *db, GError **error)
{
	return db_do(db, "clear expired console logins",
		     "DELETE FROM web_login WHERE expires_at <= now()", NULL, ROWS_ANY, NULL,
		     error);
}
