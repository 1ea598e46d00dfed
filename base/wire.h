/** Bounded reading and writing of little-endian fields, for everything our own
 *  processes say to each other.
 *
 *  A reader never reads past its end and remembers the first failure, so a decoder may read
 *  all fields and ask once. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire_reader {
	const uint8_t *at, *end;
	bool failed; /**< a field was missing or longer than allowed */
};

/** Borrows `bytes` until the reader is dropped. */
void wire_reader_init(struct wire_reader *r, const void *bytes, size_t length);
uint32_t wire_get_u32(struct wire_reader *r); /**< 0 after a failure */
uint64_t wire_get_u64(struct wire_reader *r); /**< 0 after a failure */

/** A byte string with its u32 length in front. Points into the reader's bytes; NULL after a failure
 *  or when it is longer than max_bytes. `*ret_length` is set in every case. */
const uint8_t *wire_get_bytes(struct wire_reader *r, uint32_t max_bytes, uint32_t *ret_length);

/** True when no field failed and nothing is left over. */
bool wire_reader_done(const struct wire_reader *r);

/** Append to `out`, as wire_get_* reads it: little-endian; bytes with a u32 length in front. */
void wire_put_u32(GByteArray *out, uint32_t value);
void wire_put_u64(GByteArray *out, uint64_t value);
void wire_put_bytes(GByteArray *out, const void *bytes, uint32_t length);
