/* Predicts macroblocks from their neighbours. It must not know bits. Constrained intra prediction
 * is off (stream_headers.c checks), so every neighbour inside the picture may be used. */
#include "recorder/encode/intra.h"

#include "recorder/encode/sad.h"

#include <string.h>

#define DC_WITHOUT_NEIGHBOURS 128u
#define MODE_DC 2u

/* ---- Intra_16x16 (8.3.3) ---- */

static void fill_vertical(const uint8_t *above, uint8_t luma[256])
{
	for (unsigned y = 0; y < 16; y++)
		memcpy(luma + 16 * y, above, 16);
}

static void fill_horizontal(const uint8_t *left, size_t stride, uint8_t luma[256])
{
	for (unsigned y = 0; y < 16; y++)
		memset(luma + 16 * y, left[y * stride], 16);
}

static unsigned sum_of(const uint8_t *samples, size_t step, unsigned n)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < n; i++)
		sum += samples[i * step];
	return sum;
}

static void fill_dc(const uint8_t *above, const uint8_t *left, size_t stride, uint8_t luma[256])
{
	unsigned dc = DC_WITHOUT_NEIGHBOURS;

	if (above != NULL && left != NULL)
		dc = (sum_of(above, 1, 16) + sum_of(left, stride, 16) + 16) >> 5;
	else if (above != NULL)
		dc = (sum_of(above, 1, 16) + 8) >> 4;
	else if (left != NULL)
		dc = (sum_of(left, stride, 16) + 8) >> 4;
	memset(luma, (int)dc, 256);
}

enum intra16_mode intra16_choose(const struct p_frame *frame, struct mb_place at, uint8_t luma[256],
				 unsigned *ret_sad)
{
	size_t stride = frame->current.stride_bytes;
	const uint8_t *own = luma_at(&frame->current, at), *source = luma_at(&frame->source, at);
	const uint8_t *above = at.row > 0 ? own - stride : NULL;
	const uint8_t *left = at.column > 0 ? own - 1 : NULL;
	enum intra16_mode best = INTRA16_DC;
	uint8_t tried[256] __attribute__((aligned(16)));

	fill_dc(above, left, stride, luma);
	*ret_sad = sad_16(luma, 16, source, frame->source.stride_bytes, 16);
	for (enum intra16_mode mode = INTRA16_VERTICAL; mode <= INTRA16_HORIZONTAL; mode++) {
		if ((mode == INTRA16_VERTICAL ? above : left) == NULL)
			continue;
		if (mode == INTRA16_VERTICAL)
			fill_vertical(above, tried);
		else
			fill_horizontal(left, stride, tried);
		unsigned sad = sad_16(tried, 16, source, frame->source.stride_bytes, 16);
		if (sad >= *ret_sad)
			continue;
		*ret_sad = sad;
		best = mode;
		memcpy(luma, tried, sizeof tried);
	}
	return best;
}

/* ---- Chroma (8.3.4) ---- */

/* One 4x4 block of one component. The blocks on the diagonal use both neighbours, the others prefer
 * the one they touch (8.3.4.1 to 8.3.4.3). */
static unsigned chroma_dc(const uint8_t *above, const uint8_t *left, size_t stride, unsigned block,
			  unsigned component)
{
	unsigned x = block & 1, y = block >> 1;
	unsigned up = above != NULL ? sum_of(above + 8 * x + component, 2, 4) : 0;
	unsigned side = left != NULL ? sum_of(left + 4 * y * stride + component, stride, 4) : 0;

	if (above == NULL && left == NULL)
		return DC_WITHOUT_NEIGHBOURS;
	if (above != NULL && left != NULL && x == y)
		return (up + side + 4) >> 3;
	if (left == NULL || (above != NULL && x == 1))
		return (up + 2) >> 2;
	return (side + 2) >> 2;
}

static void chroma_fill_dc(const uint8_t *above, const uint8_t *left, size_t stride,
			   uint8_t chroma[128])
{
	for (unsigned block = 0; block < 4; block++) {
		uint8_t cb = (uint8_t)chroma_dc(above, left, stride, block, 0);
		uint8_t cr = (uint8_t)chroma_dc(above, left, stride, block, 1);
		uint8_t *to = chroma + (block >> 1) * 64 + (block & 1) * 8;
		for (unsigned y = 0; y < 4; y++)
			for (unsigned x = 0; x < 4; x++) {
				to[16 * y + 2 * x] = cb;
				to[16 * y + 2 * x + 1] = cr;
			}
	}
}

static void chroma_fill_horizontal(const uint8_t *left, size_t stride, uint8_t chroma[128])
{
	for (unsigned y = 0; y < 8; y++)
		for (unsigned x = 0; x < 16; x++)
			chroma[16 * y + x] = left[y * stride + (x & 1)];
}

enum intra_chroma_mode intra_chroma_choose(const struct p_frame *frame, struct mb_place at,
					   uint8_t chroma[128])
{
	size_t stride = frame->current.stride_bytes;
	const uint8_t *own = chroma_at(&frame->current, at),
		      *source = chroma_at(&frame->source, at);
	const uint8_t *above = at.row > 0 ? own - stride : NULL;
	const uint8_t *left = at.column > 0 ? own - 2 : NULL;
	enum intra_chroma_mode best = INTRA_CHROMA_DC;
	uint8_t tried[128] __attribute__((aligned(16)));

	chroma_fill_dc(above, left, stride, chroma);
	unsigned best_sad = sad_16(chroma, 16, source, frame->source.stride_bytes, 8);
	for (enum intra_chroma_mode mode = INTRA_CHROMA_HORIZONTAL; mode <= INTRA_CHROMA_VERTICAL;
	     mode++) {
		if ((mode == INTRA_CHROMA_VERTICAL ? above : left) == NULL)
			continue;
		if (mode == INTRA_CHROMA_HORIZONTAL)
			chroma_fill_horizontal(left, stride, tried);
		else
			for (unsigned y = 0; y < 8; y++)
				memcpy(tried + 16 * y, above, 16);
		unsigned sad = sad_16(tried, 16, source, frame->source.stride_bytes, 8);
		if (sad >= best_sad)
			continue;
		best_sad = sad;
		best = mode;
		memcpy(chroma, tried, sizeof tried);
	}
	return best;
}

/* ---- Intra_4x4 (8.3.1) ---- */

unsigned intra4_predict(const struct p_frame *frame, struct mb_place at, unsigned block,
			uint8_t predictions[INTRA4_N_MODES][16])
{
	size_t stride = frame->current.stride_bytes;
	unsigned bx = block & 3, by = block >> 2;
	const uint8_t *own = luma_at(&frame->current, at) + 4 * by * stride + 4 * bx;
	bool has_above = at.row > 0 || by > 0, has_left = at.column > 0 || bx > 0;
	unsigned up = has_above ? sum_of(own - stride, 1, 4) : 0;
	unsigned side = has_left ? sum_of(own - 1, stride, 4) : 0;
	unsigned dc = DC_WITHOUT_NEIGHBOURS;

	if (has_above && has_left)
		dc = (up + side + 4) >> 3;
	else if (has_above || has_left)
		dc = (up + side + 2) >> 2;
	memset(predictions[INTRA4_DC], (int)dc, 16);
	for (unsigned y = 0; y < 4; y++) {
		if (has_above)
			memcpy(predictions[INTRA4_VERTICAL] + 4 * y, own - stride, 4);
		if (has_left)
			memset(predictions[INTRA4_HORIZONTAL] + 4 * y, own[y * stride - 1], 4);
	}
	return 1u << INTRA4_DC | (unsigned)has_above << INTRA4_VERTICAL |
	       (unsigned)has_left << INTRA4_HORIZONTAL;
}

/* A neighbour's mode as 8.3.1.1 wants it: what is not Intra_4x4 counts as DC. */
static unsigned mode_of(const struct mb_state *state, unsigned block)
{
	return state->intra_modes[block] > 0 ? state->intra_modes[block] - 1u : MODE_DC;
}

unsigned intra4_likely_mode(const struct p_frame *frame, struct mb_place at, unsigned block)
{
	const struct mb_state *own = state_at(frame, at);
	unsigned bx = block & 3, by = block >> 2;

	if ((at.column == 0 && bx == 0) || (at.row == 0 && by == 0))
		return MODE_DC;
	unsigned left = bx > 0 ? mode_of(own, block - 1) : mode_of(own - 1, block + 3);
	unsigned above =
		by > 0 ? mode_of(own, block - 4) : mode_of(own - frame->columns, block + 12);
	return left < above ? left : above;
}
