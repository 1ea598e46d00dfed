/** Makes an evidence file from a recording (docs/evidence-format.md): recorded bytes first,
 *  unchanged, then one box with everything that proves them.
 *
 *  While it is written the file is called `<target>.part`. An export that was cut off or cancelled
 *  goes on where that ends: whole parts that are right are kept. Memory is constant but for chain
 *  and certificates. Any thread, one export per target at a time. */
#pragma once

#include "evidence/plan.h"
#include "recorder/reader/reader.h"

/** Bytes done of all. False: stop. On the export's thread. */
typedef bool (*evidence_progress_fn)(uint64_t done_bytes, uint64_t total_bytes, void *user);

/** A time stamp (RFC 3161) over the SHA-256 in hex: DER, or NULL when there is none to be had. On
 *  the export's thread; may block for seconds. */
typedef GBytes *(*evidence_stamp_fn)(const char *sha256, const void *user);

/** Makes a derived copy: other pictures in place of the recorded ones (evidence/derive). */
struct evidence_derivation;

struct evidence_order {
	const struct reader *reader; /**< of the recording */
	const char *session_id;	     /**< whose recording it must be; NULL: anybody's */
	const struct chain_key *key; /**< signs the manifest */
	struct evidence_span asked;
	const char *leave_out_timelines; /**< reason, or NULL: they go in */
	const char *node, *created_by;
	const char *purpose; /**< may be NULL */
	const char *
		log_store_dir; /**< the store whose node log is asked for proofs; NULL: no proofs */
	const char *target;
	/** NULL: the recorded bytes; else nothing of an unfinished file is kept */
	const struct evidence_derivation *derivation;
	evidence_stamp_fn stamp; /**< of the manifest's signature; may be NULL */
	const void *stamp_user;
	evidence_progress_fn progress; /**< may be NULL */
	void *user;
};

struct evidence_made {
	uint64_t bytes; /**< of the whole file */
	char video_sha256[DIGEST_HEX_BYTES];
	char manifest_sha256[DIGEST_HEX_BYTES]; /**< what the node log remembers */
	uint64_t span_start_us, span_end_us;
	bool stamped;
	bool whole, sealed; /**< as in the manifest: nothing left away; the recording had ended */
};

/** False and EVIDENCE_ERROR; CHAIN_ERROR when signing fails. An existing target is never
 *  touched. */
bool evidence_export(const struct evidence_order *order, struct evidence_made *ret, GError **error);

/** "<target>.part", where an unfinished export lies; g_free it. */
char *evidence_part_path(const char *target);
