/** Sessions and the commands to them. A session row holds names as text: it tells what was, also
 *  after users and targets are gone. All functions: false and DB_ERROR on failure, ret_* untouched.
 *  Times are microseconds UTC. */
#pragma once

#include "base/end_reason.h"
#include "sql/db.h"

enum session_state {
	SESSION_STATE_OPENING = 1, /**< admitted, on the way to the target */
	SESSION_STATE_RUNNING,	   /**< first picture recorded */
	SESSION_STATE_ENDED,
};
/** "opening", "running", "ended"; "unknown". Never NULL. */
const char *session_state_key(enum session_state state);

struct session_row {
	char *id; /**< UUID text, lower case */
	char *node;
	char *login, *target, *account;
	char *front, *back; /**< "rdp" or "vnc" */
	char *door;	    /**< "password" or "nla-ticket" */
	char *viewer_address, *viewer_name;
	enum session_state state;
	uint32_t width_px, height_px; /**< 0 until running */
	uint64_t opened_utc_us;
	uint64_t running_utc_us; /**< 0: never ran */
	uint64_t ended_utc_us;	 /**< 0: not ended */
	enum end_reason end_reason;
	char *end_detail; /**< for staff; empty while it runs */
	/* What its recording is, when there is one: filled by find and list, ignored by
	 * session_store_open. */
	char *recording_state;		/**< "open", "sealed", "failed", or empty: none */
	uint64_t recording_duration_us; /**< so far */
	uint64_t recording_bytes;
	char *recording_check; /**< "passed", "failed", "skipped", or empty: not checked */
};
void session_row_free(struct session_row *row);
DB_ROW_CLEANUP(session_row)

/** Gateway: a session was admitted. `row` is borrowed: id to viewer_name and opened_utc_us are
 *  used. May be repeated. */
bool session_store_open(struct db *db, const struct session_row *row, GError **error);
/** May be repeated; ignored for a session that has ended. DB_ERROR_MISSING: no such session. */
bool session_store_running(struct db *db, const char *id, uint64_t running_utc_us,
			   uint32_t width_px, uint32_t height_px, GError **error);
/** The first end stays: a repeated one changes nothing. DB_ERROR_MISSING: no such session. */
bool session_store_end(struct db *db, const char *id, uint64_t ended_utc_us, enum end_reason reason,
		       const char *detail, GError **error);
/** Gateway at start: ends all rows of `node` that a dead gateway left open, as END_FAULT. */
bool session_store_fault_all(struct db *db, const char *node, uint64_t *ret_rows, GError **error);

/** `*ret` is NULL when there is no such session (also for text that is no UUID). */
bool session_store_find(struct db *db, const char *id, struct session_row **ret, GError **error);

/** Empty fields do not filter. */
struct session_filter {
	const char *login, *target; /**< equal without case, or NULL */
	const char *text;	    /**< part of login, target, account, address or id, or NULL */
	int running;		    /**< 1: not ended; -1: ended; 0: both */
	uint64_t from_utc_us, until_utc_us; /**< opened in [from, until); 0: open end */
	struct db_page page;
};
/** Newest first: GPtrArray of struct session_row. `ret_total` (may be NULL): how many fit without
 *  paging. Web, administrator. */
bool session_store_list(struct db *db, const struct session_filter *filter, GPtrArray **ret,
			uint64_t *ret_total, GError **error);

/** How many are not ended, on all nodes. */
bool session_store_count_running(struct db *db, uint64_t *ret, GError **error);

struct session_command {
	uint64_t number;
	char *session_id;
	char *kind;   /**< "terminate" */
	char *reason; /**< the supervisor's words */
	char *by;     /**< login */
	uint64_t created_utc_us;
};
void session_command_free(struct session_command *command);
DB_ROW_CLEANUP(session_command)

/** Web, administrator: orders a running session ended; the gateway of its node hears it at once
 *  (DB_CHANNEL_COMMAND). DB_ERROR_MISSING: no such session, or it has ended. `reason` must not be
 *  empty (DB_ERROR_INVALID), at most 500 characters. */
bool session_store_terminate(struct db *db, const char *id, const char *reason, const char *by,
			     GError **error);
/** Gateway: takes all waiting commands for sessions of `node`, oldest first; each is given out
 *  once. GPtrArray of struct session_command. */
bool session_store_take_commands(struct db *db, const char *node, GPtrArray **ret, GError **error);
