/* NLA_PROOF and LOGIN of one session: puts the question to a thread, holds refusals back, and moves
 * the state on. It must not know how a login is decided (login.c, ticket_door.c). */
#include "gateway/broker/broker_session.h"

#include "base/clock.h"
#include "base/secret.h"
#include "gateway/broker/login_name.h"
#include "gateway/broker/note.h"
#include "gateway/broker/ticket_door.h"

#include <string.h>

/** Every refusal takes at least this long, so that its time tells nothing about its cause. */
#define REFUSAL_US 1000000u
/** From the verdict to the first picture: the back has a deadline for each of its stages, this
 *  one catches the rest. */
#define OPEN_WITHIN_MS 120000u

struct login_job {
	struct login_request request;
	struct login_verdict verdict;
};

struct proof_job {
	struct ticket_proof proof;
	struct ticket *ticket;
	uint8_t ntowfv2[NT_HASH_BYTES];
};

static guint after_us(uint64_t us, GSourceFunc run, void *user_data)
{
	return g_timeout_add((guint)((us + 999) / 1000), run, user_data);
}

/* Whom the try is aimed at: "alice@anything" is looked up as alice, too, so each domain must not
 * be a name of its own. */
static char *who_tries(const char *typed)
{
	struct login_name name;

	if (!login_name_parse(typed, "", &name))
		return g_strdup(typed);
	char *bare = g_strdup(name.bare);
	login_name_clear(&name);
	return bare;
}

/* Where a try stands in line. BACKOFF_REFUSE: it is refused without being looked at. */
static uint64_t stand_in_line(struct broker_session *session, const char *typed)
{
	uint64_t now_us = clock_now_us();

	g_free(session->backoff_user);
	session->backoff_user = who_tries(typed);
	uint64_t wait_us = backoff_begin(session->broker->tools->backoff, session->from.source,
					 session->backoff_user, now_us);
	session->answer_not_before_us =
		now_us + REFUSAL_US + (wait_us == BACKOFF_REFUSE ? 0 : wait_us);
	return wait_us;
}

static void count_failure(struct broker_session *session)
{
	backoff_failed(session->broker->tools->backoff, session->from.source, session->backoff_user,
		       clock_now_us());
}

/* ---- Refusals ---- */

static gboolean refuse_now(void *user_data)
{
	struct broker_session *session = user_data;
	char nothing[] = "";
	const struct broker_login_answer no = {.reason = session->verdict.reason,
					       .user = nothing,
					       .target = nothing,
					       .back = nothing,
					       .banner = nothing};
	const struct broker_nla_answer no_proof = {0};

	session->answer_timer = 0;
	if (session->state == BROKER_STATE_PROVING) {
		session->state = BROKER_STATE_REFUSED;
		session_send(session, BROKER_NLA_ANSWER, &no_proof, -1);
	} else {
		session->state = BROKER_STATE_REFUSED;
		session_send(session, BROKER_LOGIN_ANSWER, &no, -1);
	}
	return G_SOURCE_REMOVE;
}

static void refuse(struct broker_session *session, enum end_reason reason)
{
	uint64_t now_us = clock_now_us();

	session->verdict.reason = reason;
	session->answer_timer = after_us(
		session->answer_not_before_us > now_us ? session->answer_not_before_us - now_us : 0,
		refuse_now, session);
}

static void refuse_unseen(struct broker_session *session)
{
	g_autofree char *detail = note_texts("session", session->id, "why", "too-many-failures",
					     "typed", session->backoff_user, NULL);

	journal_audit(session->broker->tools->journal, "", "login-refused", "", session->from.text,
		      detail);
	refuse(session, END_REFUSED);
}

/* ---- NLA_PROOF ---- */

static void check_proof(struct db *db, void *data)
{
	struct proof_job *job = data;

	job->ticket = ticket_door_check(db, &job->proof, job->ntowfv2);
}

static void accept_proof(struct broker_session *session, struct proof_job *job)
{
	struct broker_nla_answer yes = {.ok = 1};

	memcpy(yes.ntowfv2, job->ntowfv2, sizeof yes.ntowfv2);
	session->ticket = g_steal_pointer(&job->ticket);
	session->state = BROKER_STATE_PROVED;
	session_send(session, BROKER_NLA_ANSWER, &yes, -1);
	secret_wipe(&yes, sizeof yes);
}

static void proof_checked(void *data, void *user_data)
{
	struct proof_job *job = data;
	struct broker_session *session = broker_find(user_data, job->proof.session_id);

	if (session != NULL && session->state == BROKER_STATE_PROVING) {
		if (job->ticket != NULL) {
			backoff_succeeded(session->broker->tools->backoff, session->from.source,
					  session->backoff_user);
			accept_proof(session, job);
		} else {
			count_failure(session);
			refuse(session, END_REFUSED);
		}
	}
	ticket_free(job->ticket);
	ticket_proof_clear(&job->proof);
	secret_wipe(job->ntowfv2, sizeof job->ntowfv2);
	g_free(job);
}

static void push_proof(struct broker_session *session, struct proof_job *job)
{
	jobs_push(session->broker->tools->lookups, job, check_proof, proof_checked);
}

/* A job that waits in line lives in this closure; when the session goes first, the timer's
 * destroy function frees it. */
struct waiting {
	struct broker_session *session;
	struct login_job *login;
	struct proof_job *proof;
};

static void push_login(struct broker_session *session, struct login_job *job);

static gboolean line_is_over(void *user_data)
{
	struct waiting *waiting = user_data;

	waiting->session->answer_timer = 0;
	if (waiting->login != NULL)
		push_login(waiting->session, g_steal_pointer(&waiting->login));
	else
		push_proof(waiting->session, g_steal_pointer(&waiting->proof));
	return G_SOURCE_REMOVE;
}

static void login_job_free(struct login_job *job)
{
	login_request_clear(&job->request);
	login_verdict_clear(&job->verdict);
	g_free(job);
}

static void waiting_free(void *data)
{
	struct waiting *waiting = data;

	if (waiting->login != NULL)
		login_job_free(waiting->login);
	if (waiting->proof != NULL) {
		ticket_proof_clear(&waiting->proof->proof);
		g_free(waiting->proof);
	}
	g_free(waiting);
}

static void wait_in_line(struct broker_session *session, uint64_t wait_us, struct login_job *login,
			 struct proof_job *proof)
{
	struct waiting *waiting = g_new(struct waiting, 1);

	*waiting = (struct waiting){session, login, proof};
	session->answer_timer =
		g_timeout_add_full(G_PRIORITY_DEFAULT, (guint)((wait_us + 999) / 1000),
				   line_is_over, waiting, waiting_free);
}

void session_take_proof(struct broker_session *session, struct broker_nla_proof *proof)
{
	uint64_t wait_us = stand_in_line(session, proof->user);

	if (wait_us == BACKOFF_REFUSE) {
		refuse_unseen(session);
		return;
	}
	struct proof_job *job = g_new0(struct proof_job, 1);
	job->proof = (struct ticket_proof){
		.vault = session->broker->tools->vault,
		.hasher = session->broker->tools->hasher,
		.session_id = g_strdup(session->id),
		.viewer_address = g_strdup(session->from.text),
		.said = *proof,
	};
	memset(proof, 0, sizeof *proof);
	if (wait_us == 0)
		push_proof(session, job);
	else
		wait_in_line(session, wait_us, NULL, job);
}

/* ---- LOGIN ---- */

static void decide(struct db *db, void *data)
{
	struct login_job *job = data;

	login_decide(db, &job->request, &job->verdict);
}

static void announce(struct broker_session *session)
{
	const struct access *access = session->verdict.access;
	const struct config_gateway *gateway = &session->broker->tools->config->gateway;
	const struct broker_login_answer yes = {.allowed = 1,
						.user = access->login,
						.target = access->target.name,
						.back = access->target.protocol,
						.banner = access->policy.banner,
						.idle_limit_s = access->policy.idle_limit_s,
						.keys_off = strcmp(access->policy.keys, "off") == 0,
						.unrecorded_limit_s = gateway->unrecorded_limit_s};

	g_message("session %s: %s from %s may go to %s as %s", session->id, access->login,
		  session->from.text, access->target.name, access->account);
	session->state = BROKER_STATE_ADMITTED;
	session_set_deadline(session, OPEN_WITHIN_MS);
	session_send(session, BROKER_LOGIN_ANSWER, &yes, -1);
}

static void settle(struct broker_session *session, struct login_verdict *verdict)
{
	const struct broker_tools *tools = session->broker->tools;

	session->verdict = *verdict;
	*verdict = (struct login_verdict){0};
	if (session->verdict.reason == END_NONE) {
		backoff_succeeded(tools->backoff, session->from.source, session->backoff_user);
		announce(session);
		return;
	}
	if (session->verdict.reason == END_REFUSED)
		count_failure(session);
	g_debug("session %s: login refused (%s)", session->id, session->verdict.why);
	refuse(session, session->verdict.reason);
}

/* The row of a session whose viewer left while it was decided is ended here: nobody else knows of
 * it. */
static void abandon(struct broker *broker, const struct login_job *job)
{
	if (job->verdict.reason == END_NONE)
		journal_end(broker->tools->journal, job->request.session_id, clock_utc_us(),
			    END_VIEWER_LEFT, "before it was told that it may go on",
			    job->verdict.access->login, job->request.viewer_address);
}

static void decided(void *data, void *user_data)
{
	struct login_job *job = data;
	struct broker_session *session = broker_find(user_data, job->request.session_id);

	if (session != NULL && session->state == BROKER_STATE_LOGGING_IN)
		settle(session, &job->verdict);
	else
		abandon(user_data, job);
	login_job_free(job);
}

static void push_login(struct broker_session *session, struct login_job *job)
{
	jobs_push(session->broker->tools->logins, job, decide, decided);
}

void session_take_login(struct broker_session *session, struct broker_login *login)
{
	uint64_t wait_us = stand_in_line(session, login->user);

	if (wait_us == BACKOFF_REFUSE) {
		refuse_unseen(session);
		return;
	}
	struct login_job *job = g_new0(struct login_job, 1);
	job->request = (struct login_request){
		.proven = session->broker->tools->proven,
		.session_id = g_strdup(session->id),
		.node = g_strdup(session->broker->tools->config->node),
		.front = g_strdup(session->front),
		.viewer_address = g_strdup(session->from.text),
		.said = *login,
		.ticket = g_steal_pointer(&session->ticket),
	};
	memset(login, 0, sizeof *login);
	if (wait_us == 0)
		push_login(session, job);
	else
		wait_in_line(session, wait_us, job, NULL);
}
