/** Where sessions may go: targets, the accounts known on them, and who was granted which account.
 *  Names are compared without case and returned as they were created. All functions: false and
 *  DB_ERROR on failure, ret_* untouched. */
#pragma once

#include "sql/db.h"

/** Longest PEM text of authorities that the table takes. */
#define TARGET_CA_MAX_BYTES 32768u

struct target {
	char *name;
	char *protocol; /**< "rdp" or "vnc" */
	char *host;
	uint16_t port;
	uint32_t security;	  /**< enum target_security (ipc/broker_proto.h) */
	char *certificate_sha256; /**< 64 lower-case hex digits, or empty */
	char *ca_pem;		  /**< or empty */
	uint32_t accounts;	  /**< how many are known; lists only */
};
void target_free(struct target *target);
DB_ROW_CLEANUP(target)

struct account {
	char *target, *name;
	char *domain;	 /**< or empty */
	uint32_t grants; /**< how many users may use it; lists only */
};
void account_free(struct account *account);
DB_ROW_CLEANUP(account)

/** What goes with a grant. */
struct grant_policy {
	uint32_t idle_limit_s; /**< 0: none */
	char *banner;	       /**< laid over the picture at the beginning; may be empty */
	char *keys;	       /**< "on", "off", "sealed": to the key for keystrokes */
	char *quality; /**< "evidence", "standard", "economy"; empty: the recorder's own setting */
};

struct grant {
	char *login, *target, *account;
	uint64_t created_utc_us;
	struct grant_policy policy;
};
void grant_free(struct grant *grant);
DB_ROW_CLEANUP(grant)

/** One permitted way to a target, with everything needed to go there. */
struct access {
	char *login; /**< canonical */
	struct target target;
	char *account, *domain;
	GBytes *secret_sealed; /**< open with the vault, AAD "account:<target.name>:<account>" */
	struct grant_policy policy;
};
void access_free(struct access *access);
DB_ROW_CLEANUP(access)

/** What `login` may reach under these names. `account` and `target` may be empty: then every
 *  granted one fits. `*ret_matches` is how many fit (0: none; 2: two or more, so the person must
 *  name more); `*ret` is set only when it is exactly 1, else NULL. A disabled user has no access.
 *  Gateway. */
bool target_store_resolve(struct db *db, const char *login, const char *account, const char *target,
			  struct access **ret, unsigned *ret_matches, GError **error);

/** What `login` may reach, for a chooser: GPtrArray of struct grant by target and account. Gateway
 *  and web. */
bool target_store_granted(struct db *db, const char *login, GPtrArray **ret, GError **error);

/** The rest is for the administrator's role. Adding: DB_ERROR_CONFLICT when the name exists,
 *  DB_ERROR_INVALID for a value that no row may hold. Removing and changing: DB_ERROR_MISSING.
 *  Removing takes what hangs on it along (accounts, grants, tickets). */
bool target_store_add(struct db *db, const struct target *target, GError **error);
/** Changes host, port, security, certificate_sha256 and ca_pem of the target of this name. */
bool target_store_change(struct db *db, const struct target *target, GError **error);
bool target_store_remove(struct db *db, const char *name, GError **error);
/** `*ret` is NULL when there is no such target. */
bool target_store_find(struct db *db, const char *name, struct target **ret, GError **error);
/** GPtrArray of struct target by name. */
bool target_store_list(struct db *db, GPtrArray **ret, GError **error);

/** `secret_sealed` is bound to the names (AAD), so pass target.name as target_store_find returned
 *  it. DB_ERROR_MISSING: no such target. */
bool account_store_add(struct db *db, const char *target, const char *name, const char *domain,
		       GBytes *secret_sealed, GError **error);
bool account_store_set_secret(struct db *db, const char *target, const char *name,
			      GBytes *secret_sealed, GError **error);
bool account_store_remove(struct db *db, const char *target, const char *name, GError **error);
/** GPtrArray of struct account by target and name; `target` NULL: of all. */
bool account_store_list(struct db *db, const char *target, GPtrArray **ret, GError **error);

/** DB_ERROR_MISSING names what does not exist: user, target or account. Granting twice is not an
 *  error. */
bool grant_store_add(struct db *db, const char *login, const char *target, const char *account,
		     GError **error);
/** What is to be changed of a policy; NULL and -1 leave as it is. */
struct grant_change {
	int64_t idle_limit_s;
	const char *banner;
	const char *keys; /**< "on", "off", "sealed" */
	const char *quality;
};
/** DB_ERROR_INVALID: a banner longer than 500 characters or of several lines, unknown
 *  keys, an unknown quality. */
bool grant_store_change(struct db *db, const char *login, const char *target, const char *account,
			const struct grant_change *change, GError **error);
bool grant_store_remove(struct db *db, const char *login, const char *target, const char *account,
			GError **error);
/** GPtrArray of struct grant; `login`, `target` NULL: of all. */
bool grant_store_list(struct db *db, const char *login, const char *target, GPtrArray **ret,
		      GError **error);
