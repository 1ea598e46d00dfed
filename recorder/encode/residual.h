/** The difference between a macroblock and its prediction, as levels, and the picture it makes
 *  again (ITU-T H.264 8.5). Private to recorder/encode. */
#pragma once

#include "recorder/encode/p_frame.h"

struct residual {
	int16_t luma[16][16]; /**< by 4x4 block, row by row; Intra_16x16: place 0 stays 0 */
	int16_t luma_dc[16];  /**< Intra_16x16 only */
	int16_t chroma_dc[2][4];
	int16_t chroma[2][4][16]; /**< place 0 stays 0 */
	unsigned n_luma_dc, n_chroma_dc[2];
	unsigned coded_luma;   /**< CodedBlockPatternLuma: a bit per 8x8 block */
	unsigned coded_chroma; /**< CodedBlockPatternChroma: 0, 1 DC, 2 DC and AC */
};

/** Inter luma: levels of 16 blocks. The numbers of coefficients go to the macroblock's state. */
void residual_luma(const struct p_frame *frame, struct mb_place at, const uint8_t prediction[256],
		   struct residual *ret);
/** Intra_16x16 luma: the DCs apart. */
void residual_luma16(const struct p_frame *frame, struct mb_place at, const uint8_t prediction[256],
		     struct residual *ret);
void residual_chroma(const struct p_frame *frame, struct mb_place at, const uint8_t prediction[128],
		     bool intra, struct residual *ret);

/** One Intra_4x4 block: levels, and the picture at once, because the next block is predicted from
 *  it. */
void residual_intra4(const struct p_frame *frame, struct mb_place at, unsigned block,
		     const uint8_t prediction[16], struct residual *ret);
/** After the 16 blocks: which 8x8 have levels. */
void residual_mark_luma(const struct p_frame *frame, struct mb_place at, struct residual *ret);

/** Prediction and levels into frame->current. */
void residual_restore_luma(const struct p_frame *frame, struct mb_place at,
			   const uint8_t prediction[256], const struct residual *residual);
void residual_restore_luma16(const struct p_frame *frame, struct mb_place at,
			     const uint8_t prediction[256], const struct residual *residual);
void residual_restore_chroma(const struct p_frame *frame, struct mb_place at,
			     const uint8_t prediction[128], const struct residual *residual);
