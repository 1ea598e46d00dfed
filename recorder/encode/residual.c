/* Levels of a macroblock out of its difference from the prediction, and back. It must not know how
 * the prediction was found or how levels are written. */
#include "recorder/encode/residual.h"

#include <stdlib.h>
#include <string.h>

/* 4x4 samples, `step` bytes apart; returns the sum of absolute differences. */
static unsigned subtract(const uint8_t *source, size_t source_stride, const uint8_t *prediction,
			 size_t stride, unsigned step, int16_t difference[16])
{
	unsigned sum = 0;

	for (unsigned y = 0; y < 4; y++)
		for (unsigned x = 0; x < 4; x++) {
			int d = source[y * source_stride + x * step] -
				prediction[y * stride + x * step];
			difference[4 * y + x] = (int16_t)d;
			sum += (unsigned)abs(d);
		}
	return sum;
}

static const uint8_t *source_block(const struct p_frame *f, struct mb_place at, unsigned block)
{
	return luma_at(&f->source, at) + (block >> 2) * 4 * f->source.stride_bytes +
	       (block & 3) * 4;
}

static uint8_t *current_block(const struct p_frame *f, struct mb_place at, unsigned block)
{
	return luma_at(&f->current, at) + (block >> 2) * 4 * f->current.stride_bytes +
	       (block & 3) * 4;
}

/* Where a 4x4 block begins in 16 x 16 samples without a stride of their own. */
static size_t offset_of(unsigned block)
{
	return (block >> 2) * 64 + (block & 3) * 4;
}

static unsigned block_levels(const struct quantizer *q, int32_t rounding, const uint8_t *source,
			     size_t source_stride, const uint8_t *prediction, size_t stride,
			     int16_t levels[16])
{
	int16_t difference[16] WRITTEN_FIRST;
	int32_t coefficients[16] WRITTEN_FIRST;

	if (subtract(source, source_stride, prediction, stride, 1, difference) <= q->silent_sad) {
		memset(levels, 0, 16 * sizeof *levels);
		return 0;
	}
	transform_forward(difference, coefficients);
	return transform_quantize(q, rounding, coefficients, 0, levels);
}

void residual_mark_luma(const struct p_frame *frame, struct mb_place at, struct residual *ret)
{
	const uint8_t *n = state_at(frame, at)->luma_coeffs;

	ret->coded_luma = 0;
	for (unsigned i = 0; i < 4; i++) {
		const uint8_t *corner = n + (i >> 1) * 8 + (i & 1) * 2;
		if (corner[0] | corner[1] | corner[4] | corner[5])
			ret->coded_luma |= 1u << i;
	}
}

void residual_luma(const struct p_frame *frame, struct mb_place at, const uint8_t prediction[256],
		   struct residual *ret)
{
	struct mb_state *state = state_at(frame, at);

	for (unsigned block = 0; block < 16; block++)
		state->luma_coeffs[block] = (uint8_t)block_levels(
			&frame->luma, frame->luma.rounding_inter, source_block(frame, at, block),
			frame->source.stride_bytes, prediction + offset_of(block), 16,
			ret->luma[block]);
	residual_mark_luma(frame, at, ret);
}

void residual_intra4(const struct p_frame *frame, struct mb_place at, unsigned block,
		     const uint8_t prediction[16], struct residual *ret)
{
	uint8_t *to = current_block(frame, at, block);
	size_t stride = frame->current.stride_bytes;
	unsigned n = block_levels(&frame->luma, frame->luma.rounding_intra,
				  source_block(frame, at, block), frame->source.stride_bytes,
				  prediction, 4, ret->luma[block]);

	state_at(frame, at)->luma_coeffs[block] = (uint8_t)n;
	if (n > 0) {
		transform_restore(&frame->luma, ret->luma[block], NULL, prediction, 4, to, stride,
				  1);
		return;
	}
	for (unsigned y = 0; y < 4; y++)
		memcpy(to + y * stride, prediction + 4 * y, 4);
}

void residual_luma16(const struct p_frame *frame, struct mb_place at, const uint8_t prediction[256],
		     struct residual *ret)
{
	struct mb_state *state = state_at(frame, at);
	int32_t coefficients[16] WRITTEN_FIRST, dc[16];
	int16_t difference[16] WRITTEN_FIRST;
	unsigned any = 0;

	for (unsigned block = 0; block < 16; block++) {
		subtract(source_block(frame, at, block), frame->source.stride_bytes,
			 prediction + offset_of(block), 16, 1, difference);
		transform_forward(difference, coefficients);
		dc[block] = coefficients[0];
		state->luma_coeffs[block] =
			(uint8_t)transform_quantize(&frame->luma, frame->luma.rounding_intra,
						    coefficients, 1, ret->luma[block]);
		any |= state->luma_coeffs[block];
	}
	ret->n_luma_dc = transform_quantize_luma_dc(&frame->luma, dc, ret->luma_dc);
	ret->coded_luma = any ? 15 : 0;
}

static int32_t chroma_block(const struct p_frame *f, struct mb_place at,
			    const uint8_t prediction[128], unsigned component, unsigned block,
			    int32_t rounding, struct residual *ret)
{
	const uint8_t *source = chroma_at(&f->source, at) +
				(block >> 1) * 4 * f->source.stride_bytes + (block & 1) * 8 +
				component;
	int16_t difference[16] WRITTEN_FIRST;
	int32_t coefficients[16] WRITTEN_FIRST;

	subtract(source, f->source.stride_bytes,
		 prediction + (block >> 1) * 64 + (block & 1) * 8 + component, 16, 2, difference);
	transform_forward(difference, coefficients);
	state_at(f, at)->chroma_coeffs[component][block] = (uint8_t)transform_quantize(
		&f->chroma, rounding, coefficients, 1, ret->chroma[component][block]);
	return coefficients[0];
}

void residual_chroma(const struct p_frame *frame, struct mb_place at, const uint8_t prediction[128],
		     bool intra, struct residual *ret)
{
	int32_t rounding = intra ? frame->chroma.rounding_intra : frame->chroma.rounding_inter;
	struct mb_state *state = state_at(frame, at);
	unsigned any_ac = 0;

	ret->coded_chroma = 0;
	for (unsigned component = 0; component < 2; component++) {
		int32_t dc[4];
		for (unsigned block = 0; block < 4; block++) {
			dc[block] = chroma_block(frame, at, prediction, component, block, rounding,
						 ret);
			any_ac |= state->chroma_coeffs[component][block];
		}
		ret->n_chroma_dc[component] = transform_quantize_chroma_dc(
			&frame->chroma, rounding, dc, ret->chroma_dc[component]);
	}
	if (any_ac)
		ret->coded_chroma = 2;
	else if (ret->n_chroma_dc[0] + ret->n_chroma_dc[1] > 0)
		ret->coded_chroma = 1;
}

/* ---- Back ---- */

static void copy_luma(const struct p_frame *f, struct mb_place at, const uint8_t prediction[256])
{
	uint8_t *to = luma_at(&f->current, at);

	for (unsigned y = 0; y < 16; y++)
		memcpy(to + y * f->current.stride_bytes, prediction + 16 * y, 16);
}

void residual_restore_luma(const struct p_frame *frame, struct mb_place at,
			   const uint8_t prediction[256], const struct residual *residual)
{
	const uint8_t *n = state_at(frame, at)->luma_coeffs;

	copy_luma(frame, at, prediction);
	if (residual->coded_luma == 0)
		return;
	for (unsigned block = 0; block < 16; block++)
		if (n[block] > 0)
			transform_restore(&frame->luma, residual->luma[block], NULL,
					  prediction + offset_of(block), 16,
					  current_block(frame, at, block),
					  frame->current.stride_bytes, 1);
}

void residual_restore_luma16(const struct p_frame *frame, struct mb_place at,
			     const uint8_t prediction[256], const struct residual *residual)
{
	int32_t dc[16];

	transform_restore_luma_dc(&frame->luma, residual->luma_dc, dc);
	for (unsigned block = 0; block < 16; block++)
		transform_restore(&frame->luma, residual->luma[block], &dc[block],
				  prediction + offset_of(block), 16,
				  current_block(frame, at, block), frame->current.stride_bytes, 1);
}

static void restore_component(const struct p_frame *f, struct mb_place at,
			      const uint8_t prediction[128], const struct residual *residual,
			      unsigned component)
{
	static const int16_t no_levels[16];
	size_t stride = f->current.stride_bytes;
	uint8_t *to = chroma_at(&f->current, at) + component;
	int32_t dc[4];

	transform_restore_chroma_dc(&f->chroma, residual->chroma_dc[component], dc);
	for (unsigned block = 0; block < 4; block++) {
		const int16_t *levels = residual->coded_chroma == 2
						? residual->chroma[component][block]
						: no_levels;
		size_t x = (block & 1) * 8, y = (size_t)(block >> 1) * 4;
		transform_restore(&f->chroma, levels, &dc[block],
				  prediction + 16 * y + x + component, 16, to + y * stride + x,
				  stride, 2);
	}
}

void residual_restore_chroma(const struct p_frame *frame, struct mb_place at,
			     const uint8_t prediction[128], const struct residual *residual)
{
	uint8_t *to = chroma_at(&frame->current, at);

	if (residual->coded_chroma == 0) {
		for (unsigned y = 0; y < 8; y++)
			memcpy(to + y * frame->current.stride_bytes, prediction + 16 * y, 16);
		return;
	}
	restore_component(frame, at, prediction, residual, 0);
	restore_component(frame, at, prediction, residual, 1);
}
