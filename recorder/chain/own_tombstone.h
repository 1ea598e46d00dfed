/** Whose word a tombstone is. Whoever may write to the disk can put a file of that name there; only
 *  what this node signed deletes a recording. Any thread. */
#pragma once

#include "recorder/chain/chain_key.h"
#include "recorder/chain/digest.h"

#include <stddef.h>

/** The keys that a node's own word is signed with. */
struct own_keys {
	const struct chain_key *present,
		*previous; /**< previous: before the last rotation; NULL: none */
};

struct own_tombstone {
	char head[DIGEST_HEX_BYTES];   /**< of the chain that it speaks of */
	char sha256[DIGEST_HEX_BYTES]; /**< of its JSON */
};

/** Takes a file's text. False: it is no tombstone of `session_id`, or not signed with one of
 *  `keys`; then `*ret` is not set. */
bool own_tombstone_read(const struct own_keys *keys, const char *session_id, const char *text,
			size_t length, struct own_tombstone *ret);
