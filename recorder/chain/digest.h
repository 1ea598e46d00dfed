/** A running SHA-256 over the bytes of one file. Any thread, one at a time. */
#pragma once

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

#define DIGEST_HEX_BYTES 65u /**< 64 lower-case hex digits and a NUL */

struct digest;

struct digest *digest_create(void); /**< never NULL */
void digest_destroy(struct digest *digest);
void digest_add(struct digest *digest, const void *bytes, size_t length);
uint64_t digest_bytes(const struct digest *digest); /**< how many were added */

/** The hash of what was added so far; more may be added afterwards. */
void digest_hex(const struct digest *digest, char ret[DIGEST_HEX_BYTES]);

/** Of bytes in one piece. */
void digest_hex_of(const void *bytes, size_t length, char ret[DIGEST_HEX_BYTES]);
