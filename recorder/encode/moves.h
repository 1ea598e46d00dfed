/** Where changed macroblocks may have come from: the protocols' copies, and moves seen in the
 *  picture itself. Private to recorder/encode. */
#pragma once

#include "recorder/encode/p_frame.h"

#define MOVES_FOUND_MAX 2u
/** At most so many vectors for one macroblock. */
#define MOVES_MAX (MOVES_FOUND_MAX + 1)

struct moves {
	const struct motion_hint *hints; /**< in the order in which they happened */
	unsigned n_hints;
	struct vector found[MOVES_FOUND_MAX];
	unsigned n_found;
};

/** Looks at a few of the changed macroblocks (their numbers) for a place they all came from. The
 *  hints are borrowed; nothing in them is believed. */
void moves_find(const struct p_frame *frame, const uint32_t *changed, unsigned n_changed,
		const struct motion_hint *hints, unsigned n_hints, struct moves *ret);

/** The vectors worth trying at one macroblock. Returns how many. They may point anywhere. */
unsigned moves_at(const struct moves *moves, struct mb_place at, struct vector ret[MOVES_MAX]);

/** No vector that moves_at can return points further up than so many rows. */
uint64_t moves_reach_up_px(const struct moves *moves);
