/* The recorder's side of a session: offers canvases, and decides in one function what happens when
 * nobody records. It must not know what a recording is. */
#include "gateway/session/session_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

bool session_frozen_locked(const struct session *session)
{
	return session->recorder.state != RECORDER_RECORDING || session->timeline.length > 0;
}

void session_offer_canvas_locked(struct session *session)
{
	struct recorder_side *r = &session->recorder;

	if (r->fd < 0 || session->writer == NULL)
		return;
	const struct ring_writer *w = session->writer;
	struct recorder_canvas canvas = {ring_writer_width(w), ring_writer_height(w),
					 ring_writer_memfd_bytes(w)};
	const int fds[] = {ring_writer_memfd(w), ring_writer_doorbell(w)};
	int result = link_send(r->fd, recorder_message_type(RECORDER_CANVAS), &canvas, fds, 2);
	r->state = RECORDER_OFFERED;
	r->offered_us = clock_now_us();
	r->cursor_due = true;
	/* A link that takes nothing is treated as closed; only the link thread may
	 * close its descriptor. */
	if (result < 0) {
		g_warning("the recorder takes no canvas: %s", g_strerror(-result));
		shutdown(r->fd, SHUT_RDWR);
	}
	event_set(session->wake_fd);
}

void session_recorder_link_locked(struct session *session, int fd)
{
	struct recorder_side *r = &session->recorder;

	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	if (r->fd >= 0)
		close(r->fd);
	r->fd = fd;
	r->state = RECORDER_LINKED;
	session_offer_canvas_locked(session);
	session_recorder_decide_locked(session);
}

static void drop_link_locked(struct session *s, const char *why)
{
	if (s->end_reason == END_NONE)
		g_warning("the link to the recorder broke: %s", why);
	close(s->recorder.fd);
	s->recorder.fd = -1;
	s->recorder.state = RECORDER_AWAY;
}

static int decode_ready(const struct packet *packet, struct recorder_canvas_ready *ret)
{
	const struct message_type *type = recorder_message_type(RECORDER_CANVAS_READY);

	if (packet->type != RECORDER_CANVAS_READY || packet->n_fds != 0)
		return -EPROTO;
	return message_decode(type, packet->bytes, packet->length, ret);
}

void session_recorder_heard_locked(struct session *session, int result, const struct packet *packet)
{
	struct recorder_canvas_ready ready;

	if (result == 0)
		result = session->recorder.state == RECORDER_OFFERED ? decode_ready(packet, &ready)
								     : -EPROTO;
	if (result < 0) {
		drop_link_locked(session, g_strerror(-result));
	} else if (ready.reason != END_NONE) {
		session_end_locked(session,
				   ready.reason < END_REASON_COUNT ? (enum end_reason)ready.reason
								   : END_RECORDER_LOST,
				   "the recorder refused the canvas");
	} else {
		session->recorder.state = RECORDER_RECORDING;
	}
	session_recorder_decide_locked(session);
	monitor_notify(&session->monitor);
}

/* ---- Loss ---- */

/* Whether the wait is more than a resize being taken in: the recorder is gone, or does not read. */
static bool is_loss(const struct session *s)
{
	return s->recorder.lost || s->recorder.state == RECORDER_AWAY ||
	       s->recorder.state == RECORDER_LINKED ||
	       (s->recorder.state == RECORDER_RECORDING && s->timeline.length > 0);
}

static uint64_t away_until_us(const struct session *s)
{
	return s->recorder.unheard_us + (uint64_t)s->login_answer.unrecorded_limit_s * SECOND_US;
}

static void freeze_locked(struct session *s)
{
	struct recorder_side *r = &s->recorder;
	uint64_t now_us = clock_now_us();

	if (r->unheard_us == 0) {
		r->unheard_us = now_us;
		session_release_input_locked(s);
		event_set(s->wake_fd);
	}
	if (is_loss(s) && !r->lost && s->running) {
		r->lost = true;
		g_warning("not recorded just now: input is held, the picture is kept");
		session_notice_changed_locked(s);
	}
	if (r->state == RECORDER_OFFERED && now_us >= r->offered_us + CANVAS_DEADLINE_US)
		session_end_locked(s, END_RECORDER_LOST, "the recorder did not take the canvas");
	else if (now_us >= away_until_us(s))
		session_end_locked(s, END_RECORDER_LOST, "no recorder within the limit");
}

static void thaw_locked(struct session *s)
{
	struct recorder_side *r = &s->recorder;
	uint32_t width = ring_writer_width(s->writer), height = ring_writer_height(s->writer);
	const struct rect whole = {0, 0, width, height};

	r->unheard_us = 0;
	bool was_lost = r->lost;
	r->lost = false;
	if (s->width != width || s->height != height) {
		s->width = width;
		s->height = height;
		front_raise_locked(s, FRONT_RESIZED);
	}
	if (!s->running) {
		s->running = true;
		s->input.last_us = clock_now_us();
		s->message_until_us = s->input.last_us + MESSAGE_SHOWN_US;
		event_set(s->wake_fd); /* both clocks begin now */
		front_raise_locked(s, FRONT_RUNNING | FRONT_RESIZED);
	}
	if (s->target_clipboard != NULL)
		front_raise_locked(s, FRONT_CLIPBOARD);
	session_repaint_locked(s, &whole);
	monitor_notify(&s->monitor);
	if (was_lost) {
		g_message("recorded again");
		session_notice_changed_locked(s);
	}
}

void session_recorder_decide_locked(struct session *session)
{
	if (session->writer == NULL || session->end_reason != END_NONE)
		return;
	timeline_flush_locked(session);
	if (session_frozen_locked(session))
		freeze_locked(session);
	else if (session->recorder.unheard_us != 0)
		thaw_locked(session);
	if (session->recorder.cursor_due)
		cursor_flush_locked(session);
}

uint64_t session_recorder_due_us(const struct session *session)
{
	const struct recorder_side *r = &session->recorder;
	uint64_t due_us = UINT64_MAX;

	if (session->writer == NULL)
		return due_us;
	if (session_frozen_locked(session))
		due_us = away_until_us(session);
	if (r->state == RECORDER_OFFERED)
		due_us = MIN(due_us, r->offered_us + CANVAS_DEADLINE_US);
	/* Nobody tells us when the ring has room again. */
	if (r->state == RECORDER_RECORDING && (session->timeline.length > 0 || r->cursor_due))
		due_us = MIN(due_us, clock_now_us() + TIMELINE_RETRY_US);
	return due_us;
}

/* ---- Size ---- */

/* Waits until the recorder has what is there; false when the session ends instead. */
static bool wait_recorded_locked(struct session *s)
{
	while (s->end_reason == END_NONE && s->writer != NULL && session_frozen_locked(s))
		monitor_wait(&s->monitor);
	return s->end_reason == END_NONE;
}

static void note_size_locked(struct session *s, uint32_t width, uint32_t height)
{
	g_autofree char *json =
		g_strdup_printf("{\"type\":\"size\",\"width\":%u,\"height\":%u}", width, height);

	timeline_put_locked(s, json);
}

static bool swap_canvas_locked(struct session *s, struct ring_writer **writer)
{
	/* Events that wait in the old ring for a recorder to come back would go with it. */
	if (!wait_recorded_locked(s))
		return false;
	struct ring_writer *old = s->writer;
	s->writer = *writer;
	*writer = old;
	pending_reset(&s->pending, ring_writer_width(s->writer), ring_writer_height(s->writer));
	if (s->recorder.state == RECORDER_RECORDING)
		s->recorder.state = RECORDER_LINKED;
	session_offer_canvas_locked(s);
	session_recorder_decide_locked(s);
	note_size_locked(s, ring_writer_width(s->writer), ring_writer_height(s->writer));
	return wait_recorded_locked(s);
}

int session_resize(struct session *session, uint32_t width, uint32_t height)
{
	struct ring_writer *writer = NULL;
	const struct rect whole = {0, 0, width, height};

	monitor_enter(&session->monitor);
	bool same = session->writer != NULL && ring_writer_width(session->writer) == width &&
		    ring_writer_height(session->writer) == height;
	if (same)
		session_repaint_locked(session, &whole);
	monitor_leave(&session->monitor);
	int result = same ? 0 : ring_writer_create(width, height, &writer);
	if (same || result < 0)
		return result;
	monitor_enter(&session->monitor);
	result = swap_canvas_locked(session, &writer) ? 0 : -ECANCELED;
	monitor_leave(&session->monitor);
	ring_writer_destroy(writer);
	return result;
}
