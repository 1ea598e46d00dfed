/* The session core's double: same functions, no broker, no recorder, no policy. */
#include "tests/unit/vnc/session_double.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define WAIT_US (5 * G_TIME_SPAN_SECOND)

struct session {
	GMutex lock;
	GCond changed;
	GString *story;
	struct session *to_back, *to_front; /* joined sessions */
	enum end_reason reason;
	char *user, *password, *target;

	int front_fd, back_fd;
	unsigned flags;
	GQueue commands;

	struct shadow *canvas;
	GArray *copies;
	pixman_region32_t painted;
	struct cursor_shape cursor;
	char *clipboard, *notice;
	unsigned n_copies;
};

static void ring(int fd)
{
	uint64_t one = 1;

	g_assert_cmpint(write(fd, &one, sizeof(one)), ==, sizeof(one));
}

static void unring(int fd)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) < 0)
		g_assert_cmpint(errno, ==, EAGAIN);
}

static void __attribute__((format(printf, 2, 3))) tell(struct session *s, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_mutex_lock(&s->lock);
	g_string_append_vprintf(s->story, format, args);
	g_string_append_c(s->story, '\n');
	g_cond_broadcast(&s->changed);
	g_mutex_unlock(&s->lock);
	va_end(args);
}

struct session *double_create(void)
{
	struct session *s = g_new0(struct session, 1);

	g_mutex_init(&s->lock);
	g_cond_init(&s->changed);
	s->story = g_string_new(NULL);
	s->front_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	s->back_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	g_queue_init(&s->commands);
	s->copies = g_array_new(FALSE, FALSE, sizeof(struct picture_copy));
	pixman_region32_init(&s->painted);
	return s;
}

void double_destroy(struct session *s)
{
	g_queue_clear_full(&s->commands, g_free);
	g_string_free(s->story, TRUE);
	g_array_free(s->copies, TRUE);
	pixman_region32_fini(&s->painted);
	shadow_destroy(s->canvas);
	g_free(s->cursor.bgra);
	g_free(s->clipboard);
	g_free(s->notice);
	g_free(s->user);
	g_free(s->password);
	g_free(s->target);
	close(s->front_fd);
	close(s->back_fd);
	g_cond_clear(&s->changed);
	g_mutex_clear(&s->lock);
	g_free(s);
}

void double_join(struct session *front_session, struct session *back_session)
{
	front_session->to_back = back_session;
	back_session->to_front = front_session;
}

void double_allow(struct session *s, const char *user, const char *password, const char *target)
{
	s->user = g_strdup(user);
	s->password = g_strdup(password);
	s->target = g_strdup(target);
}

void double_notify(struct session *s, unsigned flags)
{
	g_mutex_lock(&s->lock);
	s->flags |= flags;
	g_mutex_unlock(&s->lock);
	ring(s->front_fd);
}

void double_notice(struct session *s, const char *words)
{
	g_mutex_lock(&s->lock);
	g_free(s->notice);
	s->notice = g_strdup(words);
	g_mutex_unlock(&s->lock);
	double_notify(s, FRONT_NOTICE);
}

void double_command(struct session *s, const struct back_command *command)
{
	g_mutex_lock(&s->lock);
	g_queue_push_tail(&s->commands, g_memdup2(command, sizeof(*command)));
	g_mutex_unlock(&s->lock);
	ring(s->back_fd);
}

static void canvas_new(struct session *s, uint32_t width, uint32_t height)
{
	g_mutex_lock(&s->lock);
	shadow_destroy(s->canvas);
	s->canvas = shadow_create(width, height);
	g_array_set_size(s->copies, 0);
	pixman_region32_fini(&s->painted);
	pixman_region32_init_rect(&s->painted, 0, 0, width, height);
	g_cond_broadcast(&s->changed);
	g_mutex_unlock(&s->lock);
}

void double_run(struct session *s, uint32_t width, uint32_t height)
{
	canvas_new(s, width, height);
	double_notify(s, FRONT_RUNNING | FRONT_RESIZED | FRONT_PICTURE);
}

static uint32_t *at(struct session *s, uint32_t x, uint32_t y)
{
	return (uint32_t *)(void *)(s->canvas->pixels + y * s->canvas->stride_bytes) + x;
}

void double_fill(struct session *s, struct rect r, uint32_t bgrx)
{
	g_mutex_lock(&s->lock);
	for (uint32_t y = r.y; y < r.y + r.height; y++)
		for (uint32_t x = r.x; x < r.x + r.width; x++)
			*at(s, x, y) = bgrx;
	pixman_region32_union_rect(&s->painted, &s->painted, (int)r.x, (int)r.y, r.width, r.height);
	g_mutex_unlock(&s->lock);
}

void double_frame(struct session *s)
{
	g_mutex_lock(&s->lock);
	g_cond_broadcast(&s->changed);
	g_mutex_unlock(&s->lock);
	double_notify(s, FRONT_PICTURE);
}

uint32_t double_pixel(struct session *s, uint32_t x, uint32_t y)
{
	uint32_t pixel = 0xffffffff;

	g_mutex_lock(&s->lock);
	if (s->canvas != NULL && x < s->canvas->width && y < s->canvas->height)
		pixel = *at(s, x, y) & 0xffffff;
	g_mutex_unlock(&s->lock);
	return pixel;
}

bool double_same(struct session *a, struct session *b)
{
	bool same;

	g_mutex_lock(&a->lock);
	g_mutex_lock(&b->lock);
	same = a->canvas->width == b->canvas->width && a->canvas->height == b->canvas->height;
	for (uint32_t y = 0; same && y < a->canvas->height; y++)
		for (uint32_t x = 0; same && x < a->canvas->width; x++)
			same = ((*at(a, x, y) ^ *at(b, x, y)) & 0xffffff) == 0;
	g_mutex_unlock(&b->lock);
	g_mutex_unlock(&a->lock);
	return same;
}

unsigned double_copies(struct session *s)
{
	return s->n_copies;
}

bool double_saw(struct session *s, const char *words)
{
	gint64 deadline = g_get_monotonic_time() + WAIT_US;
	bool found;

	g_mutex_lock(&s->lock);
	while (!(found = strstr(s->story->str, words) != NULL) &&
	       g_cond_wait_until(&s->changed, &s->lock, deadline))
		;
	g_mutex_unlock(&s->lock);
	return found;
}

bool double_shows(struct session *s, uint32_t x, uint32_t y, uint32_t bgrx)
{
	gint64 deadline = g_get_monotonic_time() + WAIT_US;
	bool shows = false;

	g_mutex_lock(&s->lock);
	for (;;) {
		shows = s->canvas != NULL && x < s->canvas->width && y < s->canvas->height &&
			((*at(s, x, y) ^ bgrx) & 0xffffff) == 0;
		if (shows || !g_cond_wait_until(&s->changed, &s->lock, deadline))
			break;
	}
	g_mutex_unlock(&s->lock);
	return shows;
}

char *double_story(struct session *s)
{
	char *story;

	g_mutex_lock(&s->lock);
	story = g_strdup(s->story->str);
	g_mutex_unlock(&s->lock);
	return story;
}

/* ---- session.h: both sides ---- */

void session_end(struct session *s, enum end_reason reason, const char *detail)
{
	struct back_command stop = {.kind = BACK_STOP};

	tell(s, "end %s%s%s", end_reason_key(reason), detail ? ": " : "", detail ? detail : "");
	g_mutex_lock(&s->lock);
	if (s->reason != END_NONE) {
		g_mutex_unlock(&s->lock);
		return;
	}
	s->reason = reason;
	g_mutex_unlock(&s->lock);
	double_command(s, &stop);
	double_notify(s, FRONT_END);
	if (s->to_back != NULL)
		session_end(s->to_back, reason, NULL);
}

enum end_reason session_end_reason(struct session *s)
{
	enum end_reason reason;

	g_mutex_lock(&s->lock);
	reason = s->reason;
	g_mutex_unlock(&s->lock);
	return reason;
}

char *session_end_words(struct session *s)
{
	return g_strdup(end_reason_text(session_end_reason(s)));
}

/* ---- front ---- */

void session_login(struct session *s, const struct broker_login *login,
		   struct session_verdict *verdict)
{
	tell(s, "login door=%u user=%s domain=%s", login->door, login->user, login->domain);
	*verdict = (struct session_verdict){.reason = END_REFUSED};
	if (g_strcmp0(login->user, s->user) != 0 || g_strcmp0(login->password, s->password) != 0)
		return;
	verdict->allowed = true;
	verdict->reason = END_NONE;
	verdict->target = g_strdup(s->target);
}

void session_verdict_clear(struct session_verdict *verdict)
{
	g_free(verdict->target);
	*verdict = (struct session_verdict){0};
}

void session_open_target(struct session *s, const struct session_view *view)
{
	tell(s, "open %ux%u", view->width_px, view->height_px);
}

int session_front_fd(struct session *s)
{
	return s->front_fd;
}

unsigned session_front_flags(struct session *s)
{
	unsigned flags;

	unring(s->front_fd);
	g_mutex_lock(&s->lock);
	flags = s->flags;
	s->flags = 0;
	g_mutex_unlock(&s->lock);
	return flags;
}

void session_size(struct session *s, uint32_t *ret_width, uint32_t *ret_height)
{
	g_mutex_lock(&s->lock);
	*ret_width = s->canvas ? s->canvas->width : 0;
	*ret_height = s->canvas ? s->canvas->height : 0;
	g_mutex_unlock(&s->lock);
}

struct shadow *shadow_create(uint32_t width, uint32_t height)
{
	struct shadow *shadow = g_new0(struct shadow, 1);

	shadow->width = width;
	shadow->height = height;
	shadow->stride_bytes = ((size_t)width * 4 + 63) & ~(size_t)63;
	shadow->pixels = g_malloc0(shadow->stride_bytes * height);
	return shadow;
}

void shadow_destroy(struct shadow *shadow)
{
	if (shadow == NULL)
		return;
	g_free(shadow->pixels);
	g_free(shadow);
}

void picture_update_init(struct picture_update *update)
{
	*update = (struct picture_update){0};
	pixman_region32_init(&update->painted);
}

void picture_update_finish(struct picture_update *update)
{
	g_free(update->copies);
	pixman_region32_fini(&update->painted);
}

int session_take_picture(struct session *s, struct shadow *shadow, struct picture_update *ret)
{
	int result = 0;

	g_mutex_lock(&s->lock);
	if (shadow->width != s->canvas->width || shadow->height != s->canvas->height)
		result = -ESTALE;
	else if (s->copies->len == 0 && !pixman_region32_not_empty(&s->painted))
		result = -EAGAIN;
	if (result == 0) {
		memcpy(shadow->pixels, s->canvas->pixels, shadow->stride_bytes * shadow->height);
		ret->n_copies = s->copies->len;
		ret->copies =
			g_memdup2(s->copies->data, s->copies->len * sizeof(struct picture_copy));
		pixman_region32_copy(&ret->painted, &s->painted);
		pixman_region32_clear(&s->painted);
		g_array_set_size(s->copies, 0);
	}
	g_mutex_unlock(&s->lock);
	return result;
}

bool session_get_cursor(struct session *s, struct cursor_shape *ret)
{
	g_mutex_lock(&s->lock);
	*ret = s->cursor;
	ret->bgra = g_memdup2(s->cursor.bgra, (gsize)s->cursor.width * s->cursor.height * 4);
	g_mutex_unlock(&s->lock);
	return ret->width > 0;
}

void session_get_pointer(struct session *s, int32_t *ret_x, int32_t *ret_y, bool *ret_visible)
{
	*ret_x = *ret_y = 7;
	*ret_visible = true;
}

char *session_notice(struct session *s)
{
	char *words;

	g_mutex_lock(&s->lock);
	words = g_strdup(s->notice);
	g_mutex_unlock(&s->lock);
	return words;
}

char *session_take_target_clipboard(struct session *s)
{
	char *text;

	g_mutex_lock(&s->lock);
	text = g_steal_pointer(&s->clipboard);
	g_mutex_unlock(&s->lock);
	return text;
}

void session_key(struct session *s, const struct key_event *event)
{
	struct back_command command = {.kind = BACK_KEY, .key = *event};

	tell(s, "key %s %x", event->down ? "down" : "up", event->code);
	if (s->to_back != NULL)
		double_command(s->to_back, &command);
}

void session_pointer(struct session *s, const struct pointer_event *event)
{
	struct back_command command = {.kind = BACK_POINTER, .pointer = *event};

	tell(s, "pointer %d,%d buttons=%x wheel=%d,%d", event->x, event->y, event->buttons,
	     event->wheel_up, event->wheel_right);
	if (s->to_back != NULL)
		double_command(s->to_back, &command);
}

void session_release_input(struct session *s)
{
	tell(s, "release");
}

void session_request_size(struct session *s, uint32_t width_px, uint32_t height_px)
{
	struct back_command command = {.kind = BACK_SIZE};

	command.size.width_px = width_px;
	command.size.height_px = height_px;
	tell(s, "size %ux%u", width_px, height_px);
	if (s->to_back != NULL)
		double_command(s->to_back, &command);
}

void session_viewer_clipboard(struct session *s, const char *utf8)
{
	struct back_command command = {.kind = BACK_CLIPBOARD};

	tell(s, "viewer clipboard %s", utf8);
	command.clipboard = g_strdup(utf8);
	if (s->to_back != NULL)
		double_command(s->to_back, &command);
	else
		g_free(command.clipboard);
}

/* ---- back ---- */

int session_resize(struct session *s, uint32_t width, uint32_t height)
{
	tell(s, "resize %ux%u", width, height);
	if (!picture_size_ok(width, height))
		return -EINVAL;
	canvas_new(s, width, height);
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

		g_assert_true(rect_clip(&r, s->canvas->width, s->canvas->height));
		for (uint32_t y = r.y; y < r.y + r.height; y++)
			memcpy(at(s, r.x, y), picture + y * stride_bytes + r.x * 4,
			       (size_t)r.width * 4);
		pixman_region32_union_rect(&s->painted, &s->painted, (int)r.x, (int)r.y, r.width,
					   r.height);
	}
	g_mutex_unlock(&s->lock);
	if (s->to_front != NULL)
		session_paint(s->to_front, picture, stride_bytes, rects, n_rects);
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
	g_autofree uint32_t *moved = g_new(uint32_t, (gsize)to->width * to->height);

	tell(s, "copy %ux%u %u,%u -> %u,%u", to->width, to->height, from_x, from_y, to->x, to->y);
	g_mutex_lock(&s->lock);
	for (uint32_t y = 0; y < to->height; y++)
		memcpy(moved + (size_t)y * to->width, at(s, from_x, from_y + y),
		       (size_t)to->width * 4);
	for (uint32_t y = 0; y < to->height; y++)
		memcpy(at(s, to->x, to->y + y), moved + (size_t)y * to->width,
		       (size_t)to->width * 4);
	painted_travels(s, to, (int)to->x - (int)from_x, (int)to->y - (int)from_y);
	g_array_append_val(s->copies, copy);
	s->n_copies++;
	g_mutex_unlock(&s->lock);
	if (s->to_front != NULL)
		session_copy(s->to_front, to, from_x, from_y);
}

void session_frame(struct session *s)
{
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
	g_mutex_unlock(&s->lock);
	tell(s, "cursor %ux%u hot %u,%u", shape->width, shape->height, shape->hot_x, shape->hot_y);
	if (s->to_front != NULL) {
		session_set_cursor(s->to_front, shape);
		double_notify(s->to_front, FRONT_CURSOR_SHAPE);
	}
}

void session_set_pointer(struct session *s, int32_t x, int32_t y, bool visible)
{
	tell(s, "pointer at %d,%d", x, y);
}

void session_target_clipboard(struct session *s, const char *utf8)
{
	tell(s, "target clipboard %s", utf8);
	g_mutex_lock(&s->lock);
	g_free(s->clipboard);
	s->clipboard = g_strdup(utf8);
	g_mutex_unlock(&s->lock);
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
		unring(s->back_fd);
	g_mutex_unlock(&s->lock);
	g_free(command);
	return command != NULL;
}
