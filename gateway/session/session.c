/* Life and death of a session: creation, the first reason to end, flags to the front, destruction.
 * It must not know pictures, input or protocols; session_link.c runs the thread it starts. */
#include "gateway/session/session_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* A byte that is no text becomes three, and the result must fit into ENDED's 2048. */
#define DETAIL_MAX_BYTES 680u
/* So that the line fits into RING_EVENT_MAX_BYTES whatever its letters. */
#define NOTICE_MAX_CHARACTERS 500
#define BACK_STOP_DEADLINE_US (10u * SECOND_US)

void event_set(int fd)
{
	static const uint64_t one = 1;

	/* EAGAIN: the counter is at its limit, so it is readable. */
	if (write(fd, &one, sizeof one) < 0 && errno != EAGAIN)
		g_critical("cannot signal an event: %s", g_strerror(errno));
}

void event_clear(int fd)
{
	uint64_t count;

	if (read(fd, &count, sizeof count) < 0 && errno != EAGAIN)
		g_critical("cannot clear an event: %s", g_strerror(errno));
}

static int make_event(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0)
		g_error("no descriptor left for an event: %s", g_strerror(errno));
	return fd;
}

struct session *session_create(int broker_fd, const struct session_start *start,
			       const struct back_ops *const *backs)
{
	struct session *s = g_new0(struct session, 1);

	monitor_init(&s->monitor);
	s->broker_fd = broker_fd;
	fcntl(broker_fd, F_SETFL, fcntl(broker_fd, F_GETFL) | O_NONBLOCK);
	s->wake_fd = make_event();
	s->front_fd = make_event();
	s->back_fd = make_event();
	s->id = g_strdup(start->session_id);
	s->handshake_deadline_ms = start->handshake_deadline_ms;
	s->max_width_px = MIN(start->max_width_px, PICTURE_MAX_PX);
	s->max_height_px = MIN(start->max_height_px, PICTURE_MAX_PX);
	s->backs = backs;
	s->recorder.fd = -1;
	s->target.fd = -1;
	s->pointer_visible = true;
	g_queue_init(&s->input.commands);
	g_queue_init(&s->timeline);
	pending_init(&s->pending);
	s->link_thread = g_thread_new("link", session_link_thread, s);
	return s;
}

/* ---- End ---- */

/* Backs quote what a target said: cut to what a message carries, and text again after the cut. */
static char *tidy_detail(const char *detail)
{
	g_autofree char *cut = g_strndup(detail, DETAIL_MAX_BYTES);

	return g_utf8_make_valid(cut, -1);
}

void session_end_locked(struct session *session, enum end_reason reason, const char *detail)
{
	static const struct back_command stop = {.kind = BACK_STOP};

	if (session->end_reason != END_NONE || reason == END_NONE)
		return;
	session->end_reason = reason;
	session->end_detail = detail != NULL ? tidy_detail(detail) : NULL;
	g_message("session ends: %s%s%s", end_reason_key(reason), detail != NULL ? ": " : "",
		  detail != NULL ? session->end_detail : "");
	session_release_input_locked(session);
	command_force_locked(session, &stop);
	front_raise_locked(session, FRONT_END);
	monitor_notify(&session->monitor);
	event_set(session->wake_fd);
}

void session_end(struct session *session, enum end_reason reason, const char *detail)
{
	monitor_enter(&session->monitor);
	session_end_locked(session, reason, detail);
	monitor_leave(&session->monitor);
}

enum end_reason session_end_reason(struct session *session)
{
	monitor_enter(&session->monitor);
	enum end_reason reason = session->end_reason;
	monitor_leave(&session->monitor);
	return reason;
}

char *session_end_words(struct session *session)
{
	monitor_enter(&session->monitor);
	const char *words = session->end_words;
	char *copy = g_strdup(
		words != NULL && words[0] != '\0' ? words : end_reason_text(session->end_reason));
	monitor_leave(&session->monitor);
	return copy;
}

/* ---- Flags to the front ---- */

void front_raise_locked(struct session *session, unsigned flags)
{
	if ((session->front_flags & flags) == flags)
		return;
	session->front_flags |= flags;
	event_set(session->front_fd);
}

int session_front_fd(struct session *session)
{
	return session->front_fd;
}

unsigned session_front_flags(struct session *session)
{
	monitor_enter(&session->monitor);
	unsigned flags = session->front_flags;
	session->front_flags = 0;
	event_clear(session->front_fd);
	monitor_leave(&session->monitor);
	return flags;
}

void session_size(struct session *session, uint32_t *ret_width, uint32_t *ret_height)
{
	monitor_enter(&session->monitor);
	*ret_width = session->width;
	*ret_height = session->height;
	monitor_leave(&session->monitor);
}

static const char *notice_text(const struct session *session)
{
	static const char interrupted[] = "Recording is interrupted. The session waits for it.";

	return session->recorder.lost ? interrupted : session->message;
}

void session_notice_changed_locked(struct session *session)
{
	const char *text = notice_text(session);
	g_autofree char *valid = g_utf8_make_valid(text != NULL ? text : "", -1);
	glong n_characters = MIN(g_utf8_strlen(valid, -1), NOTICE_MAX_CHARACTERS);
	g_autofree char *shown = g_utf8_substring(valid, 0, n_characters);

	front_raise_locked(session, FRONT_NOTICE);
	timeline_put_json_locked(session, json_pack("{s:s, s:s}", "type", "notice", "text", shown));
}

char *session_notice(struct session *session)
{
	monitor_enter(&session->monitor);
	char *text = g_strdup(notice_text(session));
	monitor_leave(&session->monitor);
	return text;
}

/* ---- Destruction ---- */

/* A back that ignores its stop is left behind: the process exits next, and freeing
 * under it would be worse. */
static bool join_back(struct session *s)
{
	gint64 deadline_us = g_get_monotonic_time() + BACK_STOP_DEADLINE_US;
	bool returned = true;

	monitor_enter(&s->monitor);
	GThread *thread = s->back_thread;
	while (thread != NULL && returned && !s->back_returned)
		returned = monitor_wait_until(&s->monitor, deadline_us);
	s->back_thread = NULL;
	monitor_leave(&s->monitor);
	if (!returned)
		g_critical("the %s back does not stop; the process exits without it",
			   s->back->name);
	else if (thread != NULL)
		g_thread_join(thread);
	return returned;
}

static void join_link(struct session *s)
{
	monitor_enter(&s->monitor);
	s->stopping = true;
	event_set(s->wake_fd);
	monitor_leave(&s->monitor);
	g_thread_join(s->link_thread);
}

static void tell_ended_locked(struct session *s)
{
	struct broker_ended ended = {.reason = s->end_reason, .detail = s->end_detail};
	int result = broker_send_locked(s, BROKER_ENDED, &ended);

	if (result < 0)
		g_warning("cannot tell the gateway that the session ended: %s",
			  g_strerror(-result));
}

static void close_links_locked(struct session *s)
{
	close(s->broker_fd);
	s->broker_fd = -1;
	if (s->recorder.fd >= 0)
		close(s->recorder.fd);
	s->recorder.fd = -1;
}

static void free_session(struct session *s)
{
	commands_clear_locked(s);
	timeline_clear_locked(s);
	pending_finish(&s->pending);
	ring_writer_destroy(s->writer);
	keyboard_destroy(s->keyboard);
	message_clear(broker_message_type(BROKER_LOGIN_ANSWER), &s->login_answer);
	message_clear(broker_message_type(BROKER_NLA_ANSWER), &s->nla_answer);
	message_clear(broker_message_type(BROKER_DIAL_ANSWER), &s->granted);
	g_free(s->cursor.bgra);
	g_free(s->target_clipboard);
	g_free(s->message);
	g_free(s->title);
	g_free(s->end_detail);
	g_free(s->end_words);
	g_free(s->id);
	close(s->wake_fd);
	close(s->front_fd);
	close(s->back_fd);
	monitor_finish(&s->monitor);
	g_free(s);
}

void session_destroy(struct session *session)
{
	if (session == NULL)
		return;
	session_end(session, END_FAULT, "the front returned without a reason");
	bool back_gone = join_back(session);
	join_link(session);
	monitor_enter(&session->monitor);
	timeline_flush_locked(session);
	tell_ended_locked(session);
	close_links_locked(session);
	monitor_leave(&session->monitor);
	if (back_gone)
		free_session(session);
}
