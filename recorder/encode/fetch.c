/* Which lines of the cache a macroblock to come will need. It must not read or write any of them.
 *
 * Asking for more lines at a time than the processor can wait for stops it, so four macroblocks
 * that share their lines ask for a quarter each. */
#include "recorder/encode/fetch.h"

#include "recorder/encode/motion.h"

#define AHEAD 16u /* macroblocks: some microseconds, a memory's answer takes a tenth of one */
#define MB_PER_LINE (64u / MB_PX)

/* Luma rows of a macroblock; chroma has half of them. */
struct share {
	unsigned first, end;
};

/* The whole of what a line holds of changed macroblocks is asked for by them together. */
static struct share share_of(const uint32_t *changed, unsigned n_changed, unsigned i,
			     struct mb_place at)
{
	const unsigned place = at.column % MB_PER_LINE, rows = MB_PX / MB_PER_LINE;
	const bool begins = place == 0 || i == 0 || changed[i - 1] + 1 != changed[i];
	const bool ends =
		place == MB_PER_LINE - 1 || i + 1 == n_changed || changed[i + 1] != changed[i] + 1;

	return (struct share){begins ? 0 : place * rows, ends ? MB_PX : (place + 1) * rows};
}

static void fetch_rows(const struct nv12 *picture, struct mb_place at, struct vector v,
		       struct share share)
{
	const ptrdiff_t stride = (ptrdiff_t)picture->stride_bytes;
	const uint8_t *luma = luma_at(picture, at) + v.y * stride + v.x;
	const uint8_t *chroma = chroma_at(picture, at) + (v.y >> 1) * stride + 2 * (v.x >> 1);

	for (unsigned y = share.first; y < share.end; y++)
		__builtin_prefetch(luma + y * stride);
	for (unsigned y = share.first / 2; y < share.end / 2; y++)
		__builtin_prefetch(chroma + y * stride);
}

static void fetch(const struct p_frame *frame, const struct moves *moves, const uint32_t *changed,
		  unsigned n_changed, unsigned i)
{
	const struct vector here = {0, 0};
	struct vector from[MOVES_MAX];
	const struct mb_place at = place_of(frame, changed[i]);
	const struct share share = share_of(changed, n_changed, i, at);

	if (moves_at(moves, at, from) == 0 || !motion_allowed(frame, at, from[0].x, from[0].y))
		from[0] = here;
	fetch_rows(&frame->source, at, here, share);
	fetch_rows(&frame->current, at, here, share);
	fetch_rows(&frame->before, at, from[0], share);
	fetch_rows(&frame->reference, at, from[0], share);
	__builtin_prefetch(state_at(frame, at), 1);
}

void fetch_first(const struct p_frame *frame, const struct moves *moves, const uint32_t *changed,
		 unsigned n_changed)
{
	for (unsigned i = 0; i < MIN(AHEAD, n_changed); i++)
		fetch(frame, moves, changed, n_changed, i);
}

void fetch_ahead(const struct p_frame *frame, const struct moves *moves, const uint32_t *changed,
		 unsigned n_changed, unsigned i)
{
	if (n_changed - i > AHEAD)
		fetch(frame, moves, changed, n_changed, i + AHEAD);
}
