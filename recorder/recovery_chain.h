/** Reads a chain after a crash: where the recording stood. Private to recorder/recovery*.c. */
#pragma once

#include "recorder/archive.h"

/** A checkpoint, and when it was made. */
struct recovered_checkpoint {
	uint64_t t_us;
	struct chain_checkpoint entry;
};

struct recovered_chain {
	struct archive_resume from;
	bool sealed;
	bool foreign; /**< it says that it is another session's: somebody moved it here */
	bool broken;  /**< an entry does not name the one before */
	size_t last_at, last_bytes; /**< the last entry's line in the text, without its newline */
	uint64_t utc_us;	    /**< of the last entry */
	GPtrArray *segments;	    /**< struct chain_segment with owned codec, in order */
	GArray *checkpoints; /**< struct recovered_checkpoint behind the last segment, in order */
	struct chain_file certificate;
};

/** Reads the entries of a chain; a torn end is left out of from.chain_bytes. Returns 0; -EPROTO
 *  when there is no entry at all, or when entries lie behind something that is none. Free with
 *  recovered_chain_clear in both cases. */
int recovered_chain_read(const char *session_id, const char *text, size_t length,
			 struct recovered_chain *ret);
/** Whether it is what `key` signed, from the genesis to the last entry: that one's signature holds,
 *  and each names the one before. `text` is what it was read from. */
bool recovered_chain_is_signed(const struct recovered_chain *chain, const char *text,
			       const struct chain_key *key);
/** The number in a name such as "key-001.cms", however many digits it has. False: it is no such
 *  name. */
bool recovered_name_number(const char *name, const char *prefix, const char *suffix,
			   unsigned *ret_number);
/** Raises the highest numbers of data keys to those that the segment lists. */
void recovered_chain_note_keys(const struct chain_segment *segment,
			       unsigned n_keys[SEGMENT_KEY_KIND_COUNT]);
void recovered_chain_clear(struct recovered_chain *chain);
void archive_resume_clear(struct archive_resume *from);
