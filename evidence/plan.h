/** Decides what an evidence file holds: from a recording's chain and a span of time to the
 *  manifest's lists. Reads no file of the recording. */
#pragma once

#include "evidence/manifest.h"
#include "recorder/chain/verify_chain.h"

enum evidence_error {
	/** the recording is not what was signed: there is nothing to prove with it */
	EVIDENCE_ERROR_DAMAGED,
	EVIDENCE_ERROR_NOTHING, /**< no closed segment lies in the span */
	/** the caller said so; what was written stays for the next try */
	EVIDENCE_ERROR_CANCELLED,
	EVIDENCE_ERROR_TAKEN,	  /**< the target exists, or another export is writing it */
	EVIDENCE_ERROR_TOO_LARGE, /**< more in the archive than a box can hold */
	EVIDENCE_ERROR_IO,
};
#define EVIDENCE_ERROR evidence_error_quark()
GQuark evidence_error_quark(void);

/** A span of the recording in microseconds since it began. UINT64_MAX as the end: as far as it
 *  goes. */
struct evidence_span {
	uint64_t start_us, end_us;
};

/** The texts of a chain up to its last whole line: a running recording's may be cut
 *  in the middle of one. */
size_t plan_whole_lines(const char *chain, size_t length);

/** Fills session, span, asked, whole, chain, parts, files (those of the segments only), left_out
 *  and video_bytes of a manifest the caller initialised.
 *  leave_out_timelines  reason to leave timelines out, or NULL to take them
 *  False: EVIDENCE_ERROR_DAMAGED when the chain does not hold, EVIDENCE_ERROR_NOTHING. */
bool plan_make(const struct verify_chain_texts *texts, struct evidence_span asked,
	       const char *leave_out_timelines, struct manifest *ret, GError **error);

/** Whether a segment's entry lies in a span. One without length does when its one moment does. */
bool plan_is_asked_for(struct evidence_span asked, const struct chain_entry *entry);

/** What a file of a segment is for, by its name. */
enum plan_kind { PLAN_INIT, PLAN_VIDEO, PLAN_OTHER };
enum plan_kind plan_kind_of(const char *name);
/** Timelines and sealed keystrokes: an evidence file may do without them, and says so. */
bool plan_may_leave_out(const char *name);
