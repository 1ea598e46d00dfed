/* The target's cursor: shape and place for the front, and into the ring, where the recorder draws
 * it over the picture. A ring without room is no loss here: only the newest state counts,
 * and it is written again. */
#include "gateway/session/session_priv.h"

#include "recorder/ring/ring_reader.h"

static int write_place(struct session *s)
{
	return ring_writer_cursor_move(s->writer, clock_now_us(), s->pointer_x, s->pointer_y,
				       s->pointer_visible);
}

static int write_shape(struct session *s)
{
	const struct cursor_shape *c = &s->cursor;

	return ring_writer_cursor_shape(s->writer, clock_now_us(), c->width, c->height, c->hot_x,
					c->hot_y, c->bgra);
}

/* One step of session_recorder_decide_locked repeats this while it is due. */
void cursor_flush_locked(struct session *session)
{
	if (session->writer == NULL)
		return;
	bool written =
		(!session->has_cursor || write_shape(session) == 0) && write_place(session) == 0;
	if (written)
		ring_writer_ring(session->writer);
	else if (!session->recorder.cursor_due)
		event_set(session->wake_fd);
	session->recorder.cursor_due = !written;
}

void cursor_place_locked(struct session *session, int32_t x, int32_t y, bool visible)
{
	session->pointer_x = x;
	session->pointer_y = y;
	session->pointer_visible = visible;
	if (session->writer == NULL || session->recorder.cursor_due)
		return;
	if (write_place(session) == 0)
		ring_writer_ring(session->writer);
	else
		cursor_flush_locked(session);
}

static struct cursor_shape copy_shape(const struct cursor_shape *shape)
{
	struct cursor_shape copy = *shape;

	copy.bgra = g_memdup2(shape->bgra, (size_t)shape->width * shape->height * 4);
	return copy;
}

void session_set_cursor(struct session *session, const struct cursor_shape *shape)
{
	struct cursor_shape tidy = *shape;

	if (shape->width > RING_CURSOR_MAX_PX || shape->height > RING_CURSOR_MAX_PX)
		return;
	if (shape->width == 0 || shape->height == 0)
		tidy = (struct cursor_shape){0};
	/* RDP and VNC both let a target put the hot spot outside; what a viewer would do with
	 * that is anybody's guess. */
	tidy.hot_x = MIN(tidy.hot_x, MAX(tidy.width, 1) - 1);
	tidy.hot_y = MIN(tidy.hot_y, MAX(tidy.height, 1) - 1);
	monitor_enter(&session->monitor);
	g_free(session->cursor.bgra);
	session->cursor = copy_shape(&tidy);
	session->has_cursor = true;
	front_raise_locked(session, FRONT_CURSOR_SHAPE);
	cursor_flush_locked(session);
	monitor_leave(&session->monitor);
}

void session_set_pointer(struct session *session, int32_t x, int32_t y, bool visible)
{
	monitor_enter(&session->monitor);
	cursor_place_locked(session, x, y, visible);
	front_raise_locked(session, FRONT_CURSOR_MOVED);
	monitor_leave(&session->monitor);
}

bool session_get_cursor(struct session *session, struct cursor_shape *ret)
{
	monitor_enter(&session->monitor);
	bool has_cursor = session->has_cursor;
	if (has_cursor)
		*ret = copy_shape(&session->cursor);
	monitor_leave(&session->monitor);
	return has_cursor;
}

void session_get_pointer(struct session *session, int32_t *ret_x, int32_t *ret_y, bool *ret_visible)
{
	monitor_enter(&session->monitor);
	*ret_x = session->pointer_x;
	*ret_y = session->pointer_y;
	*ret_visible = session->pointer_visible;
	monitor_leave(&session->monitor);
}
