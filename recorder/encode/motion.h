/** Motion vectors and inter prediction (ITU-T H.264 8.4), whole luma samples only.
 *  Private to recorder/encode. */
#pragma once

#include "recorder/encode/p_frame.h"

/** The prediction of a 16x16 partition's vector (8.4.1.3). */
struct vector motion_predict(const struct p_frame *frame, struct mb_place at);

/** The vector of a skipped macroblock (8.4.1.1). `predicted`: motion_predict here. */
struct vector motion_of_skip(const struct p_frame *frame, struct mb_place at,
			     struct vector predicted);

/** True when a vector is within the level's limit and the block it names lies inside the
 *  picture. */
bool motion_allowed(const struct p_frame *frame, struct mb_place at, int32_t x, int32_t y);

/** The inter prediction of a macroblock (8.4.2). The vector is allowed. */
void motion_compensate(const struct p_frame *frame, struct mb_place at, struct vector vector,
		       struct mb_samples *ret);

/** True when the source's luma, moved by this (allowed) vector since the picture before,
 *  is exactly what it was. */
bool motion_is_exact(const struct p_frame *frame, struct mb_place at, struct vector vector);
/** The same for chroma. Never with an odd vector, which makes chroma up. */
bool motion_is_exact_chroma(const struct p_frame *frame, struct mb_place at, struct vector vector);

/** The best vector from `candidates` (at least one, the first allowed) and near it. *ret_cost:
 *  absolute difference, and what the vector's bits are worth. */
struct vector motion_search(const struct p_frame *frame, struct mb_place at,
			    const struct vector *candidates, unsigned n_candidates,
			    struct vector predicted, unsigned *ret_cost);
