/** Reads a chain after a crash: where the recording stood. Private to recorder/recovery*.c. */
#pragma once

#include "recorder/archive.h"

struct recovered_chain {
	struct archive_resume from;
	bool sealed;
	uint64_t utc_us;     /**< of the last entry */
	GPtrArray *segments; /**< struct chain_segment with owned codec, in order */
	struct chain_file certificate;
};

/** Reads the whole lines of a chain; a torn last line is left out of from.chain_bytes. Returns 0, -EPROTO when a whole line is not an entry. Free with
 *  recovered_chain_clear in both cases. */
int recovered_chain_read(const char *session_id, const char *text, size_t length,
			 struct recovered_chain *ret);
void recovered_chain_clear(struct recovered_chain *chain);
void archive_resume_clear(struct archive_resume *from);
