/** Asks for the memory of macroblocks to come before they are coded. Private to recorder/encode.
 *
 *  Among many sessions a picture's planes have gone cold since the picture before, and a
 *  macroblock's rows lie a picture's width apart, where no processor looks ahead by itself. */
#pragma once

#include "recorder/encode/moves.h"

/** Asks for what the first few of `changed` will touch. `moves` tells where from they
 *  are likely to be copied. */
void fetch_first(const struct p_frame *frame, const struct moves *moves, const uint32_t *changed,
		 unsigned n_changed);

/** While changed[i] is coded: asks for a share of what one that comes some places later will
 *  touch. */
void fetch_ahead(const struct p_frame *frame, const struct moves *moves, const uint32_t *changed,
		 unsigned n_changed, unsigned i);
