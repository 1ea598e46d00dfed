/** Who is logged in to the console. The database knows the SHA-256 of a cookie, never the cookie.
 *  All functions are for the web's role: false and DB_ERROR on failure, ret_* untouched. */
#pragma once

#include "sql/user_store.h"

#define WEB_TOKEN_HASH_BYTES 32u

struct web_login {
	char *login;	     /**< canonical */
	enum user_role role; /**< as it is now, not as it was at login */
	char *csrf;
	char *address; /**< where the login came from */
	uint64_t created_utc_us, expires_utc_us;
};
void web_login_free(struct web_login *login);
DB_ROW_CLEANUP(web_login)

/** DB_ERROR_MISSING: no such user, or disabled. */
bool web_login_store_create(struct db *db, const uint8_t token_hash[WEB_TOKEN_HASH_BYTES],
			    const char *csrf, const char *login, const char *address,
			    uint64_t expires_utc_us, GError **error);
/** `*ret` is NULL when there is no such login, or it expired, or its user is disabled. */
bool web_login_store_find(struct db *db, const uint8_t token_hash[WEB_TOKEN_HASH_BYTES],
			  struct web_login **ret, GError **error);
/** Logging out what is logged out already is not an error. */
bool web_login_store_delete(struct db *db, const uint8_t token_hash[WEB_TOKEN_HASH_BYTES],
			    GError **error);
/** Ends all logins of a user. */
bool web_login_store_delete_user(struct db *db, const char *login, GError **error);
/** Deletes what has expired. Now and then. */
bool web_login_store_expire(struct db *db, GError **error);
