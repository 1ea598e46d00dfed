/* The session core's double as a back calls it: everything lands on the canvas and, when joined, on
 * that of the front's session. */
#include "tests/support/session_double_priv.h"

#include <errno.h>
#include <string.h>

int session_resize(struct session *s, uint32_t width, uint32_t height)
{
	double_tell(s, "resize %ux%u", width, height);
	if (!picture_size_ok(width, height) || width > s->max_width || height > s->max_height)
		return -EINVAL;
	double_canvas_new(s, width, height);
	g_mutex_lock(&s->lock);
	s->counts.resizes++;
	g_cond_broadcast(&s->changed);
	g_mutex_unlock(&s->lock);
	if (s->to_front != NULL)
		double_run(s->to_front, width, height);
	return 0;
}

void session_paint(struct session *s, const uint8_t *picture, size_t stride_bytes,
		   const struct rect *rects, unsigned n_rects)
{
	g_mutex_lock(&s->lock);
	for (unsigned i = 0; i < n_rects; i++) {
		struct rect r = rects[i];

		if (!rect_clip(&r, s->canvas->width, s->canvas->height))
			continue;
		for (uint32_t y = r.y; y < r.y + r.height; y++)
			memcpy(double_at(s, r.x, y), picture + y * stride_bytes + r.x * 4,
			       (size_t)r.width * 4);
		pixman_region32_union_rect(&s->painted, &s->painted, (int)r.x, (int)r.y, r.width,
					   r.height);
		s->counts.paints++;
		s->counts.unframed++;
	}
	s->picture = picture;
	s->picture_stride_bytes = stride_bytes;
	g_cond_broadcast(&s->changed);
	g_mutex_unlock(&s->lock);
	if (s->to_front != NULL)
		session_paint(s->to_front, picture, stride_bytes, rects, n_rects);
}

static bool lies_inside(const struct session *s, const struct rect *r)
{
	struct rect clipped = *r;

	return rect_clip(&clipped, s->canvas->width, s->canvas->height) &&
	       memcmp(&clipped, r, sizeof(clipped)) == 0;
}

/* What was painted at the source before travels with the copy. */
static void painted_travels(struct session *s, const struct rect *to, int dx, int dy)
{
	pixman_region32_t moved;

	pixman_region32_init(&moved);
	pixman_region32_copy(&moved, &s->painted);
	pixman_region32_translate(&moved, dx, dy);
	pixman_region32_intersect_rect(&moved, &moved, (int)to->x, (int)to->y, to->width,
				       to->height);
	pixman_region32_union(&s->painted, &s->painted, &moved);
	pixman_region32_fini(&moved);
}

void session_copy(struct session *s, const struct rect *to, uint32_t from_x, uint32_t from_y)
{
	struct picture_copy copy = {*to, from_x, from_y};
	struct rect from = {from_x, from_y, to->width, to->height};
	g_autofree uint32_t *moved = g_new(uint32_t, (gsize)to->width * to->height);

	double_tell(s, "copy %ux%u %u,%u -> %u,%u", to->width, to->height, from_x, from_y, to->x,
		    to->y);
	g_mutex_lock(&s->lock);
	g_assert_true(lies_inside(s, to) && lies_inside(s, &from));
	for (uint32_t y = 0; y < to->height; y++)
		memcpy(moved + (size_t)y * to->width, double_at(s, from_x, from_y + y),
		       (size_t)to->width * 4);
	for (uint32_t y = 0; y < to->height; y++)
		memcpy(double_at(s, to->x, to->y + y), moved + (size_t)y * to->width,
		       (size_t)to->width * 4);
	painted_travels(s, to, (int)to->x - (int)from_x, (int)to->y - (int)from_y);
	g_array_append_val(s->copies, copy);
	s->counts.copies++;
	s->counts.unframed++;
	g_mutex_unlock(&s->lock);
	if (s->to_front != NULL)
		session_copy(s->to_front, to, from_x, from_y);
}

/* The comparison is the point: a back that announces a wrong copy or forgets a paint leaves a
 * canvas that differs from its own picture. */
static bool canvas_is_picture(struct session *s)
{
	for (uint32_t y = 0; y < s->canvas->height; y++) {
		const uint8_t *a = double_row(s, y), *b = s->picture + y * s->picture_stride_bytes;

		for (uint32_t x = 0; x < s->canvas->width; x++)
			if (memcmp(a + x * 4, b + x * 4, 3) != 0)
				return false;
	}
	return true;
}

void session_frame(struct session *s)
{
	g_mutex_lock(&s->lock);
	s->counts.frames++;
	s->counts.unframed = 0;
	if (s->picture && !canvas_is_picture(s))
		s->counts.torn++;
	g_mutex_unlock(&s->lock);
	double_frame(s);
	if (s->to_front != NULL)
		double_frame(s->to_front);
}

void session_set_cursor(struct session *s, const struct cursor_shape *shape)
{
	g_mutex_lock(&s->lock);
	g_free(s->cursor.bgra);
	s->cursor = *shape;
	s->cursor.bgra = g_memdup2(shape->bgra, (gsize)shape->width * shape->height * 4);
	s->counts.cursors++;
	g_mutex_unlock(&s->lock);
	double_tell(s, "cursor %ux%u hot %u,%u", shape->width, shape->height, shape->hot_x,
		    shape->hot_y);
	if (s->to_front != NULL) {
		session_set_cursor(s->to_front, shape);
		double_notify(s->to_front, FRONT_CURSOR_SHAPE);
	}
}

void session_set_pointer(struct session *s, int32_t x, int32_t y, bool visible)
{
	g_mutex_lock(&s->lock);
	s->pointer_x = x;
	s->pointer_y = y;
	s->pointer_placed = visible;
	g_mutex_unlock(&s->lock);
	double_tell(s, "pointer at %d,%d", x, y);
}

void session_target_clipboard(struct session *s, const char *utf8)
{
	g_mutex_lock(&s->lock);
	g_free(s->clipboard);
	s->clipboard = g_strdup(utf8);
	g_mutex_unlock(&s->lock);
	double_tell(s, "target clipboard %s", utf8);
	if (s->to_front != NULL) {
		session_target_clipboard(s->to_front, utf8);
		double_notify(s->to_front, FRONT_CLIPBOARD);
	}
}

int session_back_fd(struct session *s)
{
	return s->back_fd;
}

bool session_back_next(struct session *s, struct back_command *ret)
{
	struct back_command *command;

	g_mutex_lock(&s->lock);
	command = g_queue_pop_head(&s->commands);
	if (command != NULL)
		*ret = *command;
	else
		double_unring(s->back_fd);
	g_mutex_unlock(&s->lock);
	g_free(command);
	return command != NULL;
}
