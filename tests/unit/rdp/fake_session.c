/* The session core as a back sees it, on a plain canvas. The comparison in session_frame is the point: a back that announces a copy or
 * forgets a paint leaves a canvas that differs from its own picture. */
#include "tests/unit/rdp/fake_session.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct session {
	GMutex lock;
	GCond changed;
	GQueue commands;
	int commands_fd;
	uint32_t width, height, max_width, max_height;
	uint8_t *canvas;
	const uint8_t *picture; /* the back's, valid on its thread until the next resize */
	size_t picture_stride;
	struct cursor_shape cursor;
	int32_t pointer_x, pointer_y;
	bool pointer_placed;
	char *clipboard;
	struct fake_counts counts;
};

struct session *fake_session_new(void)
{
	struct session *session = g_new0(struct session, 1);

	g_mutex_init(&session->lock);
	g_cond_init(&session->changed);
	g_queue_init(&session->commands);
	session->commands_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	session->max_width = session->max_height = PICTURE_MAX_PX;
	g_assert_cmpint(session->commands_fd, >=, 0);
	return session;
}

void fake_session_free(struct session *session)
{
	g_queue_clear_full(&session->commands, g_free);
	g_free(session->canvas);
	g_free(session->cursor.bgra);
	g_free(session->clipboard);
	close(session->commands_fd);
	g_mutex_clear(&session->lock);
	g_cond_clear(&session->changed);
	g_free(session);
}

static void unlock(struct session *session)
{
	g_cond_broadcast(&session->changed);
	g_mutex_unlock(&session->lock);
}

void fake_session_command(struct session *session, const struct back_command *command)
{
	g_mutex_lock(&session->lock);
	g_queue_push_tail(&session->commands, g_memdup2(command, sizeof *command));
	g_assert_cmpint(eventfd_write(session->commands_fd, 1), ==, 0);
	unlock(session);
}

void fake_session_limit(struct session *session, uint32_t max_width, uint32_t max_height)
{
	session->max_width = max_width;
	session->max_height = max_height;
}

struct fake_counts fake_session_counts(struct session *session)
{
	g_mutex_lock(&session->lock);
	struct fake_counts counts = session->counts;
	unlock(session);
	return counts;
}

bool fake_session_wait(struct session *session, bool (*check)(struct session *session, void *data),
		       void *data, unsigned timeout_ms)
{
	gint64 deadline_us = g_get_monotonic_time() + timeout_ms * INT64_C(1000);
	bool good;

	g_mutex_lock(&session->lock);
	while (!(good = check(session, data)))
		if (!g_cond_wait_until(&session->changed, &session->lock, deadline_us))
			break;
	g_mutex_unlock(&session->lock);
	return good;
}

uint32_t fake_session_width(const struct session *session)
{
	return session->width;
}

uint32_t fake_session_height(const struct session *session)
{
	return session->height;
}

const uint8_t *fake_session_canvas(const struct session *session)
{
	return session->canvas;
}

uint32_t fake_session_pixel(const struct session *session, uint32_t x, uint32_t y)
{
	if (x >= session->width || y >= session->height)
		return 0;
	const uint8_t *p = session->canvas + ((size_t)y * session->width + x) * 4;
	return (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

const struct cursor_shape *fake_session_cursor(const struct session *session)
{
	return &session->cursor;
}

const struct fake_counts *fake_session_counted(const struct session *session)
{
	return &session->counts;
}

const char *fake_session_clipboard(const struct session *session)
{
	return session->clipboard;
}

bool fake_session_pointer(const struct session *session, int32_t *ret_x, int32_t *ret_y)
{
	*ret_x = session->pointer_x;
	*ret_y = session->pointer_y;
	return session->pointer_placed;
}

/* ---- What a back calls ------------------------------------------------------------------------------------------ */

int session_back_fd(struct session *session)
{
	return session->commands_fd;
}

bool session_back_next(struct session *session, struct back_command *ret)
{
	eventfd_t drained;

	g_mutex_lock(&session->lock);
	g_autofree struct back_command *command = g_queue_pop_head(&session->commands);
	if (!command)
		(void)eventfd_read(session->commands_fd, &drained); /* empty is fine */
	unlock(session);
	if (command)
		*ret = *command;
	return command != NULL;
}

int session_resize(struct session *session, uint32_t width, uint32_t height)
{
	if (!picture_size_ok(width, height) || width > session->max_width ||
	    height > session->max_height)
		return -EINVAL;
	g_mutex_lock(&session->lock);
	g_free(session->canvas);
	session->canvas = g_malloc0((size_t)width * height * 4);
	session->width = width;
	session->height = height;
	session->picture = NULL;
	session->counts.resizes++;
	unlock(session);
	return 0;
}

void session_paint(struct session *session, const uint8_t *picture, size_t stride_bytes,
		   const struct rect *rects, unsigned n_rects)
{
	g_mutex_lock(&session->lock);
	for (unsigned i = 0; i < n_rects; i++) {
		struct rect r = rects[i];

		if (!rect_clip(&r, session->width, session->height))
			continue;
		for (uint32_t y = r.y; y < r.y + r.height; y++)
			memcpy(session->canvas + ((size_t)y * session->width + r.x) * 4,
			       picture + y * stride_bytes + (size_t)r.x * 4, (size_t)r.width * 4);
		session->counts.paints++;
		session->counts.unframed++;
	}
	session->picture = picture;
	session->picture_stride = stride_bytes;
	unlock(session);
}

static bool lies_inside(const struct session *session, const struct rect *r)
{
	struct rect clipped = *r;

	return rect_clip(&clipped, session->width, session->height) &&
	       memcmp(&clipped, r, sizeof clipped) == 0;
}

void session_copy(struct session *session, const struct rect *to, uint32_t from_x, uint32_t from_y)
{
	struct rect from = {from_x, from_y, to->width, to->height};
	size_t stride = (size_t)session->width * 4, bytes = (size_t)to->width * 4;

	g_mutex_lock(&session->lock);
	g_assert_true(lies_inside(session, to) && lies_inside(session, &from));
	for (uint32_t i = 0; i < to->height; i++) {
		uint32_t row = from_y < to->y ? to->height - 1 - i : i;

		memmove(session->canvas + (to->y + row) * stride + (size_t)to->x * 4,
			session->canvas + (from_y + row) * stride + (size_t)from_x * 4, bytes);
	}
	session->counts.copies++;
	session->counts.unframed++;
	unlock(session);
}

static bool same_pixels(const struct session *session)
{
	for (uint32_t y = 0; y < session->height; y++) {
		const uint8_t *a = session->canvas + (size_t)y * session->width * 4;
		const uint8_t *b = session->picture + y * session->picture_stride;

		for (uint32_t x = 0; x < session->width; x++)
			if (memcmp(a + x * 4, b + x * 4, 3) != 0)
				return false;
	}
	return true;
}

void session_frame(struct session *session)
{
	g_mutex_lock(&session->lock);
	session->counts.frames++;
	session->counts.unframed = 0;
	if (session->picture && !same_pixels(session))
		session->counts.torn++;
	unlock(session);
}

void session_set_cursor(struct session *session, const struct cursor_shape *shape)
{
	g_mutex_lock(&session->lock);
	g_free(session->cursor.bgra);
	session->cursor = *shape;
	session->cursor.bgra = g_memdup2(shape->bgra, (size_t)shape->width * shape->height * 4);
	session->counts.cursors++;
	unlock(session);
}

void session_set_pointer(struct session *session, int32_t x, int32_t y, bool visible)
{
	g_mutex_lock(&session->lock);
	session->pointer_x = x;
	session->pointer_y = y;
	session->pointer_placed = visible;
	unlock(session);
}

void session_target_clipboard(struct session *session, const char *utf8)
{
	g_mutex_lock(&session->lock);
	g_free(session->clipboard);
	session->clipboard = g_strdup(utf8);
	unlock(session);
}
