/* Questions to the gateway that a front waits for: a one-time password's proof, and the login. It
 * decides nothing itself; silence, a lost gateway and nonsense are all refusals. */
#include "gateway/session/session_priv.h"

#include "base/secret.h"

#include <errno.h>

/* Sends and waits for the link thread to put the answer down. Returns 0; -EINVAL when the question
 * breaks a limit; -EPIPE when there is nobody to ask; -ETIMEDOUT. */
static int ask_locked(struct session *s, enum question_state *state, enum broker_type type,
		      const void *question)
{
	gint64 deadline_us = g_get_monotonic_time() + (gint64)s->handshake_deadline_ms * 1000;

	if (*state != QUESTION_IDLE || s->end_reason != END_NONE)
		return -EPIPE;
	int result = broker_send_locked(s, type, question);
	if (result < 0)
		return result;
	*state = QUESTION_ASKED;
	bool in_time = true;
	while (*state == QUESTION_ASKED && s->end_reason == END_NONE && in_time)
		in_time = monitor_wait_until(&s->monitor, deadline_us);
	if (*state == QUESTION_ANSWERED)
		return 0;
	*state = QUESTION_DEAD;
	return in_time ? -EPIPE : -ETIMEDOUT;
}

bool session_nla_proof(struct session *session, const struct broker_nla_proof *proof,
		       uint8_t ret_ntowfv2[16])
{
	monitor_enter(&session->monitor);
	bool ok = ask_locked(session, &session->nla, BROKER_NLA_PROOF, proof) == 0;
	if (ok) {
		ok = session->nla_answer.ok == 1;
		if (ok)
			memcpy(ret_ntowfv2, session->nla_answer.ntowfv2, 16);
		secret_wipe(&session->nla_answer, sizeof session->nla_answer);
		session->nla = QUESTION_IDLE;
	}
	monitor_leave(&session->monitor);
	return ok;
}

static enum end_reason refusal_of(int result, const struct broker_login_answer *answer)
{
	if (result == -EINVAL)
		return END_REFUSED;
	if (result < 0)
		return END_UNAVAILABLE;
	return answer->reason > END_NONE && answer->reason < END_REASON_COUNT
		       ? (enum end_reason)answer->reason
		       : END_REFUSED;
}

void session_login(struct session *session, const struct broker_login *login,
		   struct session_verdict *ret_verdict)
{
	const struct broker_login_answer *answer = &session->login_answer;
	struct session_verdict verdict = {0};

	monitor_enter(&session->monitor);
	int result = ask_locked(session, &session->login, BROKER_LOGIN, login);
	if (result == 0 && answer->allowed == 1) {
		verdict.allowed = true;
		verdict.user = g_strdup(answer->user);
		verdict.target = g_strdup(answer->target);
		verdict.back = g_strdup(answer->back);
		verdict.banner = g_strdup(answer->banner);
		verdict.idle_limit_s = answer->idle_limit_s;
	} else {
		verdict.reason = refusal_of(result, answer);
	}
	monitor_leave(&session->monitor);
	*ret_verdict = verdict;
}

void session_verdict_clear(struct session_verdict *verdict)
{
	g_free(verdict->user);
	g_free(verdict->target);
	g_free(verdict->back);
	g_free(verdict->banner);
	*verdict = (struct session_verdict){0};
}
