/* The session core's double as a front calls it. What a viewer does is told, and passed on to the
 * back of a joined session. */
#include "tests/support/session_double_priv.h"

#include <errno.h>
#include <string.h>

void session_end(struct session *s, enum end_reason reason, const char *detail)
{
	struct back_command stop = {.kind = BACK_STOP};

	double_tell(s, "end %s%s%s", end_reason_key(reason), detail ? ": " : "",
		    detail ? detail : "");
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

void session_login(struct session *s, const struct broker_login *login,
		   struct session_verdict *verdict)
{
	double_tell(s, "login door=%u user=%s domain=%s", login->door, login->user, login->domain);
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
	double_tell(s, "open %ux%u", view->width_px, view->height_px);
}

int session_front_fd(struct session *s)
{
	return s->front_fd;
}

unsigned session_front_flags(struct session *s)
{
	unsigned flags;

	double_unring(s->front_fd);
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
	g_mutex_lock(&s->lock);
	*ret_x = s->pointer_x;
	*ret_y = s->pointer_y;
	*ret_visible = s->pointer_placed;
	g_mutex_unlock(&s->lock);
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

	double_tell(s, "key %s %x", event->down ? "down" : "up", event->code);
	if (s->to_back != NULL)
		double_command(s->to_back, &command);
}

void session_pointer(struct session *s, const struct pointer_event *event)
{
	struct back_command command = {.kind = BACK_POINTER, .pointer = *event};

	double_tell(s, "pointer %d,%d buttons=%x wheel=%d,%d", event->x, event->y, event->buttons,
		    event->wheel_up, event->wheel_right);
	if (s->to_back != NULL)
		double_command(s->to_back, &command);
}

void session_release_input(struct session *s)
{
	double_tell(s, "release");
}

void session_request_size(struct session *s, uint32_t width_px, uint32_t height_px)
{
	struct back_command command = {.kind = BACK_SIZE};

	command.size.width_px = width_px;
	command.size.height_px = height_px;
	double_tell(s, "size %ux%u", width_px, height_px);
	if (s->to_back != NULL)
		double_command(s->to_back, &command);
}

int session_event(struct session *s, const char *json)
{
	double_tell(s, "event %s", json);
	return 0;
}

void session_title(struct session *s, const char *of, const char *text)
{
	double_tell(s, "title of %s: %s", of, text);
}

void session_viewer_clipboard(struct session *s, const char *utf8)
{
	struct back_command command = {.kind = BACK_CLIPBOARD};

	double_tell(s, "viewer clipboard %s", utf8);
	command.clipboard = g_strdup(utf8);
	if (s->to_back != NULL)
		double_command(s->to_back, &command);
	else
		g_free(command.clipboard);
}
