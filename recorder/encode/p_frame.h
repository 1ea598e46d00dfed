/** The state of one P picture under construction: planes, what each macroblock's neighbours must
 *  know of it, and the bits.
 *  Contract between the files that make P slices (p_slice, macroblock, motion, intra, moves).
 *  Private to recorder/encode. */
#pragma once

#include "recorder/encode/bit_writer.h"
#include "recorder/encode/encoder.h"
#include "recorder/encode/transform.h"

#define MB_PX 16u

/** A motion vector in whole luma samples: from a block to where it is taken from. */
struct vector {
	int16_t x, y;
};

/** What stays of a macroblock until the end of the slice. All zero is a skipped one that did not
 *  move. */
struct mb_state {
	struct vector vector;
	bool intra;
	uint8_t luma_coeffs[16];     /**< total_coeff by 4x4 block, row by row */
	uint8_t chroma_coeffs[2][4]; /**< Cb, Cr */
	uint8_t intra_modes[16];     /**< Intra4x4PredMode + 1 by block; 0: not Intra_4x4 */
};

struct p_frame {
	struct nv12 source;    /**< to be coded; borrowed */
	struct nv12 before;    /**< the source of the picture before */
	struct nv12 reference; /**< what a decoder showed before */
	struct nv12 current;   /**< what it will show; same as reference where nothing changes */
	struct mb_state *states;
	uint32_t columns, rows;
	uint32_t vector_limit_px; /**< below this in both directions (table A-1, E.2.1) */
	struct quantizer luma, chroma;
	unsigned lambda; /**< what a bit is worth in absolute difference */
	struct bit_writer bits;
	uint32_t skip_run;
};

/** The place of a macroblock. */
struct mb_place {
	uint32_t column, row;
};

/** Macroblocks are numbered row by row. */
static inline struct mb_place place_of(const struct p_frame *f, uint32_t number)
{
	return (struct mb_place){number % f->columns, number / f->columns};
}

static inline struct mb_state *state_at(const struct p_frame *f, struct mb_place at)
{
	return &f->states[(size_t)at.row * f->columns + at.column];
}

static inline uint8_t *luma_at(const struct nv12 *picture, struct mb_place at)
{
	return picture->luma + (size_t)at.row * MB_PX * picture->stride_bytes + at.column * MB_PX;
}

static inline uint8_t *chroma_at(const struct nv12 *picture, struct mb_place at)
{
	return picture->chroma + (size_t)at.row * (MB_PX / 2) * picture->stride_bytes +
	       at.column * MB_PX;
}

static inline bool vector_is_zero(struct vector v)
{
	return v.x == 0 && v.y == 0;
}

static inline bool vector_equal(struct vector a, struct vector b)
{
	return a.x == b.x && a.y == b.y;
}

/** Samples of one macroblock without a stride of their own: luma 16x16; chroma 8 rows of 8
 *  pairs. */
struct mb_samples {
	uint8_t luma[16 * 16] __attribute__((aligned(16)));
	uint8_t chroma[8 * 16] __attribute__((aligned(16)));
};
