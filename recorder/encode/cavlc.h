/** Transform coefficients as bits: CAVLC (ITU-T H.264 9.2). Private to recorder/encode. */
#pragma once

#include "recorder/encode/bit_writer.h"

#include <stdbool.h>

/** nC of chroma DC blocks (9.2.1). */
#define CAVLC_CHROMA_DC (-1)

/** Writes one residual_block_cavlc (7.3.5.3.2).
 *  levels    in scan order, n_levels of them: 16, 15 (without DC), or 4 (chroma DC)
 *  n_coeffs  how many are not zero
 *  nc        expected number of coefficients, from the neighbours; or CAVLC_CHROMA_DC
 *  At most 4 bytes a level are written. Returns false when a level is too large for level_prefix
 *  15, the most that Baseline allows: then what was written is of no use. */
bool cavlc_put_block(struct bit_writer *bits, const int16_t *levels, unsigned n_levels,
		     unsigned n_coeffs, int nc);
