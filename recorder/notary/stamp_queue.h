/** What waits for a time stamp, on the disk: `log/stamps/SESSION.SEQ` in the store's directory,
 *  each holding the hash to be stamped. One thread at a time. */
#pragma once

#include "recorder/chain/digest.h"

struct stamp_queue;

struct stamp_wish {
	char session[37];
	uint64_t seq;
	char sha256[DIGEST_HEX_BYTES];
};

/** Makes the directory when it is needed first. */
struct stamp_queue *stamp_queue_create(const char *store_dir);
void stamp_queue_destroy(struct stamp_queue *queue);

/** Synced when it returns 0; a wish that waits already is left alone. Returns 0 or -errno. */
int stamp_queue_add(struct stamp_queue *queue, const struct stamp_wish *wish);
/** All wishes: GArray of struct stamp_wish. Never NULL. Files that are not wishes are left out. */
GArray *stamp_queue_list(struct stamp_queue *queue);
/** Puts the answer into the recording as ts-SEQ.tsr, then drops the wish. -ENOENT: there is no such
 *  recording any more; the wish is dropped, too. */
int stamp_queue_grant(struct stamp_queue *queue, const struct stamp_wish *wish, GBytes *answer);
