/** One leaf of the node log: a line of JSON (docs/evidence-format.md, "The node log"). Any
 *  thread. */
#pragma once

#include "recorder/chain/digest.h"

#include <stdbool.h>

/** Longest line a reader accepts; the longest a writer makes is below 600 bytes. */
#define LEAF_MAX_BYTES 4096u
#define LEAF_SESSION_BYTES 37u /**< a UUID and a NUL */

enum leaf_kind { LEAF_GENESIS, LEAF_SEAL, LEAF_AUDIT, LEAF_DELETION, LEAF_EXPORT, LEAF_KIND_COUNT };

struct leaf {
	enum leaf_kind kind;
	uint64_t index;
	uint64_t audit_id;		  /**< audit only */
	char session[LEAF_SESSION_BYTES]; /**< all but audit; empty there */
	char sha256[DIGEST_HEX_BYTES];
	char *utc, *node;
};

/** The leaf's bytes, without a newline; g_free it. */
char *leaf_format(const struct leaf *leaf);

/** Reads a line without its newline. Returns 0, or -EPROTO: not a leaf; then `ret` owns nothing.
 *  Free its inside with leaf_clear. */
int leaf_parse(const char *line, size_t length, struct leaf *ret);
void leaf_clear(struct leaf *leaf);

/** "genesis", "seal", ... */
const char *leaf_kind_name(enum leaf_kind kind);
