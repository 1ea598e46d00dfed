/** Recordings and their segments: the index over what lies in the store. The store and its signed
 *  chain are the truth; these rows can be written again from them, so every write here may be
 *  repeated and arrives at the same rows. All functions: false and DB_ERROR on failure, ret_*
 *  untouched. */
#pragma once

#include "sql/db.h"

enum recording_state {
	RECORDING_STATE_OPEN = 1,
	RECORDING_STATE_SEALED,
	RECORDING_STATE_FAILED,	  /**< closed without a seal; see detail */
	RECORDING_STATE_DELETING, /**< claimed; its contents go, or are gone but for the last row */
	RECORDING_STATE_DELETED,  /**< chain and tombstone are left */
	/** the store does not hold it, and nothing says that it was deleted */
	RECORDING_STATE_MISSING,
};
/** "open", "sealed", "failed", "deleting", "deleted", "missing"; "unknown". Never NULL. */
const char *recording_state_key(enum recording_state state);

struct recording_row {
	char *session_id; /**< UUID text; also the directory under the store */
	char *node;
	char *quality;
	enum recording_state state;
	uint64_t started_utc_us;
	uint64_t sealed_utc_us; /**< 0: not closed */
	char *codec; /**< RFC 6381 text of the newest segment, "avc1.42c028"; empty before the first
		      */
	uint32_t width_px, height_px; /**< of the newest segment */
	uint32_t segments;
	uint64_t frames, bytes, duration_us; /**< sums so far */
	char *head;			     /**< chain head in hex; empty until closed */
	char *detail;			     /**< what went wrong; empty when nothing did */
	char *check;	    /**< of the self-check: "passed", "failed", "skipped"; empty: not yet */
	char *check_detail; /**< what it found, or could not look at; else empty */
	uint64_t checked_utc_us; /**< 0: not yet */
};
void recording_row_free(struct recording_row *row);
DB_ROW_CLEANUP(recording_row)

struct segment_row {
	uint32_t number;	/**< 1, 2, ... without holes */
	char *file, *init_file; /**< names inside the recording's directory: "seg-00001.mp4",
				   "init-001.mp4" */
	char *timeline_file;	/**< "seg-00001.jsonl.gz", or empty */
	uint64_t bytes;		/**< of the media file */
	uint64_t start_us, duration_us; /**< since the recording began */
	uint32_t frames;
	uint32_t width_px, height_px;
	char *codec;
	char *sha256; /**< of the media file, 64 lower-case hex digits */
};
void segment_row_free(struct segment_row *row);
DB_ROW_CLEANUP(segment_row)

/** Recorder. `row`: session_id, node, quality, started_utc_us are used. Of a recording that is
 *  closed nothing changes. */
bool recording_store_open(struct db *db, const struct recording_row *row, GError **error);
/** Recorder: a segment is complete in the store. Repeating it with other values overwrites
 *  (reconciling after a crash). DB_ERROR_MISSING: no such recording. */
bool recording_store_add_segment(struct db *db, const char *session_id,
				 const struct segment_row *segment, GError **error);
/** Recorder: closed for ever. `state` is SEALED or FAILED; of one that is being deleted it
 *  stays. */
bool recording_store_close(struct db *db, const char *session_id, enum recording_state state,
			   uint64_t closed_utc_us, const char *head, const char *detail,
			   GError **error);
/** Recorder: what the self-check found. `state`: "passed", "failed" or "skipped". One that fails
 *  puts a record into the audit trail. DB_ERROR_MISSING: no such recording. */
bool recording_store_note_check(struct db *db, const char *session_id, const char *state,
				const char *detail, GError **error);
/** Bytes of video recorded on `node` in the last 24 hours, and how much of that time there were
 *  recordings at all: since the first of them. Both 0 when there are none. */
bool recording_store_growth(struct db *db, const char *node, uint64_t *ret_bytes,
			    uint64_t *ret_span_us, GError **error);
/** Recordings whose self-check failed and that are still there. */
bool recording_store_count_failed_checks(struct db *db, uint64_t *ret, GError **error);
/** Recordings that their node's store does not hold. */
bool recording_store_count_missing(struct db *db, uint64_t *ret, GError **error);
/** Recorder at start: what is open or missing on `node`, to be compared with its store. GPtrArray
 *  of struct recording_row. */
bool recording_store_list_unsettled(struct db *db, const char *node, GPtrArray **ret,
				    GError **error);
/** Recorder at start: what was sealed on `node` and has no outcome of a self-check, the newest
 *  first, at most `max`. GPtrArray of struct recording_row. */
bool recording_store_list_unchecked(struct db *db, const char *node, unsigned max, GPtrArray **ret,
				    GError **error);
/** Recorder: `node` does not hold this recording, or holds it again. Each change puts a record into
 *  the audit trail ("recording-missing", "recording-found"); `*ret_changed` false: it was known, or
 *  it is deleted, or there is no such recording. */
bool recording_store_note_missing(struct db *db, const char *session_id, const char *node,
				  bool missing, bool *ret_changed, GError **error);
/** Recorder: what a power cut left of an open recording can never be signed. One that is
 *  closed stays as it is. */
bool recording_store_give_up(struct db *db, const char *session_id, const char *detail,
			     GError **error);

/** `*ret` is NULL when there is none. Recorder, web, administrator. */
bool recording_store_find(struct db *db, const char *session_id, struct recording_row **ret,
			  GError **error);
/** Newest first: GPtrArray of struct recording_row; `ret_total` may be NULL. */
bool recording_store_list(struct db *db, const struct db_page *page, GPtrArray **ret,
			  uint64_t *ret_total, GError **error);
/** In order, all of them: GPtrArray of struct segment_row, for a playlist; empty when there are
 *  none. */
bool recording_store_segments(struct db *db, const char *session_id, GPtrArray **ret,
			      GError **error);
