/** The people who may log in. Names are compared without case; the name as it was created is the
 *  canonical one. All functions: false and DB_ERROR on failure, with ret_* untouched. */
#pragma once

#include "sql/db.h"

enum user_role {
	USER_ROLE_USER = 1, /**< may open sessions that a grant allows */
	USER_ROLE_WATCHER,  /**< and see all sessions live and recorded, and end running ones */
	USER_ROLE_AUDITOR,  /**< and read the audit trail and export */
	USER_ROLE_ADMIN,    /**< and everything else */
};

/** "user", "watcher", "auditor", "admin"; "unknown" for any other number. Never NULL. */
const char *user_role_key(enum user_role role);
/** 0 for a key that is no role. */
enum user_role user_role_from_key(const char *key);

struct user {
	char *login;	     /**< canonical */
	char *password_hash; /**< argon2id text for base/password.h; only from user_store_login,
				else NULL */
	enum user_role role;
	bool disabled;
	uint64_t created_utc_us;
	uint64_t last_login_utc_us; /**< 0: never */
};
void user_free(struct user *user); /**< NULL is fine */
DB_ROW_CLEANUP(user)

/** For whoever checks a password (gateway, web): the row of `login`, with password_hash. `*ret` is
 *  NULL when there is no such user: then still spend the time of a check (password_verify_nobody).
 *  A disabled user is returned as such. */
bool user_store_login(struct db *db, const char *login, struct user **ret, GError **error);

/** Notes a good login. May be repeated. Gateway and web. */
bool user_store_note_login(struct db *db, const char *login, GError **error);

/** The rest is for the administrator's role. */

/** DB_ERROR_CONFLICT: the name exists; DB_ERROR_INVALID: see NAME_RULE. */
bool user_store_add(struct db *db, const char *login, const char *password_hash,
		    enum user_role role, GError **error);
/** GPtrArray of struct user by login, frees its rows. */
bool user_store_list(struct db *db, GPtrArray **ret, GError **error);
/** These: DB_ERROR_MISSING when there is no such user. Removing takes grants, tickets and web
 *  logins along; what is written in sessions, recordings and audit stays. Changing password, role
 *  or the disabled flag ends the user's web logins. */
bool user_store_remove(struct db *db, const char *login, GError **error);
bool user_store_set_password(struct db *db, const char *login, const char *password_hash,
			     GError **error);
bool user_store_set_role(struct db *db, const char *login, enum user_role role, GError **error);
bool user_store_set_disabled(struct db *db, const char *login, bool disabled, GError **error);

/** What a login, target or account name may be. '%' separates them in what a viewer sends, ':' in
 *  what sealed secrets are bound to; the rest keeps out of logs and paths. */
#define NAME_RULE                                                                                  \
	"1 to 64 characters, none of % : / \\ and quotes, no control characters, no space at the " \
	"ends"
