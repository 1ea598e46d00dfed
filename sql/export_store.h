/** Evidence files asked for at the console: what is to be made, how far it is, what became of it.
 *  False and DB_ERROR on failure, ret_* untouched. Web; the administrator may read. */
#pragma once

#include "sql/db.h"

enum export_state {
	EXPORT_WAITING = 1,
	EXPORT_RUNNING,
	EXPORT_READY,  /**< the file lies in the spool */
	EXPORT_FAILED, /**< detail says why */
	EXPORT_CANCELLED,
	EXPORT_EXPIRED, /**< the file was removed */
};
/** "waiting", "running", ...; "unknown". Never NULL. */
const char *export_state_key(enum export_state state);

struct export_row {
	char *id;
	char *session_id, *node, *login, *reason;
	uint64_t from_us;
	uint64_t to_us; /**< 0: as far as it goes */
	bool without_timeline;
	bool by_policy;	  /**< that is so because the login may not have them */
	char *operations; /**< of a derived copy, JSON; NULL: the recorded pictures */
	enum export_state state;
	uint64_t done_bytes, total_bytes; /**< total_bytes of a file that is ready is its size */
	char *video_sha256;
	char *detail;
	uint64_t created_utc_us, finished_utc_us; /**< 0: not finished */
};
void export_row_free(struct export_row *row);
DB_ROW_CLEANUP(export_row)

/** Asks for a file. `row`: session_id to operations are used. `*ret_id` (g_free) names the job.
 *  DB_ERROR_CONFLICT: no such recording. */
bool export_store_add(struct db *db, const struct export_row *row, char **ret_id, GError **error);
/** `*ret` is NULL when there is none. */
bool export_store_find(struct db *db, const char *id, struct export_row **ret, GError **error);
/** Of a session, newest first: GPtrArray of struct export_row. */
bool export_store_list(struct db *db, const char *session_id, GPtrArray **ret, GError **error);

/** What `node` does next: what was running when it stopped, else what waits longest; it is running
 *  from now on. `*ret` is NULL when there is nothing. */
bool export_store_take(struct db *db, const char *node, struct export_row **ret, GError **error);
/** DB_ERROR_MISSING: nobody wants it any more. */
bool export_store_progress(struct db *db, const char *id, uint64_t done_bytes, uint64_t total_bytes,
			   GError **error);
/** The end of a running job: READY with the file's size and hash, or FAILED with a detail.
 *  DB_ERROR_MISSING: nobody wants it any more. */
bool export_store_finish(struct db *db, const char *id, enum export_state state, uint64_t bytes,
			 const char *video_sha256, const char *detail, GError **error);
/** DB_ERROR_MISSING: it is over already. A file that was ready is gone for whoever asks;
 *  removing it is the worker's. */
bool export_store_cancel(struct db *db, const char *id, GError **error);
/** Files of `node` that lay ready for `keep_hours`, or whose recording is being
 *  deleted, are expired. */
bool export_store_expire(struct db *db, const char *node, uint32_t keep_hours, GError **error);
/** Ids of `node` whose files are wanted, finished or not: GPtrArray of char *. What else
 *  lies in the spool may go. */
bool export_store_wanted(struct db *db, const char *node, GPtrArray **ret, GError **error);
