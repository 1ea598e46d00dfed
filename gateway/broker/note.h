/** What the gateway puts on record, as JSON objects: for audit records and for the timeline of a
 *  recording. Results are g_free'd. */
#pragma once

#include "base/end_reason.h"

#include <stdint.h>

/** {"reason": key, "detail": text} */
char *note_end(enum end_reason reason, const char *detail);

/** One object of texts: pairs of name and value, ended by NULL. A NULL or empty value leaves its
 *  pair out. */
char *note_texts(const char *name, ...) __attribute__((sentinel));
