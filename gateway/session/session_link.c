/* The link thread: reads what gateway and recorder send, and runs the session's clocks. What a
 * message means for recording, dialling or login stands in session_recorder.c,
 * session_dial.c and session_login.c. */
#include "gateway/session/session_priv.h"

#include <errno.h>
#include <poll.h>

int broker_send_locked(struct session *session, enum broker_type type, const void *message)
{
	const struct message_type *row = broker_message_type(type);

	if (session->gateway_lost || session->broker_fd < 0)
		return -EPIPE;
	if (!message_fits(row, message))
		return -EINVAL;
	return link_send(session->broker_fd, row, message, NULL, 0);
}

/* ---- What the gateway says ---- */

/* Answers move into the session as they are; the caller frees what is left, which is nothing
 * then. */
static void take_nla_answer(struct session *s, struct broker_nla_answer *answer)
{
	if (s->nla != QUESTION_ASKED)
		return;
	s->nla_answer = *answer;
	s->nla = QUESTION_ANSWERED;
	monitor_notify(&s->monitor);
}

/* Takes `text`. Its time begins when there is a picture to lay it over. */
static void show_message(struct session *s, char *text)
{
	g_free(s->message);
	s->message = text;
	s->message_until_us = clock_now_us() + MESSAGE_SHOWN_US;
	session_notice_changed_locked(s);
}

static void take_login_answer(struct session *s, struct broker_login_answer *answer)
{
	if (s->login != QUESTION_ASKED)
		return;
	s->login_answer = *answer;
	*answer = (struct broker_login_answer){0};
	s->login = QUESTION_ANSWERED;
	if (s->login_answer.allowed == 1 && s->login_answer.banner[0] != '\0')
		show_message(s, g_strdup(s->login_answer.banner));
	monitor_notify(&s->monitor);
}

static void take_terminate(struct session *s, struct broker_terminate *order)
{
	bool known = order->reason > END_NONE && order->reason < END_REASON_COUNT;

	if (s->end_reason != END_NONE)
		return;
	s->end_words = g_steal_pointer(&order->text);
	session_end_locked(s, known ? (enum end_reason)order->reason : END_TERMINATED, NULL);
}

static void act_locked(struct session *s, uint16_t number, void *message, struct packet *packet)
{
	switch (number) {
	case BROKER_NLA_ANSWER:
		take_nla_answer(s, message);
		break;
	case BROKER_LOGIN_ANSWER:
		take_login_answer(s, message);
		break;
	case BROKER_RECORDER_LINK:
		session_recorder_link_locked(s, packet_take_fd(packet, 0));
		break;
	case BROKER_DIAL_ANSWER:
		session_dial_answer_locked(s, message);
		break;
	case BROKER_TARGET_SOCKET:
		session_target_socket_locked(s, packet_take_fd(packet, 0));
		break;
	case BROKER_TERMINATE:
		take_terminate(s, message);
		break;
	case BROKER_MESSAGE:
		show_message(s, g_steal_pointer(&((struct broker_text *)message)->text));
		break;
	default:
		g_warning("the gateway sent %s, which is not for a running session",
			  broker_message_type(number)->name);
	}
}

static void lose_gateway_locked(struct session *s, const char *why)
{
	s->gateway_lost = true;
	if (s->nla == QUESTION_ASKED)
		s->nla = QUESTION_DEAD;
	if (s->login == QUESTION_ASKED)
		s->login = QUESTION_DEAD;
	session_end_locked(s, END_GATEWAY_STOPPED, why);
	monitor_notify(&s->monitor);
}

static void read_broker_locked(struct session *s, struct packet *packet)
{
	int result = link_receive(s->broker_fd, packet, 0);

	if (result == -ETIMEDOUT)
		return;
	if (result < 0) {
		lose_gateway_locked(s, g_strerror(-result));
		return;
	}
	const struct message_type *type = broker_message_type(packet->type);
	g_autofree void *message = type != NULL ? g_malloc0(type->struct_bytes) : NULL;
	if (type != NULL && packet->n_fds == type->n_fds &&
	    message_decode(type, packet->bytes, packet->length, message) == 0) {
		act_locked(s, type->number, message, packet);
		message_clear(type, message);
	} else {
		lose_gateway_locked(s, "the gateway sent a message that cannot be read");
	}
	packet_clear(packet);
}

static void read_recorder_locked(struct session *s, struct packet *packet)
{
	int result = link_receive(s->recorder.fd, packet, 0);

	if (result == -ETIMEDOUT)
		return;
	session_recorder_heard_locked(s, result, packet);
	packet_clear(packet);
}

/* ---- Clocks ---- */

static uint64_t idle_due_us(const struct session *s)
{
	if (!s->running || s->login_answer.idle_limit_s == 0)
		return UINT64_MAX;
	return s->input.last_us + (uint64_t)s->login_answer.idle_limit_s * SECOND_US;
}

static uint64_t dial_due_us(const struct session *s)
{
	bool waiting = s->dial == DIAL_ASKED || s->dial == DIAL_GRANTED;

	return waiting ? s->dialled_us + DIAL_DEADLINE_US : UINT64_MAX;
}

static uint64_t message_due_us(const struct session *s)
{
	return s->message != NULL && s->running ? s->message_until_us : UINT64_MAX;
}

static int poll_timeout_ms(const struct session *s)
{
	uint64_t due_us = MIN(MIN(idle_due_us(s), dial_due_us(s)),
			      MIN(message_due_us(s), session_recorder_due_us(s)));
	uint64_t now_us = clock_now_us();

	if (due_us == UINT64_MAX || s->end_reason != END_NONE)
		return -1;
	return due_us <= now_us ? 0 : (int)MIN((due_us - now_us) / 1000 + 1, 60000);
}

static void run_clocks_locked(struct session *s)
{
	uint64_t now_us = clock_now_us();

	if (now_us >= idle_due_us(s))
		session_end_locked(s, END_IDLE, NULL);
	if (now_us >= dial_due_us(s))
		session_end_locked(s, END_TARGET_UNREACHABLE, "the gateway did not dial in time");
	if (now_us >= message_due_us(s)) {
		g_clear_pointer(&s->message, g_free);
		session_notice_changed_locked(s);
	}
	session_recorder_decide_locked(s);
}

/* ---- The thread ---- */

/* Descriptors are polled without the lock; only this thread closes or replaces them while it
 * runs. */
static bool link_step(struct session *s, struct packet *packet)
{
	monitor_enter(&s->monitor);
	bool stopping = s->stopping;
	struct pollfd fds[] = {{s->wake_fd, POLLIN, 0},
			       {s->gateway_lost ? -1 : s->broker_fd, POLLIN, 0},
			       {s->recorder.fd, POLLIN, 0}};
	int timeout_ms = poll_timeout_ms(s);
	monitor_leave(&s->monitor);
	if (stopping)
		return false;
	if (poll(fds, G_N_ELEMENTS(fds), timeout_ms) < 0 && errno != EINTR)
		g_error("the link thread cannot wait: %s", g_strerror(errno));

	monitor_enter(&s->monitor);
	if (fds[0].revents != 0)
		event_clear(s->wake_fd);
	/* The recorder first: a link that broke must be gone before its successor arrives. */
	if (fds[2].revents != 0)
		read_recorder_locked(s, packet);
	if (fds[1].revents != 0)
		read_broker_locked(s, packet);
	if (s->end_reason == END_NONE)
		run_clocks_locked(s);
	monitor_leave(&s->monitor);
	return true;
}

void *session_link_thread(void *session)
{
	g_autofree struct packet *packet = g_new0(struct packet, 1);

	while (link_step(session, packet))
		;
	return NULL;
}
