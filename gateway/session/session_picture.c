/* The canvas: what the back painted, copied and filled goes in here, to the recorder's ring, and
 * onto the list of what the front has not seen. It drops what does not change a pixel. It
 * must not know who looks. */
#include "gateway/session/session_priv.h"

#include <string.h>

#define TILE_PX 64u
/* Changed parts are found in steps of this width: a cache line of pixels. */
#define GRAIN_PX 16u

struct canvas {
	uint8_t *pixels;
	size_t stride_bytes;
	uint32_t width, height;
};

static struct canvas canvas_of(struct ring_writer *w)
{
	return (struct canvas){ring_writer_pixels(w), ring_writer_stride_bytes(w),
			       ring_writer_width(w), ring_writer_height(w)};
}

/* ---- Finding what really changed ---- */

static bool row_equal(const uint8_t *a, const uint8_t *b, uint32_t x, uint32_t end)
{
	return memcmp(a + (size_t)x * 4, b + (size_t)x * 4, (size_t)(end - x) * 4) == 0;
}

/* Widens [*x1, *x2) by the grains of this row that differ. */
static void widen(const uint8_t *a, const uint8_t *b, const struct rect *part, uint32_t *x1,
		  uint32_t *x2)
{
	uint32_t end = part->x + part->width;

	for (uint32_t x = part->x, next; x < *x1; x = next) {
		next = MIN(x / GRAIN_PX * GRAIN_PX + GRAIN_PX, end);
		if (!row_equal(a, b, x, next))
			*x1 = x;
	}
	for (uint32_t x = end, before; x > *x2; x = before) {
		before = MAX((x - 1) / GRAIN_PX * GRAIN_PX, part->x);
		if (!row_equal(a, b, before, x))
			*x2 = x;
	}
}

/* Shrinks `part` to its rows and grains that differ. False when none does. */
static bool shrink(const struct canvas *c, const uint8_t *picture, size_t stride_bytes,
		   struct rect *part)
{
	uint32_t x1 = part->x + part->width, x2 = part->x, y1 = 0, y2 = 0;

	for (uint32_t y = part->y; y < part->y + part->height; y++) {
		const uint8_t *a = c->pixels + y * c->stride_bytes, *b = picture + y * stride_bytes;
		if (row_equal(a, b, part->x, part->x + part->width))
			continue;
		if (y2 == 0)
			y1 = y;
		y2 = y + 1;
		widen(a, b, part, &x1, &x2);
	}
	if (y2 == 0)
		return false;
	*part = (struct rect){x1, y1, x2 - x1, y2 - y1};
	return true;
}

/* ---- Announcing ---- */

static void note_change(struct session *s, uint64_t now_us)
{
	s->pending.newest_us = now_us;
	if (s->pending.frame_began_us == 0)
		s->pending.frame_began_us = now_us;
}

static void announce_paint(struct session *s, const struct rect *r, uint64_t now_us)
{
	pending_paint(&s->pending, r);
	ring_writer_paint(s->writer, now_us, r);
	note_change(s, now_us);
}

/* One row of tiles: neighbours that changed alike are announced as one. */
static void paint_band(struct session *s, const uint8_t *picture, size_t stride_bytes,
		       const struct rect *band, uint64_t now_us)
{
	const struct canvas c = canvas_of(s->writer);
	struct rect run = {0};

	for (uint32_t x = band->x, next; x < band->x + band->width; x = next) {
		next = MIN(x / TILE_PX * TILE_PX + TILE_PX, band->x + band->width);
		struct rect part = {x, band->y, next - x, band->height};
		if (!shrink(&c, picture, stride_bytes, &part))
			continue;
		ring_writer_begin(s->writer, &part);
		pixels_copy(c.pixels, c.stride_bytes, picture, stride_bytes, &part);
		ring_writer_end(s->writer, &part);
		if (run.width > 0 && run.x + run.width == part.x && run.y == part.y &&
		    run.height == part.height) {
			run.width += part.width;
			continue;
		}
		if (run.width > 0)
			announce_paint(s, &run, now_us);
		run = part;
	}
	if (run.width > 0)
		announce_paint(s, &run, now_us);
}

/* The lock is given up between bands, so that input and takes never wait for a whole picture. */
static void paint_rect(struct session *s, const uint8_t *picture, size_t stride_bytes,
		       struct rect r)
{
	uint64_t now_us = clock_now_us();

	monitor_enter(&s->monitor);
	bool paintable = s->writer != NULL &&
			 rect_clip(&r, ring_writer_width(s->writer), ring_writer_height(s->writer));
	for (uint32_t y = r.y, next; paintable && y < r.y + r.height; y = next) {
		next = MIN(y / TILE_PX * TILE_PX + TILE_PX, r.y + r.height);
		const struct rect band = {r.x, y, r.width, next - y};
		paint_band(s, picture, stride_bytes, &band, now_us);
		monitor_leave(&s->monitor);
		monitor_enter(&s->monitor);
	}
	monitor_leave(&s->monitor);
}

void session_paint(struct session *session, const uint8_t *picture, size_t stride_bytes,
		   const struct rect *rects, unsigned n_rects)
{
	for (unsigned i = 0; i < n_rects; i++)
		paint_rect(session, picture, stride_bytes, rects[i]);
}

/* ---- Copies and fills ---- */

static bool inside(const struct canvas *c, const struct rect *r)
{
	struct rect clipped = *r;

	return rect_clip(&clipped, c->width, c->height) && clipped.width == r->width &&
	       clipped.height == r->height;
}

static void copy_locked(struct session *s, const struct rect *to, uint32_t from_x, uint32_t from_y)
{
	const struct canvas c = canvas_of(s->writer);
	const struct rect from = {from_x, from_y, to->width, to->height};
	uint64_t now_us = clock_now_us();

	if (!inside(&c, to) || !inside(&c, &from) || (to->x == from_x && to->y == from_y))
		return;
	ring_writer_begin(s->writer, to);
	pixels_move(c.pixels, c.stride_bytes, to, from_x, from_y);
	ring_writer_end(s->writer, to);
	ring_writer_copy(s->writer, now_us, to, from_x, from_y);
	pending_copy(&s->pending, to, from_x, from_y);
	note_change(s, now_us);
}

void session_copy(struct session *session, const struct rect *to, uint32_t from_x, uint32_t from_y)
{
	monitor_enter(&session->monitor);
	if (session->writer != NULL)
		copy_locked(session, to, from_x, from_y);
	monitor_leave(&session->monitor);
}

static bool has_colour(const struct canvas *c, const struct rect *r, uint32_t bgrx)
{
	for (uint32_t y = r->y; y < r->y + r->height; y++) {
		const uint32_t *row = (const void *)(c->pixels + y * c->stride_bytes);
		for (uint32_t x = r->x; x < r->x + r->width; x++)
			if (row[x] != bgrx)
				return false;
	}
	return true;
}

static void fill_locked(struct session *s, struct rect r, uint32_t bgrx)
{
	const struct canvas c = canvas_of(s->writer);
	uint64_t now_us = clock_now_us();

	if (!rect_clip(&r, c.width, c.height) || has_colour(&c, &r, bgrx))
		return;
	ring_writer_begin(s->writer, &r);
	for (uint32_t y = r.y; y < r.y + r.height; y++) {
		uint32_t *row = (void *)(c.pixels + y * c.stride_bytes);
		for (uint32_t x = r.x; x < r.x + r.width; x++)
			row[x] = bgrx;
	}
	ring_writer_end(s->writer, &r);
	ring_writer_fill(s->writer, now_us, &r, bgrx);
	pending_paint(&s->pending, &r);
	note_change(s, now_us);
}

void session_fill(struct session *session, const struct rect *r, uint32_t bgrx)
{
	monitor_enter(&session->monitor);
	if (session->writer != NULL)
		fill_locked(session, *r, bgrx);
	monitor_leave(&session->monitor);
}

/* ---- Frames ---- */

static void tell_running_locked(struct session *s)
{
	const struct broker_running running = {s->width, s->height};

	s->running_told = true;
	int result = broker_send_locked(s, BROKER_RUNNING, &running);
	if (result < 0)
		g_warning("cannot tell the gateway that the session runs: %s", g_strerror(-result));
}

void session_frame(struct session *session)
{
	monitor_enter(&session->monitor);
	/* A target that shows black shows something. */
	if (session->writer != NULL && session->pending.newest_us == 0) {
		session->pending.newest_us = clock_now_us();
		front_raise_locked(session, FRONT_PICTURE);
	}
	if (session->writer != NULL && session->pending.frame_began_us != 0) {
		session->pending.frame_began_us = 0;
		ring_writer_frame(session->writer, clock_now_us());
		ring_writer_ring(session->writer);
		front_raise_locked(session, FRONT_PICTURE);
	}
	if (session->running && !session->running_told)
		tell_running_locked(session);
	monitor_leave(&session->monitor);
}
