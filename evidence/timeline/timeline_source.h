/** The recorded events of a session, line by line, out of an evidence file or out of a store: none
 *  is given away whose bytes were not compared with what was signed. What was sealed to the key for
 *  keystrokes, or left out of an export, is not among them. One thread at a time. */
#pragma once

#include "evidence/plan.h"
#include "evidence/verdict.h"
#include "recorder/reader/reader.h"

struct timeline_source;

/** Verifies the whole file first. NULL and EVIDENCE_ERROR_DAMAGED when it is not what was signed;
 *  EVIDENCE_ERROR_IO. `*ret_verdict` (may be NULL) in both cases. */
struct timeline_source *timeline_source_of_file(const char *path, const struct verify_whom *whom,
						enum verdict_code *ret_verdict, GError **error);
/** Of a recording's segments that lie in the span, as far as it goes. `reader` is borrowed. NULL
 *  and EVIDENCE_ERROR_DAMAGED when its chain does not hold, EVIDENCE_ERROR_NOTHING,
 *  EVIDENCE_ERROR_IO. */
struct timeline_source *timeline_source_of_recording(const struct reader *reader,
						     struct evidence_span span, GError **error);
/** NULL is fine. */
void timeline_source_destroy(struct timeline_source *source);

/** When the recording began; 0: unknown. */
uint64_t timeline_source_started_us(const struct timeline_source *source);
/** How many timelines were left out of the file. */
unsigned timeline_source_left_out(const struct timeline_source *source);

/** The next line with its newline, borrowed until the next call. Returns 1; 0 at the end; -1 and
 *  EVIDENCE_ERROR_DAMAGED or _IO. */
int timeline_source_next(struct timeline_source *source, const char **ret_line, size_t *ret_length,
			 GError **error);
