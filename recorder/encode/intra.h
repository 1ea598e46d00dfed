/** Intra prediction (ITU-T H.264 8.3) from the picture under construction. Private to
 *  recorder/encode. */
#pragma once

#include "recorder/encode/p_frame.h"

/** Table 8-4 (the plane mode is not used). */
enum intra16_mode { INTRA16_VERTICAL, INTRA16_HORIZONTAL, INTRA16_DC };

/** Table 8-5 (the plane mode is not used). */
enum intra_chroma_mode { INTRA_CHROMA_DC, INTRA_CHROMA_HORIZONTAL, INTRA_CHROMA_VERTICAL };

/** The first three of table 8-2. */
enum intra4_mode { INTRA4_VERTICAL, INTRA4_HORIZONTAL, INTRA4_DC, INTRA4_N_MODES };

/** The Intra_16x16 mode that comes nearest to the source; its prediction in `luma`. *ret_sad: how
 *  near. */
enum intra16_mode intra16_choose(const struct p_frame *frame, struct mb_place at, uint8_t luma[256],
				 unsigned *ret_sad);

/** The same for both chroma planes. */
enum intra_chroma_mode intra_chroma_choose(const struct p_frame *frame, struct mb_place at,
					   uint8_t chroma[128]);

/** Which modes a 4x4 block has neighbours for, and their predictions.
 *  block  place in the macroblock, row by row
 *  Returns a bit per mode. */
unsigned intra4_predict(const struct p_frame *frame, struct mb_place at, unsigned block,
			uint8_t predictions[INTRA4_N_MODES][16]);

/** Intra4x4PredMode that the neighbours make likely (8.3.1.1). */
unsigned intra4_likely_mode(const struct p_frame *frame, struct mb_place at, unsigned block);
