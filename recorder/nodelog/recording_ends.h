/** What the node log knows of a recording: the hashes of its first and last entry and of its
 *  tombstone. Any thread. */
#pragma once

#include "recorder/chain/verify_trust.h"

struct recording_ends {
	char genesis[DIGEST_HEX_BYTES];	  /**< empty: the chain has no whole genesis */
	char seal[DIGEST_HEX_BYTES];	  /**< empty: not sealed */
	char tombstone[DIGEST_HEX_BYTES]; /**< empty: not deleted */
	/** there is a file of that name, and it is nobody's word; `tombstone` is empty then */
	bool foreign_tombstone;
	/** genesis or seal is nobody's word: that one, and the seal behind a foreign genesis, is
	 *  empty */
	bool foreign_chain;
	/** its certificate's place in `keys`, where there are keys and `tombstone` is not empty */
	int tombstone_signer;
	char *tombstone_utc; /**< NULL without one */
	uint64_t seal_seq;
	char *utc; /**< of the genesis; NULL without one */
};

/** Reads them from the recording's directory. -ENOENT: there is no such directory or no chain in
 *  it; another -errno. Genesis and seal must be signed under one of `keys`, or both under the
 *  certificate that lies in the recording and that the genesis names; a tombstone must be of this
 *  recording and signed under one of `keys` (NULL: whose they are does not matter). Free the inside
 *  with recording_ends_clear, in every case. */
int recording_ends_read(const char *store_dir, const char *session_id,
			const struct verify_trust *keys, struct recording_ends *ret);
void recording_ends_clear(struct recording_ends *ends);

/** Waits until the chain as it is now lies on the disk: a leaf must not outlive what it speaks
 *  of. Returns 0 or -errno. */
int recording_ends_sync(const char *store_dir, const char *session_id);
