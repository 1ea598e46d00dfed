/** Where the bytes of timelines come from. Private to evidence/timeline; one thread at a time. */
#pragma once

#include "recorder/chain/chain.h"
#include "recorder/reader/reader.h"

struct timeline_fetch;

/** Out of an evidence file that was verified. NULL and EVIDENCE_ERROR_IO. */
struct timeline_fetch *timeline_fetch_file(const char *path, GError **error);
/** Out of a recording; `reader` is borrowed. Never NULL. */
struct timeline_fetch *timeline_fetch_reader(const struct reader *reader);
/** NULL is fine. */
void timeline_fetch_destroy(struct timeline_fetch *fetch);

/** The file's bytes as they lie there, for the caller to compare. Files must be asked for in the
 *  order of the archive. NULL and EVIDENCE_ERROR_IO or _DAMAGED. */
GBytes *timeline_fetch_next(struct timeline_fetch *fetch, const struct chain_file *file,
			    GError **error);
