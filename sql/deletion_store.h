/** Legal holds, orders to delete, and what a recorder has to delete now. A hold beats everything;
 *  an order takes two people; both leave who, when and why. False and DB_ERROR on failure, ret_*
 *  untouched. Times and sizes are judged by the database. */
#pragma once

#include "sql/db.h"

/** Trigger on deletion_order: payload is the node whose recorder has something to delete. */
#define DB_CHANNEL_DELETION "vitrine_deletion"

/** What stands about keeping one recording. Texts are empty, times 0, where nothing does. */
struct keeping {
	char *class;
	char *hold_reason, *hold_by; /**< the hold in force */
	uint64_t hold_utc_us;
	char *order_reason, *order_by, *order_approved_by;
	uint64_t order_utc_us;
};
void keeping_free(struct keeping *keeping);
DB_ROW_CLEANUP(keeping)

/** `*ret` is NULL when there is no such recording. Web, administrator. */
bool deletion_store_keeping(struct db *db, const char *session_id, struct keeping **ret,
			    GError **error);

/** DB_ERROR_CONFLICT: under hold already, or deleted; DB_ERROR_MISSING. Web, administrator. */
bool deletion_store_hold(struct db *db, const char *session_id, const char *reason, const char *by,
			 GError **error);
/** DB_ERROR_MISSING: no hold is in force. */
bool deletion_store_release(struct db *db, const char *session_id, const char *by, GError **error);

/** DB_ERROR_CONFLICT: requested already, under hold or deleted; DB_ERROR_MISSING. */
bool deletion_store_request(struct db *db, const char *session_id, const char *reason,
			    const char *by, GError **error);
/** DB_ERROR_INVALID: by whoever requested it; DB_ERROR_CONFLICT: under hold or deleted;
 *  DB_ERROR_MISSING: no request waits. */
bool deletion_store_approve(struct db *db, const char *session_id, const char *by, GError **error);
/** DB_ERROR_MISSING: no request waits for a second person. */
bool deletion_store_withdraw(struct db *db, const char *session_id, GError **error);

struct deletion {
	char *session_id;
	char *cause;  /**< "age", "size" or "order" */
	char *class;  /**< retention class */
	char *reason; /**< of an order; else empty */
	char *requested_by, *approved_by;
};
void deletion_free(struct deletion *deletion);

/** Recorder: what is due on its node, the oldest first; also what an interrupted deletion left.
 *  GPtrArray of struct deletion. */
bool deletion_store_due(struct db *db, const char *node, GPtrArray **ret, GError **error);
/** Recorder, before it touches a file. `*ret_claimed` false: a hold came first, or it is not due
 *  any more. May be repeated. */
bool deletion_store_claim(struct db *db, const struct deletion *deletion, const char *node,
			  bool *ret_claimed, GError **error);
/** Recorder: the contents are gone, the tombstone with this hash lies in the store. May be
 *  repeated. */
bool deletion_store_finish(struct db *db, const char *session_id, const char *tombstone_sha256,
			   GError **error);
