/** One-time passwords for the NLA door: each opens one account at one target for one user, once,
 *  before it expires. All functions: false and DB_ERROR on failure, ret_* untouched. */
#pragma once

#include "sql/db.h"

struct ticket {
	char *id; /**< UUID text */
	char *login, *target, *account;
	uint64_t expires_utc_us;
	GBytes *nt_hash_sealed; /**< open with the vault, AAD "ticket:<id>"; gateway only, else NULL
				 */
	bool used;
};
void ticket_free(struct ticket *ticket);
DB_ROW_CLEANUP(ticket)

#define TICKET_CANDIDATES_MAX 8u

/** The tickets that could match a login now: unused, unexpired, of a user who is not disabled and
 *  still holds the grant; newest first, at most TICKET_CANDIDATES_MAX. GPtrArray of struct ticket,
 *  empty when there are none. Gateway. */
bool ticket_store_candidates(struct db *db, const char *login, GPtrArray **ret, GError **error);

/** The tickets of such a user that were used or expired within the last two minutes: they open
 *  nothing, but who comes with one can be told so. Order and limit as above. Gateway. */
bool ticket_store_spent(struct db *db, const char *login, GPtrArray **ret, GError **error);

/** Marks a ticket used. Of any number of callers exactly one gets `*ret_won` true; it is false as
 *  well when the ticket has expired meanwhile. Gateway. */
bool ticket_store_use(struct db *db, const char *id, bool *ret_won, GError **error);

/** Administrator's role. `id` is a fresh UUID (g_uuid_string_random), because the seal is bound to
 *  it. DB_ERROR_MISSING: the user was not granted this account. DB_ERROR_CONFLICT: the user has
 *  TICKET_CANDIDATES_MAX open tickets already. */
bool ticket_store_create(struct db *db, const char *id, const char *login, const char *target,
			 const char *account, GBytes *nt_hash_sealed, uint64_t expires_utc_us,
			 GError **error);

/** Deletes what was used or expired more than a day ago; `ret_rows` tells how many.
 *  Gateway, now and then. */
bool ticket_store_expire(struct db *db, uint64_t *ret_rows, GError **error);
