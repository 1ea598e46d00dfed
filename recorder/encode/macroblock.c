/* Decides how a macroblock is coded. It must not know where hints come from.
 *
 * In this order: what only moved is copied, without any transform; else the nearest of inter
 * prediction, Intra_16x16 and Intra_4x4 by absolute difference; what CAVLC cannot say goes raw. */
#include "recorder/encode/macroblock.h"

#include "recorder/encode/intra.h"
#include "recorder/encode/mb_syntax.h"
#include "recorder/encode/motion.h"
#include "recorder/encode/sad.h"

#include <limits.h>
#include <string.h>

#define CANDIDATES_MAX 8u
/* Inter prediction this near is not asked whether intra would be better: two a sample. */
#define INTRA_TRY_SAD 512u
/* Bits beyond those of an inter macroblock, roughly. */
#define INTRA16_BITS 6u
#define INTRA4_BITS 4u
#define INTRA4_LIKELY_MODE_BITS 1u
#define INTRA4_OTHER_MODE_BITS 4u

struct work {
	struct vector predicted, skip;
	struct mb_samples samples; /* the prediction */
	struct residual residual;
	struct mb_choice choice;
};

void macroblock_keep(struct p_frame *frame, struct mb_place at)
{
	static const struct residual none;
	struct vector predicted = motion_predict(frame, at);
	struct mb_choice choice = {.kind = MB_INTER};

	if (vector_is_zero(motion_of_skip(frame, at, predicted))) {
		mb_put_skip(frame);
		return;
	}
	choice.difference = (struct vector){(int16_t)-predicted.x, (int16_t)-predicted.y};
	mb_put(frame, at, &choice, &none);
}

static void code_pcm(struct p_frame *f, struct mb_place at)
{
	struct mb_state *state = state_at(f, at);

	mb_put_pcm(f, at);
	*state = (struct mb_state){.intra = true};
	memset(state->luma_coeffs, 16, sizeof state->luma_coeffs);
	memset(state->chroma_coeffs, 16, sizeof state->chroma_coeffs);
	for (unsigned y = 0; y < 16; y++)
		memcpy(luma_at(&f->current, at) + y * f->current.stride_bytes,
		       luma_at(&f->source, at) + y * f->source.stride_bytes, 16);
	for (unsigned y = 0; y < 8; y++)
		memcpy(chroma_at(&f->current, at) + y * f->current.stride_bytes,
		       chroma_at(&f->source, at) + y * f->source.stride_bytes, 16);
}

/* ---- Inter ---- */

/* `exact`: it only moved, so the prediction is as good as what it is taken from. */
static void code_inter(struct p_frame *f, struct mb_place at, struct vector vector, bool exact,
		       struct work *w)
{
	struct mb_state *state = state_at(f, at);

	motion_compensate(f, at, vector, &w->samples);
	state->vector = vector;
	w->residual.coded_luma = w->residual.coded_chroma = 0;
	if (!exact)
		residual_luma(f, at, w->samples.luma, &w->residual);
	if (!exact || !motion_is_exact_chroma(f, at, vector))
		residual_chroma(f, at, w->samples.chroma, false, &w->residual);
	if ((w->residual.coded_luma | w->residual.coded_chroma) == 0 &&
	    vector_equal(vector, w->skip)) {
		mb_put_skip(f);
	} else {
		w->choice.kind = MB_INTER;
		w->choice.difference = (struct vector){(int16_t)(vector.x - w->predicted.x),
						       (int16_t)(vector.y - w->predicted.y)};
		if (!mb_put(f, at, &w->choice, &w->residual)) {
			code_pcm(f, at);
			return;
		}
	}
	residual_restore_luma(f, at, w->samples.luma, &w->residual);
	residual_restore_chroma(f, at, w->samples.chroma, &w->residual);
}

/* The first hint under which the source is exactly what it was elsewhere. */
static bool code_exact_copy(struct p_frame *f, struct mb_place at, const struct vector *hints,
			    unsigned n_hints, struct work *w)
{
	for (unsigned i = 0; i < n_hints; i++) {
		if (!motion_allowed(f, at, hints[i].x, hints[i].y) ||
		    !motion_is_exact(f, at, hints[i]))
			continue;
		code_inter(f, at, hints[i], true, w);
		return true;
	}
	return false;
}

/* ---- Intra ---- */

static unsigned distance_4x4(const uint8_t *source, size_t stride, const uint8_t prediction[16])
{
	unsigned sum = 0;

	for (unsigned y = 0; y < 4; y++)
		for (unsigned x = 0; x < 4; x++)
			sum += (unsigned)abs(source[y * stride + x] - prediction[4 * y + x]);
	return sum;
}

/* One block of Intra_4x4: the best mode, its levels, its samples. Returns what it costs. */
static unsigned intra4_block(struct p_frame *f, struct mb_place at, unsigned block, struct work *w)
{
	const uint8_t *source = luma_at(&f->source, at) +
				(block >> 2) * 4 * f->source.stride_bytes + (block & 3) * 4;
	uint8_t predictions[INTRA4_N_MODES][16] WRITTEN_FIRST;
	unsigned modes = intra4_predict(f, at, block, predictions);
	unsigned likely = intra4_likely_mode(f, at, block), best = INTRA4_DC, best_cost = UINT_MAX;

	for (unsigned mode = 0; mode < INTRA4_N_MODES; mode++) {
		if (!(modes >> mode & 1))
			continue;
		unsigned bits = mode == likely ? INTRA4_LIKELY_MODE_BITS : INTRA4_OTHER_MODE_BITS;
		unsigned cost = distance_4x4(source, f->source.stride_bytes, predictions[mode]) +
				f->lambda * bits;
		if (cost >= best_cost)
			continue;
		best_cost = cost;
		best = mode;
	}
	state_at(f, at)->intra_modes[block] = (uint8_t)(best + 1);
	residual_intra4(f, at, block, predictions[best], &w->residual);
	return best_cost;
}

/* Tries Intra_4x4; gives up as soon as it costs more than `limit`. frame->current and the state
 * are written in any case. */
static bool intra4_luma(struct p_frame *f, struct mb_place at, unsigned limit, struct work *w)
{
	unsigned cost = INTRA4_BITS * f->lambda;

	for (unsigned i = 0; i < 16; i++) {
		cost += intra4_block(f, at, mb_coding_order[i], w);
		if (cost > limit)
			return false;
	}
	residual_mark_luma(f, at, &w->residual);
	return true;
}

static void code_intra(struct p_frame *f, struct mb_place at, struct work *w)
{
	struct mb_state *state = state_at(f, at);

	state->intra = true;
	w->choice.chroma = intra_chroma_choose(f, at, w->samples.chroma);
	residual_chroma(f, at, w->samples.chroma, true, &w->residual);
	if (!mb_put(f, at, &w->choice, &w->residual)) {
		code_pcm(f, at);
		return;
	}
	if (w->choice.kind == MB_INTRA16)
		residual_restore_luma16(f, at, w->samples.luma, &w->residual);
	residual_restore_chroma(f, at, w->samples.chroma, &w->residual);
}

/* True when an intra prediction beat `inter_cost`; the macroblock is written then. */
static bool code_better_intra(struct p_frame *f, struct mb_place at, unsigned inter_cost,
			      struct work *w)
{
	struct mb_state *state = state_at(f, at);
	unsigned cost16;

	w->choice.intra16 = intra16_choose(f, at, w->samples.luma, &cost16);
	cost16 += INTRA16_BITS * f->lambda;
	unsigned limit = MIN(inter_cost, cost16);
	if (limit > INTRA_TRY_SAD && intra4_luma(f, at, limit, w)) {
		w->choice.kind = MB_INTRA4;
		code_intra(f, at, w);
		return true;
	}
	*state = (struct mb_state){0};
	if (cost16 >= inter_cost)
		return false;
	w->choice.kind = MB_INTRA16;
	residual_luma16(f, at, w->samples.luma, &w->residual);
	code_intra(f, at, w);
	return true;
}

void macroblock_code(struct p_frame *frame, struct mb_place at, const struct vector *hints,
		     unsigned n_hints)
{
	struct vector candidates[CANDIDATES_MAX] = {{0, 0}};
	unsigned n = 1, cost;
	struct work w WRITTEN_FIRST;

	w.predicted = motion_predict(frame, at);
	w.skip = motion_of_skip(frame, at, w.predicted);
	if (code_exact_copy(frame, at, hints, n_hints, &w))
		return;
	candidates[n++] = w.predicted;
	if (at.column > 0)
		candidates[n++] = state_at(frame, at)[-1].vector;
	for (unsigned i = 0; i < n_hints && n < CANDIDATES_MAX; i++)
		candidates[n++] = hints[i];
	struct vector best = motion_search(frame, at, candidates, n, w.predicted, &cost);
	if (cost > INTRA_TRY_SAD && code_better_intra(frame, at, cost, &w))
		return;
	code_inter(frame, at, best, false, &w);
}
