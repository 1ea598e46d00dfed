/* Syntax of macroblocks in P slices. It must not choose anything. */
#include "recorder/encode/mb_syntax.h"

#include "recorder/encode/cavlc.h"

/* A.3.1: no macroblock_layer() is longer than 128 bits and its samples as they are. */
#define MB_MAX_BITS 3200u
/* What one macroblock can take before that is found out: 27 blocks of 4 bytes a level, and
 * heads. */
#define MB_RESERVE_BYTES 2048u

/* mb_type in P slices: tables 7-13 and 7-11, intra types behind the five inter ones. */
#define TYPE_P_L0_16x16 0u
#define TYPE_I_NxN 5u
#define TYPE_I_16x16 6u
#define TYPE_I_PCM 30u

/* codeNum of coded_block_pattern (table 9-4), by pattern. */
static const uint8_t pattern_code_intra[48] = {
	3,  29, 30, 17, 31, 18, 37, 8,	32, 38, 19, 9,	20, 10, 11, 2,
	16, 33, 34, 21, 35, 22, 39, 4,	36, 40, 23, 5,	24, 6,	7,  1,
	41, 42, 43, 25, 44, 26, 46, 12, 45, 47, 27, 13, 28, 14, 15, 0,
};
static const uint8_t pattern_code_inter[48] = {
	0, 2,  3,  7,  4,  8,  17, 13, 5,  18, 9,  14, 10, 15, 16, 11,
	1, 32, 33, 36, 34, 37, 44, 40, 35, 45, 38, 41, 39, 42, 43, 19,
	6, 24, 25, 20, 26, 21, 46, 28, 27, 47, 22, 29, 23, 30, 31, 12,
};

const uint8_t mb_coding_order[16] = {0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15};

void mb_put_skip(struct p_frame *frame)
{
	frame->skip_run++;
}

static void put_skip_run(struct p_frame *f)
{
	put_ue(&f->bits, f->skip_run);
	f->skip_run = 0;
}

/* 9.2.1: the mean of the neighbours' numbers of coefficients, of those that exist. */
static int expected(bool has_left, unsigned left, bool has_above, unsigned above)
{
	if (has_left && has_above)
		return (int)((left + above + 1) >> 1);
	return (int)(has_left ? left : has_above ? above : 0);
}

static int expected_luma(const struct p_frame *f, struct mb_place at, unsigned block)
{
	const struct mb_state *own = state_at(f, at);
	unsigned bx = block & 3, by = block >> 2;
	bool has_left = bx > 0 || at.column > 0, has_above = by > 0 || at.row > 0;
	unsigned left = 0, above = 0;

	if (has_left)
		left = bx > 0 ? own->luma_coeffs[block - 1] : own[-1].luma_coeffs[block + 3];
	if (has_above)
		above = by > 0 ? own->luma_coeffs[block - 4]
			       : (own - f->columns)->luma_coeffs[block + 12];
	return expected(has_left, left, has_above, above);
}

static int expected_chroma(const struct p_frame *f, struct mb_place at, unsigned component,
			   unsigned block)
{
	const struct mb_state *own = state_at(f, at);
	unsigned bx = block & 1, by = block >> 1;
	bool has_left = bx > 0 || at.column > 0, has_above = by > 0 || at.row > 0;
	unsigned left = 0, above = 0;

	if (has_left)
		left = (bx > 0 ? own : own - 1)->chroma_coeffs[component][block ^ 1];
	if (has_above)
		above = (by > 0 ? own : own - f->columns)->chroma_coeffs[component][block ^ 2];
	return expected(has_left, left, has_above, above);
}

static void put_intra4_modes(struct p_frame *f, struct mb_place at)
{
	const struct mb_state *state = state_at(f, at);

	for (unsigned i = 0; i < 16; i++) {
		unsigned block = mb_coding_order[i], mode = state->intra_modes[block] - 1u;
		unsigned likely = intra4_likely_mode(f, at, block);
		if (mode == likely)
			put_bits(&f->bits, 1, 1);
		else
			put_bits(&f->bits, 4, mode < likely ? mode : mode - 1);
	}
}

/* mb_type, mb_pred, coded_block_pattern, mb_qp_delta. */
static void put_head(struct p_frame *f, struct mb_place at, const struct mb_choice *choice,
		     const struct residual *residual)
{
	unsigned pattern = residual->coded_luma | residual->coded_chroma << 4;
	struct bit_writer *bits = &f->bits;

	if (choice->kind == MB_INTER) {
		put_ue(bits, TYPE_P_L0_16x16);
		put_se(bits, 4 * choice->difference.x);
		put_se(bits, 4 * choice->difference.y);
		put_ue(bits, pattern_code_inter[pattern]);
	} else if (choice->kind == MB_INTRA4) {
		put_ue(bits, TYPE_I_NxN);
		put_intra4_modes(f, at);
		put_ue(bits, choice->chroma);
		put_ue(bits, pattern_code_intra[pattern]);
	} else {
		put_ue(bits, TYPE_I_16x16 + choice->intra16 + 4 * residual->coded_chroma +
				     (residual->coded_luma ? 12 : 0));
		put_ue(bits, choice->chroma);
	}
	if (pattern != 0 || choice->kind == MB_INTRA16)
		put_se(bits, 0);
}

static bool put_luma(struct p_frame *f, struct mb_place at, bool intra16,
		     const struct residual *residual)
{
	const uint8_t *n = state_at(f, at)->luma_coeffs;
	unsigned first = intra16 ? 1 : 0;
	bool fits = true;

	if (intra16)
		fits = cavlc_put_block(&f->bits, residual->luma_dc, 16, residual->n_luma_dc,
				       expected_luma(f, at, 0));
	for (unsigned i = 0; i < 16; i++) {
		unsigned block = mb_coding_order[i];
		if (residual->coded_luma >> i / 4 & 1)
			fits &= cavlc_put_block(&f->bits, residual->luma[block] + first, 16 - first,
						n[block], expected_luma(f, at, block));
	}
	return fits;
}

static bool put_chroma(struct p_frame *f, struct mb_place at, const struct residual *residual)
{
	const struct mb_state *state = state_at(f, at);
	bool fits = true;

	for (unsigned c = 0; c < 2 && residual->coded_chroma > 0; c++)
		fits &= cavlc_put_block(&f->bits, residual->chroma_dc[c], 4,
					residual->n_chroma_dc[c], CAVLC_CHROMA_DC);
	for (unsigned i = 0; i < 8 && residual->coded_chroma == 2; i++)
		fits &= cavlc_put_block(&f->bits, residual->chroma[i / 4][i % 4] + 1, 15,
					state->chroma_coeffs[i / 4][i % 4],
					expected_chroma(f, at, i / 4, i % 4));
	return fits;
}

bool mb_put(struct p_frame *frame, struct mb_place at, const struct mb_choice *choice,
	    const struct residual *residual)
{
	struct bit_writer *bits = &frame->bits;

	bit_writer_reserve(bits, MB_RESERVE_BYTES);
	put_skip_run(frame);
	struct bit_mark mark = bit_writer_mark(bits);
	size_t start = bit_position(bits);
	put_head(frame, at, choice, residual);
	bool fits = put_luma(frame, at, choice->kind == MB_INTRA16, residual);
	fits &= put_chroma(frame, at, residual);
	if (fits && bit_position(bits) - start <= MB_MAX_BITS)
		return true;
	bit_writer_rewind(bits, mark);
	return false;
}

void mb_put_pcm(struct p_frame *frame, struct mb_place at)
{
	const uint8_t *luma = luma_at(&frame->source, at), *chroma = chroma_at(&frame->source, at);
	size_t stride = frame->source.stride_bytes;
	struct bit_writer *bits = &frame->bits;

	bit_writer_reserve(bits, MB_RESERVE_BYTES);
	put_ue(bits, TYPE_I_PCM);
	put_alignment(bits);
	for (unsigned y = 0; y < 16; y++)
		for (unsigned x = 0; x < 16; x++)
			put_bits(bits, 8, luma[y * stride + x]);
	for (unsigned component = 0; component < 2; component++)
		for (unsigned y = 0; y < 8; y++)
			for (unsigned x = 0; x < 8; x++)
				put_bits(bits, 8, chroma[y * stride + 2 * x + component]);
}
