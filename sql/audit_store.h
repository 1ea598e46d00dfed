/** The audit trail: decisions and who took them. Rows can be added and read, never changed or
 *  removed, by any role and also not by the owner of the tables. False and DB_ERROR on failure,
 *  ret_* untouched. */
#pragma once

#include "sql/db.h"

/** Trigger on audit: there are new records. No payload. */
#define DB_CHANNEL_AUDIT "vitrine_audit"

struct audit_row {
	uint64_t number;    /**< 1, 2, ... without holes; set by the database */
	uint64_t at_utc_us; /**< set by the database */
	char *program; /**< "vitrine-gateway" ...; set by the database from the connection's role */
	char *actor;   /**< login, or "" when nobody is known yet */
	char *action;  /**< "login-refused", "session-open", "session-terminate", "user-add", ... :
			  [a-z-]+ */
	char *subject; /**< what it was done to: session id, login, target; may be empty */
	char *address; /**< where from; may be empty */
	char *detail;  /**< one JSON object, no secrets; NULL or empty counts as {} */
};
void audit_row_free(struct audit_row *row);
DB_ROW_CLEANUP(audit_row)

/** Writes one record. NULL texts count as empty. Write it before the act it permits; when this
 *  fails, do not permit it. DB_ERROR_INVALID: malformed action or detail. Gateway, web,
 *  administrator. */
bool audit_store_add(struct db *db, const char *actor, const char *action, const char *subject,
		     const char *address, const char *detail, GError **error);

/** NULL and 0 do not filter. */
struct audit_filter {
	const char *actor, *action, *subject; /**< equal, actor and subject without case */
	uint64_t from_utc_us, until_utc_us;   /**< [from, until) */
	struct db_page page;
};
/** Newest first: GPtrArray of struct audit_row; `ret_total` may be NULL. Web, administrator. */
bool audit_store_list(struct db *db, const struct audit_filter *filter, GPtrArray **ret,
		      uint64_t *ret_total, GError **error);

/** Up to `limit` records behind number `after`, in order of their numbers: GPtrArray of struct
 *  audit_row. Recorder, web, administrator. */
bool audit_store_after(struct db *db, uint64_t after, uint32_t limit, GPtrArray **ret,
		       GError **error);

/** The record as one JSON object, as the node log hashes it (docs/database.md, "The
 *  audit trail"). g_free it. */
char *audit_row_json(const struct audit_row *row);
