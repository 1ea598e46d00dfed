/** The 4x4 transforms and the quantiser (ITU-T H.264 8.5). Private to recorder/encode.
 *
 *  Blocks are 16 values row by row; "levels" are 16 quantised values in zig-zag order (6.4.8's
 *  frame scan, table 8-13's inverse). */
#pragma once

#include <stddef.h>
#include <stdint.h>

/** Everything that depends on one QP. */
struct quantizer {
	unsigned qp;
	int32_t multiplier[16]; /**< forward, by place in the block */
	int32_t scale[16];	/**< back: LevelScale4x4 / 16 << qp / 6 (8.5.9, 8.5.12.1) */
	unsigned shift;
	int32_t rounding_intra, rounding_inter; /**< a third and a sixth of a step */
	unsigned silent_sad; /**< a 4x4 difference with at most this sum has no levels */
};

void quantizer_init(struct quantizer *q, unsigned qp);

/** QPc for QPy and chroma_qp_index_offset (8.5.8). */
unsigned transform_chroma_qp(unsigned luma_qp, int offset);

extern const uint8_t transform_zigzag[16];

void transform_forward(const int16_t difference[16], int32_t coefficients[16]);

/** Levels of a 4x4 block from place `first` on (1: the DC goes its own way). Returns
 *  how many are not zero. */
unsigned transform_quantize(const struct quantizer *q, int32_t rounding,
			    const int32_t coefficients[16], unsigned first, int16_t levels[16]);

/** The inverse of both, without the DC, which is in *dc (already scaled; 8.5.12.1): adds to
 *  `prediction` and stores 4x4 samples, `step` bytes apart. */
void transform_restore(const struct quantizer *q, const int16_t levels[16], const int32_t *dc,
		       const uint8_t *prediction, size_t prediction_stride, uint8_t *to,
		       size_t stride, unsigned step);

/** Luma DC of an Intra_16x16 macroblock (8.5.10): 16 DCs by block, row by row, to levels and back.
 *  Return how many levels are not zero. */
unsigned transform_quantize_luma_dc(const struct quantizer *q, const int32_t dc[16],
				    int16_t levels[16]);
void transform_restore_luma_dc(const struct quantizer *q, const int16_t levels[16], int32_t dc[16]);

/** Chroma DC (8.5.11). */
unsigned transform_quantize_chroma_dc(const struct quantizer *q, int32_t rounding,
				      const int32_t dc[4], int16_t levels[4]);
void transform_restore_chroma_dc(const struct quantizer *q, const int16_t levels[4], int32_t dc[4]);
