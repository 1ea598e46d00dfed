/* Pointer shape and place. It must not know where the tiles come from. */
#include "recorder/cursor.h"

#include <glib.h>

void cursor_finish(struct cursor *cursor)
{
	g_free(cursor->bgra);
	*cursor = (struct cursor){0};
}

void cursor_set_shape(struct cursor *cursor, const struct ring_record *record)
{
	size_t bytes = (size_t)record->cursor_shape.width * record->cursor_shape.height * 4;

	g_free(cursor->bgra);
	cursor->bgra = bytes > 0 ? g_memdup2(record->cursor_shape.bgra, bytes) : NULL;
	cursor->width = record->cursor_shape.width;
	cursor->height = record->cursor_shape.height;
	cursor->hot_x = record->cursor_shape.hot_x;
	cursor->hot_y = record->cursor_shape.hot_y;
}

/* Sixty-four bits: x and y come from the session and may be anything. */
bool cursor_area(const struct cursor *cursor, uint32_t width, uint32_t height, struct rect *ret)
{
	int64_t left = (int64_t)cursor->x - cursor->hot_x, top = (int64_t)cursor->y - cursor->hot_y;
	int64_t right = MIN(left + cursor->width, width),
		bottom = MIN(top + cursor->height, height);

	left = MAX(left, 0);
	top = MAX(top, 0);
	if (!cursor->visible || cursor->bgra == NULL || right <= left || bottom <= top)
		return false;
	*ret = (struct rect){(uint32_t)left, (uint32_t)top, (uint32_t)(right - left),
			     (uint32_t)(bottom - top)};
	return true;
}

static void blend_pixel(uint8_t *to, const uint8_t *bgra)
{
	unsigned alpha = bgra[3];

	for (unsigned c = 0; c < 3; c++)
		to[c] = (uint8_t)((bgra[c] * alpha + to[c] * (255 - alpha) + 127) / 255);
}

void cursor_blend(const struct cursor *cursor, const struct rect *tile, uint8_t *bgrx,
		  size_t stride_bytes)
{
	struct rect area;

	if (!cursor_area(cursor, tile->x + tile->width, tile->y + tile->height, &area))
		return;
	uint32_t left = MAX(area.x, tile->x), top = MAX(area.y, tile->y);
	for (uint32_t y = top; y < area.y + area.height; y++) {
		int64_t row = (int64_t)y - ((int64_t)cursor->y - cursor->hot_y);
		for (uint32_t x = left; x < area.x + area.width; x++) {
			int64_t column = (int64_t)x - ((int64_t)cursor->x - cursor->hot_x);
			blend_pixel(bgrx + (y - tile->y) * stride_bytes + (size_t)(x - tile->x) * 4,
				    cursor->bgra +
					    ((size_t)row * cursor->width + (size_t)column) * 4);
		}
	}
}
