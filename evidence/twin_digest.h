/** Two SHA-256 over one stream: of the part being read and of the whole. The whole is hashed by a
 *  thread of its own, so that on two cores both together take no longer than one; memory is a few
 *  buffers, whatever the stream's length. One caller at a time. */
#pragma once

#include "recorder/chain/digest.h"

#define TWIN_DIGEST_BUFFER_BYTES (1u << 20)

struct twin_digest;

/** Never NULL. */
struct twin_digest *twin_digest_create(void);
void twin_digest_destroy(struct twin_digest *digest);

/** A buffer to put the next bytes into; waits until one is free. Valid until the next call
 *  of twin_digest_buffer. */
uint8_t *twin_digest_buffer(struct twin_digest *digest);
/** The first `length` bytes of that buffer come next in the stream; they may still be read, not
 *  changed. */
void twin_digest_add(struct twin_digest *digest, size_t length);

/** The hash of what was added since the part before ended; the next part begins. */
void twin_digest_end_part(struct twin_digest *digest, char ret[DIGEST_HEX_BYTES]);
/** Waits for the other thread and tells the hash of everything. Once; nothing can be added
 *  afterwards. */
void twin_digest_end(struct twin_digest *digest, char ret[DIGEST_HEX_BYTES]);
