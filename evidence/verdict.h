/** What a verification comes to, in one code and one sentence for an auditor: the same words on a
 *  terminal and on paper. Any thread. */
#pragma once

#include "evidence/verify_evidence.h"

#include <stdbool.h>

/** By the worst finding; also the exit codes of `vitrine verify`, where 2 is a wrong command. */
enum verdict_code {
	VERDICT_PROVEN = 0,
	VERDICT_UNREADABLE = 1, /**< cannot be read or judged */
	VERDICT_BROKEN = 3,
	VERDICT_UNTRUSTED = 4,
	VERDICT_INCOMPLETE = 5,
	VERDICT_DELETED = 6
};

struct verdict {
	enum verdict_code code;
	bool origin_asked; /**< the caller named whom to trust */
	const struct verify_report *report;
	const struct evidence_report *evidence; /**< NULL: a recording's directory was judged */
};

/** Of the worst class among findings; VERIFY_NOTE is none that counts. */
enum verdict_code verdict_code_of(enum verify_class worst);

/** `result` is what verify_recording or evidence_verify returned; `evidence` may be NULL. The
 *  reports are borrowed. */
struct verdict verdict_make(int result, bool origin_asked, const struct verify_report *report,
			    const struct evidence_report *evidence);

/** "PROVEN: every byte ...". Never NULL. */
const char *verdict_text(const struct verdict *verdict);
/** "proven", "broken", ... Never NULL. */
const char *verdict_key(const struct verdict *verdict);
/** Whether there is a manifest to tell of. */
bool verdict_has_manifest(const struct verdict *verdict);
/** Between which times the recording was made, by the word of others than its node: a sentence
 *  without its full stop (g_free). */
char *verdict_time_text(const struct verdict *verdict);
/** What stands above the verdict of a derived copy; NULL for anything else. */
const char *verdict_warning(const struct verdict *verdict);
