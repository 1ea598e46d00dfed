/** The pointer, which is not in the target's picture: kept here and drawn over tiles on their way
 *  into the video. One thread at a time. */
#pragma once

#include "base/rect.h"
#include "recorder/ring/ring_reader.h"

struct cursor {
	uint32_t width, height, hot_x, hot_y;
	uint8_t *bgra; /**< straight alpha; NULL: no shape */
	int32_t x, y;  /**< hot spot */
	bool visible;
};

void cursor_finish(struct cursor *cursor);

/** Takes over what a CURSOR_SHAPE record says (copies). */
void cursor_set_shape(struct cursor *cursor, const struct ring_record *record);

/** What it covers in a picture of this size. False: nothing. */
bool cursor_area(const struct cursor *cursor, uint32_t width, uint32_t height, struct rect *ret);

/** Blends it over a tile whose first pixel lies at (tile->x, tile->y) of the picture. */
void cursor_blend(const struct cursor *cursor, const struct rect *tile, uint8_t *bgrx,
		  size_t stride_bytes);
