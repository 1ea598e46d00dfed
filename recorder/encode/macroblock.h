/** One macroblock of a P slice: decided, written, and restored as a decoder will show it.
 *  Private to recorder/encode. */
#pragma once

#include "recorder/encode/p_frame.h"

/** One that did not change: it must show what stood there before. */
void macroblock_keep(struct p_frame *frame, struct mb_place at);

/** One that changed.
 *  hints  vectors worth trying, any values */
void macroblock_code(struct p_frame *frame, struct mb_place at, const struct vector *hints,
		     unsigned n_hints);
