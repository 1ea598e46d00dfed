/* Finds where things moved. It must not know how macroblocks are coded: what it says is tried,
 * never believed.
 *
 * Without the protocol's word a few macroblocks with much detail are looked for in the picture
 * before, sample for sample: first straight up and down (scrolling), then near by in all directions
 * (dragging). What several of them agree on is tried for all. */
#include "recorder/encode/moves.h"

#include "recorder/encode/motion.h"

#include <string.h>

#define PROBES 16u
#define PROBE_VOTES_MIN 2u
#define LOOK_FROM_MACROBLOCKS 16u /* fewer changed ones are cheap anyway */
#define NEAR_X_PX 64
#define NEAR_Y_PX 32
/* Detail of a row of 16 samples: how often neighbours differ. */
#define DETAIL_MIN 4u

struct votes {
	struct vector vectors[PROBES];
	unsigned counts[PROBES], n;
};

static void vote(struct votes *votes, struct vector v)
{
	for (unsigned i = 0; i < votes->n; i++)
		if (vector_equal(votes->vectors[i], v)) {
			votes->counts[i]++;
			return;
		}
	votes->vectors[votes->n] = v;
	votes->counts[votes->n++] = 1;
}

/* The row of the macroblock with the most detail; false: none has enough to be found again. */
static bool telling_row(const struct p_frame *f, struct mb_place at, unsigned *ret_row)
{
	unsigned most = DETAIL_MIN - 1;

	for (unsigned y = 0; y < MB_PX; y++) {
		const uint8_t *row = luma_at(&f->source, at) + y * f->source.stride_bytes;
		unsigned detail = 0;
		for (unsigned x = 1; x < MB_PX; x++)
			detail += row[x] != row[x - 1];
		if (detail > most) {
			most = detail;
			*ret_row = y;
		}
	}
	return most >= DETAIL_MIN;
}

struct probe {
	const struct p_frame *frame;
	struct mb_place at;
	unsigned row;
	uint8_t samples[16]; /* of that row */
};

/* The vector is allowed. One row tells nearly always; the whole macroblock makes sure. */
static bool came_from(const struct probe *p, int32_t x, int32_t y)
{
	const struct nv12 *before = &p->frame->before;
	const uint8_t *was = luma_at(before, p->at) +
			     ((int32_t)p->row + y) * (ptrdiff_t)before->stride_bytes + x;

	return memcmp(was, p->samples, sizeof p->samples) == 0 &&
	       motion_is_exact(p->frame, p->at, (struct vector){(int16_t)x, (int16_t)y});
}

static bool look_up_and_down(const struct probe *p, struct vector *ret)
{
	for (int32_t distance = 1; distance < (int32_t)p->frame->vector_limit_px; distance++)
		for (int32_t y = -distance; y <= distance; y += 2 * distance)
			if (motion_allowed(p->frame, p->at, 0, y) && came_from(p, 0, y)) {
				*ret = (struct vector){0, (int16_t)y};
				return true;
			}
	return false;
}

/* Row by row; what motion_allowed says of x is the same for all of them. */
static bool look_near(const struct probe *p, struct vector *ret)
{
	const struct p_frame *f = p->frame;
	const int32_t column_px = (int32_t)(p->at.column * MB_PX);
	const int32_t most = MIN(NEAR_X_PX, (int32_t)f->vector_limit_px - 1);
	const int32_t first = MAX(-most, -column_px);
	const int32_t last = MIN(most, (int32_t)((f->columns - 1) * MB_PX) - column_px);

	for (int32_t y = -NEAR_Y_PX; y <= NEAR_Y_PX; y++) {
		if (!motion_allowed(f, p->at, 0, y))
			continue;
		for (int32_t x = first; x <= last; x++)
			if (came_from(p, x, y)) {
				*ret = (struct vector){(int16_t)x, (int16_t)y};
				return true;
			}
	}
	return false;
}

static bool known_at(const struct moves *moves, const struct probe *p)
{
	struct vector tried[MOVES_MAX];
	unsigned n = moves_at(moves, p->at, tried);

	for (unsigned i = 0; i < n; i++)
		if (motion_allowed(p->frame, p->at, tried[i].x, tried[i].y) &&
		    came_from(p, tried[i].x, tried[i].y))
			return true;
	return false;
}

/* What others have found is looked at first: a search reads a hundred times as much of the picture
 * before, most of it gone cold. */
static bool voted(const struct votes *votes, const struct probe *p, struct vector *ret)
{
	for (unsigned i = 0; i < votes->n; i++) {
		const struct vector v = votes->vectors[i];
		if (motion_allowed(p->frame, p->at, v.x, v.y) && came_from(p, v.x, v.y)) {
			*ret = v;
			return true;
		}
	}
	return false;
}

static void send_probe(const struct p_frame *f, struct mb_place at, const struct moves *moves,
		       struct votes *votes)
{
	struct probe probe = {.frame = f, .at = at};
	struct vector v;

	if (!telling_row(f, at, &probe.row))
		return;
	memcpy(probe.samples, luma_at(&f->source, at) + probe.row * f->source.stride_bytes,
	       sizeof probe.samples);
	if (known_at(moves, &probe))
		return;
	if (voted(votes, &probe, &v) || look_up_and_down(&probe, &v) || look_near(&probe, &v))
		vote(votes, v);
}

static void elect(struct votes *votes, struct moves *ret)
{
	while (ret->n_found < MOVES_FOUND_MAX) {
		unsigned best = 0;
		for (unsigned i = 1; i < votes->n; i++)
			if (votes->counts[i] > votes->counts[best])
				best = i;
		if (votes->n == 0 || votes->counts[best] < PROBE_VOTES_MIN)
			return;
		ret->found[ret->n_found++] = votes->vectors[best];
		votes->counts[best] = 0;
	}
}

void moves_find(const struct p_frame *frame, const uint32_t *changed, unsigned n_changed,
		const struct motion_hint *hints, unsigned n_hints, struct moves *ret)
{
	struct votes votes = {.n = 0};

	*ret = (struct moves){.hints = hints, .n_hints = n_hints};
	if (n_changed < LOOK_FROM_MACROBLOCKS)
		return;
	for (unsigned i = 0; i < PROBES; i++) {
		uint32_t number = changed[(uint64_t)n_changed * (2 * i + 1) / (2 * PROBES)];
		send_probe(frame, place_of(frame, number), ret, &votes);
	}
	elect(&votes, ret);
}

/* Follows the macroblock's middle back through the copies, the last first. */
static bool trace(const struct moves *moves, struct mb_place at, struct vector *ret)
{
	const int64_t x0 = (int64_t)at.column * MB_PX + MB_PX / 2;
	const int64_t y0 = (int64_t)at.row * MB_PX + MB_PX / 2;
	int64_t x = x0, y = y0;

	for (unsigned i = moves->n_hints; i-- > 0;) {
		const struct motion_hint *h = &moves->hints[i];
		if (x < h->to_x || y < h->to_y || x >= (int64_t)h->to_x + h->width ||
		    y >= (int64_t)h->to_y + h->height)
			continue;
		x += (int64_t)h->from_x - h->to_x;
		y += (int64_t)h->from_y - h->to_y;
	}
	if ((x == x0 && y == y0) || ABS(x - x0) > INT16_MAX || ABS(y - y0) > INT16_MAX)
		return false;
	*ret = (struct vector){(int16_t)(x - x0), (int16_t)(y - y0)};
	return true;
}

unsigned moves_at(const struct moves *moves, struct mb_place at, struct vector ret[MOVES_MAX])
{
	unsigned n = trace(moves, at, &ret[0]);

	for (unsigned i = 0; i < moves->n_found; i++)
		ret[n++] = moves->found[i];
	return n;
}

uint64_t moves_reach_up_px(const struct moves *moves)
{
	int64_t chain = 0, up = 0;

	for (unsigned i = 0; i < moves->n_hints; i++)
		chain += MAX((int64_t)moves->hints[i].to_y - moves->hints[i].from_y, 0);
	for (unsigned i = 0; i < moves->n_found; i++)
		up = MAX(up, -moves->found[i].y);
	return (uint64_t)MAX(up, chain);
}
