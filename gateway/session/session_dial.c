/* From the verdict to a running back: asks the gateway to dial, takes answer and socket, runs the
 * back on its thread. It never opens a socket itself and does not know what a back does. */
#include "gateway/session/session_priv.h"

#include <unistd.h>

static const struct back_ops *find_back(const struct session *s, const char *name)
{
	for (const struct back_ops *const *b = s->backs; *b != NULL; b++)
		if (g_strcmp0((*b)->name, name) == 0)
			return *b;
	return NULL;
}

static void dial_locked(struct session *s)
{
	struct broker_dial dial = {s->view.width_px, s->view.height_px};

	s->back = find_back(s, s->login_answer.back);
	if (s->back == NULL) {
		session_end_locked(s, END_FAULT, "the verdict names a protocol this build lacks");
		return;
	}
	if (broker_send_locked(s, BROKER_DIAL, &dial) < 0) {
		session_end_locked(s, END_GATEWAY_STOPPED, "the gateway takes no request to dial");
		return;
	}
	s->dial = DIAL_ASKED;
	s->dialled_us = clock_now_us();
	event_set(s->wake_fd);
}

/* What keys mean on this viewer's keyboard: their texts on the timeline follow it. */
static void note_keyboard_locked(struct session *s)
{
	g_autofree char *json = g_strdup_printf("{\"type\":\"keyboard\",\"layout\":\"%08x\"}",
						s->view.keyboard_layout);

	if (s->view.keyboard_layout != 0)
		timeline_put_locked(s, json);
}

void session_open_target(struct session *session, const struct session_view *view)
{
	struct keyboard *keyboard = keyboard_create(view->keyboard_layout);

	monitor_enter(&session->monitor);
	bool allowed = session->login == QUESTION_ANSWERED && session->login_answer.allowed == 1;
	if (keyboard == NULL) {
		session_end_locked(session, END_FAULT, "no keyboard tables");
	} else if (session->end_reason == END_NONE && session->dial == DIAL_IDLE) {
		session->view = *view;
		session->view.width_px =
			CLAMP(view->width_px, PICTURE_MIN_PX, session->max_width_px);
		session->view.height_px =
			CLAMP(view->height_px, PICTURE_MIN_PX, session->max_height_px);
		session->keyboard = g_steal_pointer(&keyboard);
		note_keyboard_locked(session);
		if (allowed)
			dial_locked(session);
		else
			session_end_locked(session, END_FAULT, "a target asked for before login");
	}
	monitor_leave(&session->monitor);
	keyboard_destroy(keyboard);
}

void session_dial_answer_locked(struct session *session, struct broker_dial_answer *answer)
{
	if (session->dial != DIAL_ASKED)
		return;
	if (answer->reason != END_NONE) {
		session->dial = DIAL_DONE;
		session_end_locked(session,
				   answer->reason < END_REASON_COUNT
					   ? (enum end_reason)answer->reason
					   : END_TARGET_UNREACHABLE,
				   NULL);
		return;
	}
	session->granted = *answer;
	*answer = (struct broker_dial_answer){0};
	session->dial = DIAL_GRANTED;
}

/* ---- The back's thread ---- */

static void back_returned(struct session *s, enum end_reason reason, const char *detail)
{
	monitor_enter(&s->monitor);
	message_clear(broker_message_type(BROKER_DIAL_ANSWER), &s->granted);
	s->target = (struct back_target){.fd = -1};
	session_end_locked(s, reason != END_NONE ? reason : END_TARGET_CLOSED, detail);
	s->back_returned = true;
	monitor_notify(&s->monitor);
	monitor_leave(&s->monitor);
}

static void *back_main(void *data)
{
	struct session *s = data;
	g_autofree char *detail = NULL;
	enum end_reason reason = s->back->run(s, &s->target, &detail);

	back_returned(s, reason, detail);
	return NULL;
}

void session_target_socket_locked(struct session *session, int fd)
{
	const struct broker_dial_answer *g = &session->granted;

	if (session->dial != DIAL_GRANTED || session->end_reason != END_NONE) {
		close(fd);
		return;
	}
	session->dial = DIAL_DONE;
	session->target = (struct back_target){
		.fd = fd,
		.host = g->host,
		.port = (uint16_t)g->port,
		.account = g->account,
		.domain = g->domain,
		.password = g->password,
		.certificate_sha256 = g->certificate_sha256,
		.ca_pem = g->ca_pem,
		.security = g->security,
		.width_px = session->view.width_px,
		.height_px = session->view.height_px,
		.keyboard_layout = session->view.keyboard_layout,
	};
	session->back_thread = g_thread_new("back", back_main, session);
}
