/** The macroblock layer of a P slice as bits (ITU-T H.264 7.3.5). Private to recorder/encode. */
#pragma once

#include "recorder/encode/intra.h"
#include "recorder/encode/residual.h"

enum mb_kind { MB_INTER, MB_INTRA16, MB_INTRA4 };

/** What was decided about a macroblock. Modes of Intra_4x4 blocks stand in its state. */
struct mb_choice {
	enum mb_kind kind;
	struct vector difference; /**< MB_INTER: vector minus its prediction */
	enum intra16_mode intra16;
	enum intra_chroma_mode chroma;
};

/** The order in which 4x4 luma blocks are coded (figure 6-10), as places row by row. */
extern const uint8_t mb_coding_order[16];

/** Counts one more skipped macroblock. */
void mb_put_skip(struct p_frame *frame);

/** Writes mb_skip_run and the macroblock. Returns false when it cannot be written so: a level is
 *  too large for CAVLC, or the macroblock is longer than A.3.1 allows. Nothing but the
 *  run was written then. */
bool mb_put(struct p_frame *frame, struct mb_place at, const struct mb_choice *choice,
	    const struct residual *residual);

/** Writes the source as it is (I_PCM). Only behind an mb_put that failed. */
void mb_put_pcm(struct p_frame *frame, struct mb_place at);
