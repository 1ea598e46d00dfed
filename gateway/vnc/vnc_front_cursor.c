/* The target's pointer as the viewer draws it: RichCursor, one bit of transparency (RFC 6143
 * 7.8.1). LibVNCServer owns the shape it is given. */
#include "gateway/vnc/vnc_front.h"

#include <stdlib.h>
#include <string.h>

/* Translucent pixels are shown from here on. */
#define OPAQUE_FROM 128

/* An empty shape is one transparent pixel: the library must always have one to look at. */
static rfbCursorPtr cursor_new(const struct cursor_shape *shape)
{
	uint32_t width = MAX(shape->width, 1u), height = MAX(shape->height, 1u);
	size_t mask_stride = (width + 7) / 8;
	rfbCursorPtr cursor = calloc(1, sizeof(*cursor));

	if (cursor == NULL)
		return NULL;
	cursor->width = (unsigned short)width;
	cursor->height = (unsigned short)height;
	cursor->xhot = (unsigned short)MIN(shape->hot_x, width - 1);
	cursor->yhot = (unsigned short)MIN(shape->hot_y, height - 1);
	cursor->foreRed = cursor->foreGreen = cursor->foreBlue = 0xffff;
	cursor->mask = calloc(mask_stride, height);
	cursor->richSource = calloc((size_t)width * 4, height);
	cursor->cleanup = cursor->cleanupMask = cursor->cleanupRichSource = cursor->cleanupSource =
		TRUE;
	if (cursor->mask == NULL || cursor->richSource == NULL) {
		rfbFreeCursor(cursor);
		return NULL;
	}
	for (uint32_t y = 0; y < shape->height; y++) {
		for (uint32_t x = 0; x < shape->width; x++) {
			size_t i = (size_t)y * width + x;

			memcpy(cursor->richSource + i * 4, shape->bgra + i * 4, 3);
			if (shape->bgra[i * 4 + 3] >= OPAQUE_FROM)
				cursor->mask[y * mask_stride + x / 8] |=
					(unsigned char)(0x80 >> (x % 8));
		}
	}
	return cursor;
}

void vnc_front_cursor_shape(struct vnc_front *front)
{
	struct cursor_shape shape = {0};
	rfbCursorPtr cursor;

	session_get_cursor(front->session, &shape);
	cursor = cursor_new(&shape);
	g_free(shape.bgra);
	if (cursor != NULL)
		rfbSetCursor(front->screen, cursor);
}

void vnc_front_cursor_moved(struct vnc_front *front)
{
	bool visible;
	int32_t x, y;

	session_get_pointer(front->session, &x, &y, &visible);
	front->screen->cursorX = CLAMP(x, 0, front->screen->width - 1);
	front->screen->cursorY = CLAMP(y, 0, front->screen->height - 1);
	if (front->viewer != NULL)
		front->viewer->cursorWasMoved = TRUE;
}
