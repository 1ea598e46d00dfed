/** Rectangles and sizes of pictures, in pixels, shared by every room that touches pixels. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** A rectangle inside a picture; x + width never overflows because both stay below
 *  PICTURE_MAX_PX. */
struct rect {
	uint32_t x, y, width, height;
};

/** Largest picture side that any program of Vitrine accepts, from anybody. H.264
 *  level 6.2 ends there too. */
#define PICTURE_MAX_PX 8192u
/** Smallest picture side; RDP allows 200, VNC servers may be smaller. */
#define PICTURE_MIN_PX 16u

/** True when a picture of this size may be allocated at all. */
static inline bool picture_size_ok(uint32_t width, uint32_t height)
{
	return width >= PICTURE_MIN_PX && height >= PICTURE_MIN_PX && width <= PICTURE_MAX_PX &&
	       height <= PICTURE_MAX_PX;
}

/** Cuts `r` to a picture of width x height. Returns false when nothing is left. */
static inline bool rect_clip(struct rect *r, uint32_t width, uint32_t height)
{
	if (r->x >= width || r->y >= height)
		return false;
	if (r->width > width - r->x)
		r->width = width - r->x;
	if (r->height > height - r->y)
		r->height = height - r->y;
	return r->width > 0 && r->height > 0;
}
