/** The Range header (RFC 9110 14.1.2, 14.2), one byte range only: a player asks for nothing
 *  else. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum range_result {
	RANGE_NONE,	     /**< no header, or one that may be ignored: send everything (200) */
	RANGE_PART,	     /**< 206 with ret_offset and ret_length */
	RANGE_UNSATISFIABLE, /**< 416 */
};

/** Reads a Range header against a body of `size_bytes`. `header` may be NULL. Several ranges, other
 *  units and malformed headers are RANGE_NONE, as RFC 9110 14.2 permits. The outputs are set for
 *  RANGE_PART only; then offset + length <= size_bytes. */
enum range_result range_parse(const char *header, uint64_t size_bytes, uint64_t *ret_offset,
			      uint64_t *ret_length);
