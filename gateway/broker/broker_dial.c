/* DIAL of one session: reaches the target, has the recording opened, then hands over socket and
 * secret; and what happens to the recording when the recorder goes and comes. It must not know how
 * a target is reached (dial.c) or how the recorder is spoken to (recorder_link.c). */
#include "gateway/broker/broker_session.h"

#include "base/secret.h"
#include "gateway/broker/note.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/** The recorder has to answer OPEN within this. */
#define RECORDER_ANSWERS_MS 10000
/** A session whose recorder is away too long ends by itself; one that does not is
 *  ended this much later. */
#define RECORDER_AWAY_GRACE_MS 30000u

static void put_on_record(struct broker_session *session, char *json)
{
	recorder_link_event(session->broker->tools->recorder, session->id, json);
	g_free(json);
}

/* ---- The answer ---- */

static void fail(struct broker_session *session, enum end_reason reason, const char *detail)
{
	char nothing[] = "";
	const struct broker_dial_answer no = {.reason = reason,
					      .host = nothing,
					      .account = nothing,
					      .domain = nothing,
					      .certificate_sha256 = nothing,
					      .ca_pem = nothing};
	const struct access *access = session->verdict.access;
	g_autofree char *note =
		note_texts("target", access->target.name, "account", access->account, "reason",
			   end_reason_key(reason), "detail", detail, NULL);

	g_warning("session %s does not reach %s: %s", session->id, access->target.name, detail);
	journal_audit(session->broker->tools->journal, access->login, "dial-failed", session->id,
		      session->from.text, note);
	/* The gateway knows better than the session process why it could not go on. */
	session_note_end(session, reason, detail);
	session->end_is_ours = true;
	session->state = BROKER_STATE_REFUSED;
	session_send(session, BROKER_DIAL_ANSWER, &no, -1);
}

static char *open_secret(const struct broker_session *session, GError **error)
{
	const struct access *access = session->verdict.access;
	g_autofree char *row = vault_account_row(access->target.name, access->account);
	gsize length = 0;
	const void *sealed = access->secret_sealed == NULL
				     ? NULL
				     : g_bytes_get_data(access->secret_sealed, &length);

	/* A VNC target may have no password at all. */
	if (length == 0)
		return secret_new("", 0);
	return vault_open(session->broker->tools->vault, row, sealed, length, NULL, error);
}

/* The one moment at which a target's secret leaves the gateway. */
static void hand_over(struct broker_session *session)
{
	struct access *access = session->verdict.access;
	const struct broker_empty empty = {0};
	g_autoptr(GError) error = NULL;
	autosecret password = open_secret(session, &error);
	const struct broker_dial_answer yes = {
		.host = access->target.host,
		.port = access->target.port,
		.account = access->account,
		.domain = access->domain,
		.password = password,
		.certificate_sha256 = access->target.certificate_sha256,
		.ca_pem = access->target.ca_pem,
		.security = access->target.security,
	};

	if (password == NULL) {
		fail(session, END_FAULT, error->message);
		return;
	}
	if (!message_fits(broker_message_type(BROKER_DIAL_ANSWER), &yes)) {
		fail(session, END_FAULT, "what is stored about the target is too long");
		return;
	}
	session->state = BROKER_STATE_OPEN;
	if (session_send(session, BROKER_RECORDER_LINK, &empty, session->record_fd) &&
	    session_send(session, BROKER_DIAL_ANSWER, &yes, -1))
		session_send(session, BROKER_TARGET_SOCKET, &empty, session->target_fd);
	close(session->record_fd);
	session->record_fd = -1;
	g_clear_pointer(&access->secret_sealed, g_bytes_unref);
}

/* ---- The recording ---- */

static gboolean recorder_silent(void *user_data)
{
	struct broker_session *session = user_data;

	session->recorder_timer = 0;
	if (session->state == BROKER_STATE_DIALLING)
		fail(session, END_RECORDER_LOST, "the recorder does not answer");
	else
		session_terminate(session, END_RECORDER_LOST, NULL,
				  "the recorder was away for too long");
	return G_SOURCE_REMOVE;
}

static void wait_for_recorder(struct broker_session *session, guint ms)
{
	g_clear_handle_id(&session->recorder_timer, g_source_remove);
	session->recorder_timer = g_timeout_add(ms, recorder_silent, session);
}

static int send_open(struct broker_session *session, bool resume, int recorder_end_fd)
{
	const struct config *config = session->broker->tools->config;
	struct access *access = session->verdict.access;
	g_autofree char *target_address =
		g_strdup_printf("%s:%u", access->target.host, access->target.port);
	char front[8], door[16];
	const struct recorder_open open = {
		.session_id = session->id,
		.resume = resume,
		.user = access->login,
		.viewer_address = session->from.text,
		.viewer_name = session->verdict.viewer_name,
		.target = access->target.name,
		.target_address = target_address,
		.account = access->account,
		.front = front,
		.back = access->target.protocol,
		.door = door,
		.node = config->node,
		.quality = access->policy.quality[0] != '\0' ? access->policy.quality
							     : config->recorder.quality,
		.opened_utc_us = session->verdict.opened_utc_us,
		.keys = access->policy.keys,
	};

	g_strlcpy(front, session->front, sizeof front);
	g_strlcpy(door, session->verdict.door, sizeof door);
	if (!message_fits(recorder_message_type(RECORDER_OPEN), &open))
		return -EMSGSIZE;
	return recorder_link_open(session->broker->tools->recorder, &open, recorder_end_fd);
}

/* Makes the link between session and recorder; the session's end is kept back until the recorder
 * has said yes. Returns 0 or -errno. */
static int ask_recorder(struct broker_session *session, bool resume)
{
	int fds[2];
	int result = link_pair(fds);

	if (result < 0)
		return result;
	result = send_open(session, resume, fds[0]);
	close(fds[0]);
	if (result < 0) {
		close(fds[1]);
		return result;
	}
	if (session->record_fd >= 0)
		close(session->record_fd);
	session->record_fd = fds[1];
	session->recording = RECORDING_ASKED;
	session->recorder_told = true;
	return 0;
}

static void record_beginning(struct broker_session *session)
{
	const struct access *access = session->verdict.access;

	put_on_record(session,
		      note_texts("type", "login", "user", access->login, "door",
				 session->verdict.door, "address", session->from.text, "viewer",
				 session->verdict.viewer_name, "keys", access->policy.keys, NULL));
	put_on_record(session, note_texts("type", "dial", "target", access->target.name, "account",
					  access->account, "result", "connected", NULL));
}

static void resume_recording(struct broker_session *session)
{
	const struct broker_empty empty = {0};

	g_message("session %s: the recording goes on", session->id);
	session_send(session, BROKER_RECORDER_LINK, &empty, session->record_fd);
	close(session->record_fd);
	session->record_fd = -1;
}

void session_recording_answer(struct broker_session *session, enum end_reason reason,
			      const char *detail)
{
	/* Later words on a recording that runs: it came to its end (full store, lying canvas),
	 * and so does the session. */
	if (session->recording == RECORDING_OPEN && reason != END_NONE) {
		session_terminate(session, reason, NULL, detail);
		return;
	}
	if (session->recording != RECORDING_ASKED)
		return;
	/* Being ended: the recorder hears CLOSE when it is over. */
	if (session->state == BROKER_STATE_STOPPING || session->state == BROKER_STATE_ENDED) {
		session->recording = reason == END_NONE ? RECORDING_OPEN : RECORDING_NONE;
		return;
	}
	g_clear_handle_id(&session->recorder_timer, g_source_remove);
	bool first = session->state == BROKER_STATE_DIALLING;
	if (reason == END_NONE) {
		session->recording = RECORDING_OPEN;
		if (first) {
			record_beginning(session);
			hand_over(session);
		} else {
			resume_recording(session);
		}
		return;
	}
	session->recording = RECORDING_NONE;
	if (first)
		fail(session, reason, detail);
	else
		session_terminate(session, reason, NULL, detail);
}

void session_recorder_down(struct broker_session *session)
{
	const struct config_gateway *gateway = &session->broker->tools->config->gateway;

	if (session->recording == RECORDING_NONE)
		return;
	if (session->state == BROKER_STATE_DIALLING) {
		g_clear_handle_id(&session->recorder_timer, g_source_remove);
		session->recording = RECORDING_NONE;
		fail(session, END_RECORDER_LOST, "the recorder went away");
		return;
	}
	session->recording = RECORDING_ASTRAY;
	if (session->recorder_timer == 0 &&
	    (session->state == BROKER_STATE_OPEN || session->state == BROKER_STATE_RUNNING))
		wait_for_recorder(session,
				  gateway->unrecorded_limit_s * 1000 + RECORDER_AWAY_GRACE_MS);
}

void session_recorder_up(struct broker_session *session)
{
	if (session->recording != RECORDING_ASTRAY ||
	    (session->state != BROKER_STATE_OPEN && session->state != BROKER_STATE_RUNNING))
		return;
	int result = ask_recorder(session, true);
	if (result < 0)
		g_warning("session %s: its recording cannot be resumed yet: %s", session->id,
			  g_strerror(-result));
}

/* ---- The way to the target ---- */

static void open_recording(struct broker_session *session)
{
	enum end_reason refusal = recorder_link_refusal(session->broker->tools->recorder);
	int result = refusal == END_NONE ? ask_recorder(session, false) : 0;

	if (refusal != END_NONE)
		fail(session, refusal, "the recorder takes no recording");
	else if (result < 0)
		fail(session, END_RECORDER_LOST, g_strerror(-result));
	else
		wait_for_recorder(session, RECORDER_ANSWERS_MS);
}

static void dialled(int fd, const char *detail, void *user_data)
{
	struct broker_session *session = user_data;

	session->dial = NULL;
	if (session->state != BROKER_STATE_DIALLING) {
		if (fd >= 0)
			close(fd);
		return;
	}
	session->target_fd = fd;
	if (fd >= 0)
		open_recording(session);
	else
		fail(session, END_TARGET_UNREACHABLE, detail);
}

void session_take_dial(struct broker_session *session)
{
	const struct broker_tools *tools = session->broker->tools;
	const struct target *target = &session->verdict.access->target;
	enum end_reason refusal = recorder_link_refusal(tools->recorder);

	/* No recorder, no session: not even a connection. */
	if (refusal != END_NONE) {
		fail(session, refusal, "the recorder takes no recording");
		return;
	}
	session->dial = dial_start(target->host, target->port,
				   tools->config->gateway.dial_timeout_ms, dialled, session);
}
