/* Payloads of records: already copied out of the writer's reach, still not believed. It must not
 * know where they came from. */
#include "recorder/ring/ring_payload.h"

#include "recorder/ring/ring_layout.h"

#include <glib.h>

/* A payload and the canvas it speaks of. */
struct payload {
	uint8_t *data;
	size_t bytes;
	uint32_t width, height;
};

static bool is_inside(const struct payload *p, uint32_t x, uint32_t y, uint32_t width,
		      uint32_t height)
{
	return x < p->width && y < p->height && width > 0 && height > 0 && width <= p->width - x &&
	       height <= p->height - y;
}

static bool read_paint(const struct payload *p, struct ring_record *ret)
{
	const struct ring_paint *paint = (const void *)p->data;

	if (p->bytes != sizeof *paint)
		return false;
	ret->paint = (struct rect){paint->x, paint->y, paint->width, paint->height};
	return rect_clip(&ret->paint, p->width, p->height);
}

static bool read_copy(const struct payload *p, struct ring_record *ret)
{
	const struct ring_copy *copy = (const void *)p->data;

	if (p->bytes != sizeof *copy ||
	    !is_inside(p, copy->x, copy->y, copy->width, copy->height) ||
	    !is_inside(p, copy->from_x, copy->from_y, copy->width, copy->height))
		return false;
	ret->copy.to = (struct rect){copy->x, copy->y, copy->width, copy->height};
	ret->copy.from_x = copy->from_x;
	ret->copy.from_y = copy->from_y;
	return true;
}

static bool read_fill(const struct payload *p, struct ring_record *ret)
{
	const struct ring_fill *fill = (const void *)p->data;

	if (p->bytes != sizeof *fill)
		return false;
	ret->fill.rect = (struct rect){fill->x, fill->y, fill->width, fill->height};
	ret->fill.bgrx = fill->bgrx;
	return rect_clip(&ret->fill.rect, p->width, p->height);
}

/* Bytes of a payload that ends with `tail_bytes` of its own length, padded as every record is. */
static size_t padded(size_t fixed_bytes, size_t tail_bytes)
{
	return (fixed_bytes + tail_bytes + 7) & ~(size_t)7;
}

static bool read_cursor_shape(const struct payload *p, struct ring_record *ret)
{
	const struct ring_cursor_shape *shape = (const void *)p->data;

	if (p->bytes < sizeof *shape || shape->width > RING_CURSOR_MAX_PX ||
	    shape->height > RING_CURSOR_MAX_PX)
		return false;
	if ((shape->width == 0) != (shape->height == 0))
		return false;
	if (shape->width > 0 && (shape->hot_x >= shape->width || shape->hot_y >= shape->height))
		return false;
	if (p->bytes != padded(sizeof *shape, (size_t)shape->width * shape->height * 4))
		return false;
	ret->cursor_shape.width = shape->width;
	ret->cursor_shape.height = shape->height;
	ret->cursor_shape.hot_x = shape->hot_x;
	ret->cursor_shape.hot_y = shape->hot_y;
	ret->cursor_shape.bgra = p->data + sizeof *shape;
	return true;
}

static bool read_cursor_move(const struct payload *p, struct ring_record *ret)
{
	const struct ring_cursor_move *move = (const void *)p->data;

	if (p->bytes != sizeof *move || move->visible > 1)
		return false;
	ret->cursor_move.x = move->x;
	ret->cursor_move.y = move->y;
	ret->cursor_move.visible = move->visible != 0;
	return true;
}

static bool read_event(const struct payload *p, struct ring_record *ret)
{
	const struct ring_event *event = (const void *)p->data;

	if (p->bytes < sizeof *event || event->length == 0 || event->length > RING_EVENT_MAX_BYTES)
		return false;
	if (p->bytes != padded(sizeof *event, event->length))
		return false;
	char *json = (char *)p->data + sizeof *event;
	json[event->length] = '\0';
	/* Refuses an inner NUL, too. */
	if (!g_utf8_validate(json, (gssize)event->length, NULL))
		return false;
	ret->event.json = json;
	ret->event.length = event->length;
	return true;
}

bool ring_payload_read(uint32_t kind, uint8_t *payload, size_t bytes, uint32_t width,
		       uint32_t height, struct ring_record *ret)
{
	const struct payload p = {payload, bytes, width, height};

	switch (kind) {
	case RING_PAINT:
		return read_paint(&p, ret);
	case RING_COPY:
		return read_copy(&p, ret);
	case RING_FILL:
		return read_fill(&p, ret);
	case RING_FRAME:
		return bytes == 0;
	case RING_CURSOR_SHAPE:
		return read_cursor_shape(&p, ret);
	case RING_CURSOR_MOVE:
		return read_cursor_move(&p, ret);
	case RING_EVENT:
		return read_event(&p, ret);
	default:
		return false;
	}
}
