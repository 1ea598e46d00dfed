/** One macroblock, or some of its rows, from BGRX to NV12: the contract between convert.c and its
 *  two kernels. Private to recorder/encode.
 *
 *  Fixed point, so that both kernels agree bit for bit:
 *      luma    (coefficients . pixel           + luma_bias)   >> 15
 *      chroma  (coefficients . sum of 2x2      + chroma_bias) >> 17, then clamped to a byte */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Weights in the order of the bytes in memory: B, G, R, X. */
struct convert_weights {
	int16_t luma[4], cb[4], cr[4];
	int32_t luma_bias, chroma_bias;
};

#define CONVERT_LUMA_SHIFT 15
#define CONVERT_CHROMA_SHIFT 17

/** Converts 16 columns and `rows` (even) rows at `bgrx` into luma and half as many rows of 8 chroma
 *  pairs. Returns true when a byte of the result differs from what stood there. */
typedef bool (*convert_block_fn)(const uint8_t *bgrx, size_t stride_bytes, unsigned rows,
				 const struct convert_weights *weights, uint8_t *luma,
				 uint8_t *chroma, size_t nv12_stride_bytes);

bool convert_block_portable(const uint8_t *bgrx, size_t stride_bytes, unsigned rows,
			    const struct convert_weights *weights, uint8_t *luma, uint8_t *chroma,
			    size_t nv12_stride_bytes);

/** The fastest kernel this processor can run. */
convert_block_fn convert_block_best(void);
