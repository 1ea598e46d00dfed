/** BGRX to NV12 (BT.709), one macroblock at a time, comparing while converting: reported damage
 *  overstates change 2 to 30 times. */
#pragma once

#include "base/rect.h"
#include "recorder/encode/encoder.h"

/** Allocates planes for width x height (black). Returns 0 or -ENOMEM. */
int nv12_init(struct nv12 *picture, uint32_t width, uint32_t height);
void nv12_finish(struct nv12 *picture);
int macroblocks_init(struct macroblocks *blocks, uint32_t width, uint32_t height);
void macroblocks_finish(struct macroblocks *blocks);

/** Converts what `r` covers of a BGRX picture into `picture` and sets blocks->changed for the
 *  macroblocks whose NV12 bytes differ. `r` is rounded out to whole columns of macroblocks and even
 *  rows; macroblocks that hang over the picture's edge are converted as a whole.
 *  bgrx   first pixel of the whole picture (not of r)
 *  Bits already set in blocks stay. Returns the number of macroblocks that changed. */
unsigned convert_bgrx_nv12(const uint8_t *bgrx, size_t stride_bytes, const struct rect *r,
			   bool full_range, struct nv12 *picture, struct macroblocks *blocks);

/** The portable twin of the vector code; must agree bit for bit. Tests and machines without
 *  AVX2. */
unsigned convert_bgrx_nv12_portable(const uint8_t *bgrx, size_t stride_bytes, const struct rect *r,
				    bool full_range, struct nv12 *picture,
				    struct macroblocks *blocks);
