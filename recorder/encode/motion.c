/* Vectors of 16x16 partitions: predicted, searched for, followed. It must not know bits.
 *
 * Vectors are whole luma samples, so luma is copied and only chroma is ever interpolated; blocks
 * are taken from inside the picture alone. */
#include "recorder/encode/motion.h"

#include "recorder/encode/sad.h"

#include <string.h>

#define SEARCH_STEPS_MAX 16u
#define GOOD_ENOUGH_SAD 256u /* one per sample: no better vector will be found */

/* ---- Prediction of vectors ---- */

struct neighbour {
	bool available, inter;
	struct vector vector; /* zero unless inter */
};

static struct neighbour neighbour_at(const struct p_frame *f, int64_t column, int64_t row)
{
	if (column < 0 || row < 0 || column >= f->columns)
		return (struct neighbour){0};
	const struct mb_state *s = state_at(f, (struct mb_place){(uint32_t)column, (uint32_t)row});
	return (struct neighbour){true, !s->intra, s->vector};
}

static int16_t median(int16_t a, int16_t b, int16_t c)
{
	int16_t low = a < b ? a : b, high = a < b ? b : a;

	return c < low ? low : c > high ? high : c;
}

struct vector motion_predict(const struct p_frame *frame, struct mb_place at)
{
	int64_t column = at.column, row = at.row;
	struct neighbour a = neighbour_at(frame, column - 1, row);
	struct neighbour b = neighbour_at(frame, column, row - 1);
	struct neighbour c = neighbour_at(frame, column + 1, row - 1);

	if (!c.available)
		c = neighbour_at(frame, column - 1, row - 1);
	if (!b.available && !c.available && a.available)
		return a.vector;
	if (a.inter + b.inter + c.inter == 1)
		return a.inter ? a.vector : b.inter ? b.vector : c.vector;
	return (struct vector){median(a.vector.x, b.vector.x, c.vector.x),
			       median(a.vector.y, b.vector.y, c.vector.y)};
}

struct vector motion_of_skip(const struct p_frame *frame, struct mb_place at,
			     struct vector predicted)
{
	struct neighbour a = neighbour_at(frame, (int64_t)at.column - 1, at.row);
	struct neighbour b = neighbour_at(frame, at.column, (int64_t)at.row - 1);

	if (!a.available || !b.available || (a.inter && vector_is_zero(a.vector)) ||
	    (b.inter && vector_is_zero(b.vector)))
		return (struct vector){0};
	return predicted;
}

/* ---- Following vectors ---- */

bool motion_allowed(const struct p_frame *frame, struct mb_place at, int32_t x, int32_t y)
{
	int32_t limit = (int32_t)frame->vector_limit_px;
	int64_t left = (int64_t)at.column * MB_PX + x, top = (int64_t)at.row * MB_PX + y;

	return x > -limit && x < limit && y > -limit && y < limit && left >= 0 && top >= 0 &&
	       left + MB_PX <= (int64_t)frame->columns * MB_PX &&
	       top + MB_PX <= (int64_t)frame->rows * MB_PX;
}

static const uint8_t *moved_luma(const struct nv12 *picture, struct mb_place at, struct vector v)
{
	return luma_at(picture, at) + v.y * (ptrdiff_t)picture->stride_bytes + v.x;
}

/* The chroma pair that the vector's whole part points to. Odd vectors point half a pair further. */
static const uint8_t *moved_chroma(const struct nv12 *picture, struct mb_place at, struct vector v)
{
	return chroma_at(picture, at) + (v.y >> 1) * (ptrdiff_t)picture->stride_bytes +
	       2 * (v.x >> 1);
}

/* (8-266) with xFrac and yFrac 0 or 4. An odd vector's block ends at least one luma sample before
 * the picture's edge, so the pair behind it exists. */
static void interpolate_chroma(const uint8_t *from, size_t stride, bool half_x, bool half_y,
			       uint8_t chroma[128])
{
	const uint8_t *right = half_x ? from + 2 : from;
	const uint8_t *below = half_y ? from + stride : from;
	const uint8_t *across = half_y ? right + stride : right;

	for (unsigned y = 0; y < 8; y++) {
		size_t row = y * stride;
		for (unsigned x = 0; x < 16; x++)
			chroma[16 * y + x] = (uint8_t)((from[row + x] + right[row + x] +
							below[row + x] + across[row + x] + 2) >>
						       2);
	}
}

void motion_compensate(const struct p_frame *frame, struct mb_place at, struct vector vector,
		       struct mb_samples *ret)
{
	const struct nv12 *reference = &frame->reference;
	const uint8_t *luma = moved_luma(reference, at, vector);
	const uint8_t *chroma = moved_chroma(reference, at, vector);
	size_t stride = reference->stride_bytes;

	for (unsigned y = 0; y < 16; y++)
		memcpy(ret->luma + 16 * y, luma + y * stride, 16);
	if ((vector.x | vector.y) & 1) {
		interpolate_chroma(chroma, stride, vector.x & 1, vector.y & 1, ret->chroma);
		return;
	}
	for (unsigned y = 0; y < 8; y++)
		memcpy(ret->chroma + 16 * y, chroma + y * stride, 16);
}

bool motion_is_exact(const struct p_frame *frame, struct mb_place at, struct vector vector)
{
	const uint8_t *was = moved_luma(&frame->before, at, vector);
	const uint8_t *is = luma_at(&frame->source, at);

	for (unsigned y = 0; y < 16; y++)
		if (memcmp(is + y * frame->source.stride_bytes,
			   was + y * frame->before.stride_bytes, 16) != 0)
			return false;
	return true;
}

bool motion_is_exact_chroma(const struct p_frame *frame, struct mb_place at, struct vector vector)
{
	const uint8_t *was = moved_chroma(&frame->before, at, vector);
	const uint8_t *is = chroma_at(&frame->source, at);

	if ((vector.x | vector.y) & 1)
		return false;
	for (unsigned y = 0; y < 8; y++)
		if (memcmp(is + y * frame->source.stride_bytes,
			   was + y * frame->before.stride_bytes, 16) != 0)
			return false;
	return true;
}

/* ---- Search ---- */

static unsigned se_bits(int32_t value)
{
	uint32_t code = (value > 0 ? 2 * (uint32_t)value - 1 : 2 * (uint32_t)-value) + 1;

	return 2 * (32 - (unsigned)__builtin_clz(code)) - 1;
}

static unsigned cost_of(const struct p_frame *f, struct mb_place at, struct vector v,
			struct vector predicted)
{
	unsigned bits = se_bits(4 * (v.x - predicted.x)) + se_bits(4 * (v.y - predicted.y));

	return sad_16(luma_at(&f->source, at), f->source.stride_bytes,
		      moved_luma(&f->reference, at, v), f->reference.stride_bytes, 16) +
	       f->lambda * bits;
}

/* One step to the best of four neighbours; false when the middle is the best. */
static bool step_diamond(const struct p_frame *f, struct mb_place at, struct vector predicted,
			 struct vector *best, unsigned *best_cost)
{
	static const struct vector diamond[] = {{0, -1}, {-1, 0}, {1, 0}, {0, 1}};
	const struct vector middle = *best;

	for (unsigned i = 0; i < G_N_ELEMENTS(diamond); i++) {
		int32_t x = middle.x + diamond[i].x, y = middle.y + diamond[i].y;
		if (!motion_allowed(f, at, x, y))
			continue;
		const struct vector v = {(int16_t)x, (int16_t)y};
		unsigned cost = cost_of(f, at, v, predicted);
		if (cost >= *best_cost)
			continue;
		*best = v;
		*best_cost = cost;
	}
	return !vector_equal(*best, middle);
}

struct vector motion_search(const struct p_frame *frame, struct mb_place at,
			    const struct vector *candidates, unsigned n_candidates,
			    struct vector predicted, unsigned *ret_cost)
{
	struct vector best = candidates[0];

	*ret_cost = cost_of(frame, at, best, predicted);
	for (unsigned i = 1; i < n_candidates; i++) {
		if (!motion_allowed(frame, at, candidates[i].x, candidates[i].y))
			continue;
		unsigned cost = cost_of(frame, at, candidates[i], predicted);
		if (cost >= *ret_cost)
			continue;
		best = candidates[i];
		*ret_cost = cost;
	}
	for (unsigned i = 0; i<SEARCH_STEPS_MAX && * ret_cost> GOOD_ENOUGH_SAD; i++)
		if (!step_diamond(frame, at, predicted, &best, ret_cost))
			break;
	return best;
}
