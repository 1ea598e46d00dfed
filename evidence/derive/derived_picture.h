/** One picture on its way into a derived copy. Private to evidence/derive/. */
#pragma once

#include "evidence/derive/operations.h"
#include "recorder/encode/convert.h"
#include "recorder/mux/play.h"

/** Copies a decoded picture; `ret` must have its size. */
void derived_picture_take(const struct play_picture *picture, struct nv12 *ret);
void derived_picture_copy(const struct nv12 *picture, struct nv12 *ret);

/** Fills what lies of an even region within the picture. */
void derived_picture_cover(struct nv12 *picture, struct rect region);

/** A card that says the span in words, over the whole picture. 0, -ENOMEM. */
int derived_picture_card(struct nv12 *picture, struct derive_span span);

/** Sets `changed` for macroblocks in which two pictures of one size differ, clears the
 *  others. Returns how many. */
unsigned derived_picture_compare(const struct nv12 *a, const struct nv12 *b,
				 struct macroblocks *changed);
