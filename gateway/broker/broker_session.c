/* The life of one session: gets a process, hears its link, ends it. What its requests mean is
 * decided in broker_login.c and broker_dial.c; what it may say when, in session_state.c. */
#include "gateway/broker/broker_session.h"

#include "base/clock.h"
#include "gateway/broker/note.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/** A session that was told to end gets this long to say goodbye to its viewer, then it is
 *  killed. */
#define GOODBYE_MS 800
/** Before that its target is out of reach: nothing can be done there any more. */
#define CUT_MS 200
/** After ENDED the process has only to exit. */
#define EXIT_MS 3000
#define DETAIL_MAX_BYTES 1000
/** RDP and RFB both say sizes in sixteen bits. */
#define PICTURE_SIDE_MAX_PX 65535u

/* What a session process or a target says may hold anything; records and the log get
 * one short line of it. */
static char *tidy(const char *detail)
{
	if (detail == NULL)
		return g_strdup("");
	g_autofree char *cut = g_strndup(detail, DETAIL_MAX_BYTES);
	char *line = g_utf8_make_valid(cut, -1);
	for (char *at = line; *at != '\0'; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			*at = ' ';
	return line;
}

void session_note_end(struct broker_session *session, enum end_reason reason, const char *detail)
{
	if (session->end_reason != END_NONE)
		return;
	session->end_reason = reason;
	session->end_detail = tidy(detail);
}

static void note_own_end(struct broker_session *session, enum end_reason reason, const char *detail)
{
	if (session->end_is_ours)
		return;
	session->end_is_ours = true;
	session->end_reason = END_NONE;
	g_clear_pointer(&session->end_detail, g_free);
	session_note_end(session, reason, detail);
}

static gboolean kill_it(void *user_data)
{
	struct broker_session *session = user_data;

	session->grace = 0;
	if (session->worker != NULL)
		worker_kill(session->worker);
	return G_SOURCE_REMOVE;
}

static void kill_within(struct broker_session *session, guint ms)
{
	g_clear_handle_id(&session->grace, g_source_remove);
	session->grace = g_timeout_add(ms, kill_it, session);
}

static gboolean cut_target(void *user_data)
{
	struct broker_session *session = user_data;

	session->cut = 0;
	if (session->target_fd >= 0)
		shutdown(session->target_fd, SHUT_RDWR);
	return G_SOURCE_REMOVE;
}

static gboolean too_late(void *user_data)
{
	struct broker_session *session = user_data;

	session->deadline = 0;
	session_terminate(session, END_DEADLINE, NULL, broker_state_name(session->state));
	return G_SOURCE_REMOVE;
}

void session_set_deadline(struct broker_session *session, uint32_t ms)
{
	g_clear_handle_id(&session->deadline, g_source_remove);
	if (ms > 0)
		session->deadline = g_timeout_add(ms, too_late, session);
}

bool session_send(struct broker_session *session, enum broker_type type, const void *message,
		  int fd)
{
	int result = -EPIPE;

	if (session->worker != NULL)
		result = link_send(worker_link(session->worker), broker_message_type(type), message,
				   &fd, fd >= 0 ? 1 : 0);
	if (result == 0)
		return true;
	/* Gone already: its exit says how. Alive and not reading: broken. */
	if (result != -EPIPE)
		session_violated(session, g_strerror(-result));
	return false;
}

/* Nothing that was under way for this session goes on. */
static void drop_plans(struct broker_session *session)
{
	g_clear_handle_id(&session->deadline, g_source_remove);
	g_clear_handle_id(&session->answer_timer, g_source_remove);
	g_clear_handle_id(&session->recorder_timer, g_source_remove);
	dial_cancel(g_steal_pointer(&session->dial));
}

void session_violated(struct broker_session *session, const char *what)
{
	g_critical("session %s is ended: its process %s (state %s)", session->id, what,
		   broker_state_name(session->state));
	note_own_end(session, END_FAULT, what);
	g_clear_handle_id(&session->link_source, g_source_remove);
	drop_plans(session);
	session->state = BROKER_STATE_ENDED;
	if (session->worker != NULL)
		worker_kill(session->worker);
}

/* Everything about the session is over, and said. */
static void finish(struct broker_session *session)
{
	const struct broker_tools *tools = session->broker->tools;
	const struct access *access = session->verdict.access;

	if (session->recorder_told)
		recorder_link_close(tools->recorder, session->id, session->end_reason,
				    session->end_detail);
	if (access != NULL) {
		journal_end(tools->journal, session->id, clock_utc_us(), session->end_reason,
			    session->end_detail, access->login, session->from.text);
		g_message("session %s of %s at %s ended: %s%s%s", session->id, access->login,
			  access->target.name, end_reason_key(session->end_reason),
			  *session->end_detail != '\0' ? ", " : "", session->end_detail);
	} else {
		g_autofree char *why = g_strdup_printf(
			"%s%s%s", end_reason_key(session->end_reason),
			*session->end_detail != '\0' ? ", " : "", session->end_detail);
		admission_complain(tools->admission, session->from.source, why, clock_now_us());
	}
	broker_forget(session);
}

void session_terminate(struct broker_session *session, enum end_reason reason, const char *words,
		       const char *detail)
{
	g_autofree char *text = g_strdup(words != NULL ? words : "");
	const struct broker_terminate terminate = {.reason = reason, .text = text};

	/* What has ended by itself keeps its reason. */
	if (session->state != BROKER_STATE_ENDED)
		note_own_end(session, reason, detail);
	if (session->worker == NULL) {
		worker_pool_cancel(session->broker->tools->pool, session);
		finish(session);
		return;
	}
	if (session->state == BROKER_STATE_ENDED || session->state == BROKER_STATE_STOPPING)
		return;
	drop_plans(session);
	session->state = BROKER_STATE_STOPPING;
	if (session_send(session, BROKER_TERMINATE, &terminate, -1))
		session->cut = g_timeout_add(CUT_MS, cut_target, session);
	kill_within(session, GOODBYE_MS);
}

/* That a supervisor or the gateway ended a session is for the gateway to say, and it has said so
 * before the session can. */
static enum end_reason believe(uint32_t reason)
{
	bool known = reason > END_NONE && reason < END_REASON_COUNT;

	return known && reason != END_TERMINATED && reason != END_GATEWAY_STOPPED
		       ? (enum end_reason)reason
		       : END_FAULT;
}

static void take_ended(struct broker_session *session, const struct broker_ended *ended)
{
	enum end_reason reason = believe(ended->reason);

	session_note_end(session, reason, ended->detail);
	drop_plans(session);
	g_clear_handle_id(&session->cut, g_source_remove);
	/* Our duplicate would keep the target's connection open. */
	if (session->target_fd >= 0)
		close(session->target_fd);
	session->target_fd = -1;
	kill_within(session, EXIT_MS);
}

static void take_running(struct broker_session *session, const struct broker_running *running)
{
	/* What no row can hold would leave the session listed as one that is still being opened. */
	if (running->width_px > PICTURE_SIDE_MAX_PX || running->height_px > PICTURE_SIDE_MAX_PX) {
		session_violated(session, "claims a picture that no protocol can carry");
		return;
	}
	session_set_deadline(session, 0);
	journal_running(session->broker->tools->journal, session->id, clock_utc_us(),
			running->width_px, running->height_px);
	g_message("session %s is running (%ux%u)", session->id, running->width_px,
		  running->height_px);
}

union broker_request {
	struct broker_nla_proof proof;
	struct broker_login login;
	struct broker_dial dial;
	struct broker_running running;
	struct broker_ended ended;
};

static void act(struct broker_session *session, uint16_t type, union broker_request *request)
{
	switch (type) {
	case BROKER_NLA_PROOF:
		session_take_proof(session, &request->proof);
		break;
	case BROKER_LOGIN:
		session_take_login(session, &request->login);
		break;
	case BROKER_DIAL:
		session_take_dial(session);
		break;
	case BROKER_RUNNING:
		take_running(session, &request->running);
		break;
	case BROKER_ENDED:
		take_ended(session, &request->ended);
		break;
	default: /* session_state_step lets nothing else through after START */
		break;
	}
}

/* The table first, then the bytes: what is out of turn is not even decoded. */
static void take_packet(struct broker_session *session, const struct packet *packet)
{
	const struct message_type *type = broker_message_type(packet->type);
	union broker_request request;
	enum broker_state next;

	if (type == NULL || !session_state_step(session->state, packet->type, &next)) {
		g_autofree char *what = g_strdup_printf("spoke out of turn (%s)",
							type != NULL ? type->name : "unknown");
		session_violated(session, what);
		return;
	}
	if (packet->n_fds != type->n_fds ||
	    message_decode(type, packet->bytes, packet->length, &request) != 0) {
		session_violated(session, "sent a malformed message");
		return;
	}
	enum broker_state before = session->state;
	session->state = next;
	if (next == BROKER_STATE_STOPPING)
		g_debug("session %s: %s crossed TERMINATE", session->id, type->name);
	else if (packet->type == BROKER_NLA_PROOF && !session->offer_nla)
		session_violated(session, "used a door that was not offered");
	else if (packet->type == BROKER_LOGIN &&
		 (request.login.door == DOOR_NLA_TICKET) != (before == BROKER_STATE_PROVED))
		session_violated(session, "claimed another door than it came through");
	else
		act(session, packet->type, &request);
	message_clear(type, &request);
}

/* The end of a process is often heard of before its last message. */
static void hear_rest(struct broker_session *session)
{
	struct packet *packet = session->broker->packet;

	while (session->link_source != 0 &&
	       link_receive(worker_link(session->worker), packet, 0) == 0) {
		take_packet(session, packet);
		packet_clear(packet);
	}
}

static void process_gone(bool clean, const char *how, void *user_data)
{
	struct broker_session *session = user_data;

	hear_rest(session);
	session->worker = NULL;
	if (session->end_reason == END_NONE)
		g_warning("session %s: its process %s without a word", session->id, how);
	session_note_end(session, END_FAULT, how);
	finish(session);
}

static gboolean hear(int fd, GIOCondition condition, void *user_data)
{
	struct broker_session *session = user_data;
	struct packet *packet = session->broker->packet;
	int result = link_receive(fd, packet, 0);

	if (result == -ETIMEDOUT)
		return G_SOURCE_CONTINUE;
	if (result == 0) {
		/* May end or even forget the session; then this source is gone with it. */
		take_packet(session, packet);
		packet_clear(packet);
		return G_SOURCE_CONTINUE;
	}
	session->link_source = 0;
	if (result == -EPROTO)
		session_violated(session, "sent a malformed packet");
	else
		kill_within(session, EXIT_MS);
	return G_SOURCE_REMOVE;
}

static void process_given(struct worker *worker, void *user_data)
{
	struct broker_session *session = user_data;
	const struct broker_tools *tools = session->broker->tools;
	const struct config_gateway *config = &tools->config->gateway;
	char front[8];
	const struct broker_start start = {
		.session_id = session->id,
		.front = front,
		.viewer_address = session->from.text,
		.certificate_pem = tools->certificate_pem,
		.private_key_pem = tools->private_key_pem,
		.offer_nla = session->offer_nla,
		.greeted = strcmp(session->front, "vnc") == 0,
		.handshake_deadline_ms = config->handshake_deadline_ms,
		.max_width_px = config->max_width_px,
		.max_height_px = config->max_height_px,
	};

	g_strlcpy(front, session->front, sizeof front);
	session->worker = worker;
	session->state = BROKER_STATE_HANDSHAKE;
	worker_watch(worker, process_gone, session);
	session->link_source = g_unix_fd_add(worker_link(worker), G_IO_IN, hear, session);
	session_send(session, BROKER_START, &start, session->viewer_fd);
	close(session->viewer_fd);
	session->viewer_fd = -1;
}

void session_begin(struct broker_session *session)
{
	const struct broker_tools *tools = session->broker->tools;

	session->state = BROKER_STATE_STARTING;
	session_set_deadline(session, tools->config->gateway.handshake_deadline_ms);
	worker_pool_take(tools->pool, process_given, session);
}
