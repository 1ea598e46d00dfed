/* The session core's double: its life, its canvas as a test sees it, and waiting. What fronts and
 * backs call is in the other two files. */
#include "tests/support/patience.h"
#include "tests/support/session_double_priv.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void ring(int fd)
{
	uint64_t one = 1;

	g_assert_cmpint(write(fd, &one, sizeof(one)), ==, sizeof(one));
}

void double_unring(int fd)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) < 0)
		g_assert_cmpint(errno, ==, EAGAIN);
}

void double_tell(struct session *s, const char *format, ...)
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
	s->max_width = s->max_height = PICTURE_MAX_PX;
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

void double_canvas_new(struct session *s, uint32_t width, uint32_t height)
{
	g_mutex_lock(&s->lock);
	shadow_destroy(s->canvas);
	s->canvas = shadow_create(width, height);
	s->picture = NULL;
	g_array_set_size(s->copies, 0);
	pixman_region32_fini(&s->painted);
	pixman_region32_init_rect(&s->painted, 0, 0, width, height);
	g_cond_broadcast(&s->changed);
	g_mutex_unlock(&s->lock);
}

void double_run(struct session *s, uint32_t width, uint32_t height)
{
	double_canvas_new(s, width, height);
	double_notify(s, FRONT_RUNNING | FRONT_RESIZED | FRONT_PICTURE);
}

uint32_t *double_at(struct session *s, uint32_t x, uint32_t y)
{
	return (uint32_t *)(void *)(s->canvas->pixels + y * s->canvas->stride_bytes) + x;
}

void double_fill(struct session *s, struct rect r, uint32_t bgrx)
{
	g_mutex_lock(&s->lock);
	for (uint32_t y = r.y; y < r.y + r.height; y++)
		for (uint32_t x = r.x; x < r.x + r.width; x++)
			*double_at(s, x, y) = bgrx;
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
		pixel = *double_at(s, x, y) & 0xffffff;
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
			same = ((*double_at(a, x, y) ^ *double_at(b, x, y)) & 0xffffff) == 0;
	g_mutex_unlock(&b->lock);
	g_mutex_unlock(&a->lock);
	return same;
}

bool double_saw(struct session *s, const char *words)
{
	gint64 deadline = g_get_monotonic_time() + PATIENCE_US;
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
	gint64 deadline = g_get_monotonic_time() + PATIENCE_US;
	bool shows = false;

	g_mutex_lock(&s->lock);
	for (;;) {
		shows = s->canvas != NULL && x < s->canvas->width && y < s->canvas->height &&
			((*double_at(s, x, y) ^ bgrx) & 0xffffff) == 0;
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

void double_limit(struct session *s, uint32_t max_width, uint32_t max_height)
{
	s->max_width = max_width;
	s->max_height = max_height;
}

struct double_counts double_counts(struct session *s)
{
	g_mutex_lock(&s->lock);
	struct double_counts counts = s->counts;
	g_mutex_unlock(&s->lock);
	return counts;
}

bool double_wait(struct session *s, bool (*check)(struct session *session, void *data), void *data,
		 unsigned timeout_ms)
{
	gint64 deadline_us = g_get_monotonic_time() + timeout_ms * G_TIME_SPAN_MILLISECOND;
	bool good;

	g_mutex_lock(&s->lock);
	while (!(good = check(s, data)) && g_cond_wait_until(&s->changed, &s->lock, deadline_us))
		;
	g_mutex_unlock(&s->lock);
	return good;
}

uint32_t double_width(const struct session *s)
{
	return s->canvas ? s->canvas->width : 0;
}

uint32_t double_height(const struct session *s)
{
	return s->canvas ? s->canvas->height : 0;
}

const uint8_t *double_row(const struct session *s, uint32_t y)
{
	return s->canvas->pixels + y * s->canvas->stride_bytes;
}

uint32_t double_peek(const struct session *s, uint32_t x, uint32_t y)
{
	if (x >= double_width(s) || y >= double_height(s))
		return 0;
	const uint8_t *p = double_row(s, y) + (size_t)x * 4;
	return (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

const struct cursor_shape *double_cursor(const struct session *s)
{
	return &s->cursor;
}

const struct double_counts *double_counted(const struct session *s)
{
	return &s->counts;
}

const char *double_clipboard(const struct session *s)
{
	return s->clipboard;
}

bool double_pointer(const struct session *s, int32_t *ret_x, int32_t *ret_y)
{
	*ret_x = s->pointer_x;
	*ret_y = s->pointer_y;
	return s->pointer_placed;
}
