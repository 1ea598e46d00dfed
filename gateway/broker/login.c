/* Logins against the database. It must not know the session process, nor how long an answer is held
 * back. */
#include "gateway/broker/login.h"

#include "base/clock.h"
#include "base/password.h"
#include "gateway/broker/login_name.h"
#include "gateway/broker/note.h"
#include "sql/audit_store.h"
#include "sql/session_store.h"
#include "sql/user_store.h"

#include <string.h>

/* Where the next word of the reason is written; a database error beats every other outcome. */
struct attempt {
	struct db *db;
	const struct login_request *request;
	struct login_name name;
	struct user *user;
	struct access *access;
	const char *why; /* NULL while nothing speaks against it */
	bool unavailable;
};

static void note_error(struct attempt *attempt, GError **error)
{
	/* A name that no row can hold is simply not there. */
	if (g_error_matches(*error, DB_ERROR, DB_ERROR_INVALID)) {
		g_clear_error(error);
		return;
	}
	if (!attempt->unavailable)
		g_warning("a login cannot be decided: %s", (*error)->message);
	attempt->unavailable = true;
	g_clear_error(error);
}

static void object(struct attempt *attempt, const char *why)
{
	if (attempt->why == NULL)
		attempt->why = why;
}

static void find_user(struct attempt *attempt, const char *login)
{
	g_autoptr(GError) error = NULL;

	if (attempt->user == NULL && !attempt->unavailable &&
	    !user_store_login(attempt->db, login, &attempt->user, &error))
		note_error(attempt, &error);
}

/* "alice@corp" may be a login as it stands, or alice of a domain. */
static void check_user(struct attempt *attempt)
{
	const struct login_name *name = &attempt->name;

	find_user(attempt, name->login);
	if (strcmp(name->bare, name->login) != 0)
		find_user(attempt, name->bare);
	if (attempt->user == NULL)
		object(attempt, "unknown-user");
	else if (attempt->user->disabled)
		object(attempt, "disabled-user");
}

static bool verify(const struct attempt *attempt, const char *password)
{
	struct proven *proven = attempt->request->proven;
	const struct user *user = attempt->user;

	/* What will be refused anyway takes the long way: its time must not tell that
	 * the password is right. */
	if (attempt->why == NULL &&
	    proven_check(proven, user->login, user->password_hash, password, clock_now_us()))
		return true;
	if (!password_verify(user->password_hash, password))
		return false;
	proven_note(proven, user->login, user->password_hash, password, clock_now_us());
	return true;
}

/* A refusal costs one argon2 run, whatever is known by now. A wrong password goes on record before
 * a target that is not granted. */
static void check_password(struct attempt *attempt, bool user_ok)
{
	const char *password = attempt->request->said.password;
	bool known = attempt->user != NULL && attempt->user->password_hash != NULL;
	bool right = known ? verify(attempt, password) : password_verify_nobody(password);

	if (!right && user_ok)
		attempt->why = "wrong-password";
}

static bool same_name(const char *a, const char *b)
{
	g_autofree char *folded_a = g_utf8_casefold(a, -1);
	g_autofree char *folded_b = g_utf8_casefold(b, -1);

	return strcmp(folded_a, folded_b) == 0;
}

/* A ticket opens one account at one target for one user: a name may repeat that, not widen it. */
static void check_ticket(struct attempt *attempt)
{
	const struct ticket *ticket = attempt->request->ticket;
	const struct login_name *name = &attempt->name;

	if (!same_name(ticket->login, name->login) && !same_name(ticket->login, name->bare))
		object(attempt, "other-user");
	if ((*name->target != '\0' && !same_name(ticket->target, name->target)) ||
	    (*name->account != '\0' && !same_name(ticket->account, name->account)))
		object(attempt, "other-target");
}

/* Asked in every case, so that a wrong password takes as long as a target that is not granted. */
static void check_access(struct attempt *attempt)
{
	const struct ticket *ticket = attempt->request->ticket;
	const char *login = attempt->user != NULL ? attempt->user->login : attempt->name.login;
	const char *account = ticket != NULL ? ticket->account : attempt->name.account;
	const char *target = ticket != NULL ? ticket->target : attempt->name.target;
	g_autoptr(GError) error = NULL;
	unsigned matches = 0;

	if (attempt->unavailable)
		return;
	if (!target_store_resolve(attempt->db, login, account, target, &attempt->access, &matches,
				  &error))
		note_error(attempt, &error);
	if (matches == 0)
		object(attempt, "target-not-granted");
	else if (attempt->access == NULL)
		object(attempt, "target-not-clear");
}

static const char *door_name(const struct login_request *request)
{
	return request->ticket != NULL ? "nla-ticket" : "password";
}

static bool write_refusal(struct attempt *attempt, GError **error)
{
	const struct login_request *request = attempt->request;
	g_autofree char *detail =
		note_texts("session", request->session_id, "why", attempt->why, "typed",
			   request->said.user, "shell", request->said.alternate_shell, "door",
			   door_name(request), "front", request->front, NULL);

	return audit_store_add(attempt->db, attempt->user != NULL ? attempt->user->login : "",
			       "login-refused", attempt->name.target, request->viewer_address,
			       detail, error);
}

static bool write_session(struct attempt *attempt, uint64_t opened_utc_us, GError **error)
{
	const struct login_request *request = attempt->request;
	struct access *access = attempt->access;
	char *door = (char *)(uintptr_t)door_name(request);
	const struct session_row row = {
		.id = request->session_id,
		.node = request->node,
		.login = access->login,
		.target = access->target.name,
		.account = access->account,
		.front = request->front,
		.back = access->target.protocol,
		.door = door,
		.viewer_address = request->viewer_address,
		.viewer_name = request->said.viewer_name,
		.opened_utc_us = opened_utc_us,
	};

	return session_store_open(attempt->db, &row, error);
}

static bool write_admission(struct attempt *attempt, uint64_t opened_utc_us, GError **error)
{
	const struct login_request *request = attempt->request;
	const struct access *access = attempt->access;
	g_autofree char *detail =
		note_texts("target", access->target.name, "account", access->account, "door",
			   door_name(request), "front", request->front, "viewer",
			   request->said.viewer_name, NULL);

	return audit_store_add(attempt->db, access->login, "session-open", request->session_id,
			       request->viewer_address, detail, error) &&
	       write_session(attempt, opened_utc_us, error) &&
	       user_store_note_login(attempt->db, access->login, error);
}

static void write_down(struct attempt *attempt, uint64_t opened_utc_us)
{
	g_autoptr(GError) error = NULL;

	if (attempt->unavailable)
		return;
	bool ok = attempt->why != NULL ? write_refusal(attempt, &error)
				       : write_admission(attempt, opened_utc_us, &error);
	if (!ok) {
		g_warning("a login cannot be written down: %s", error->message);
		attempt->unavailable = true;
	}
}

static void examine(struct attempt *attempt)
{
	const struct broker_login *said = &attempt->request->said;

	if (!login_name_parse(said->user, said->alternate_shell, &attempt->name)) {
		object(attempt, "no-name");
		attempt->name = (struct login_name){g_strdup("?"), g_strdup("?"), g_strdup(""),
						    g_strdup("")};
	}
	check_user(attempt);
	bool user_ok = attempt->why == NULL;
	if (attempt->request->ticket != NULL)
		check_ticket(attempt);
	check_access(attempt);
	if (attempt->request->ticket == NULL)
		check_password(attempt, user_ok);
}

void login_decide(struct db *db, const struct login_request *request, struct login_verdict *ret)
{
	struct attempt attempt = {.db = db, .request = request};
	uint64_t now_utc_us = clock_utc_us();

	examine(&attempt);
	write_down(&attempt, now_utc_us);
	*ret = (struct login_verdict){
		.reason = attempt.unavailable	? END_UNAVAILABLE
			  : attempt.why != NULL ? END_REFUSED
						: END_NONE,
		.why = attempt.unavailable ? "database" : attempt.why,
		.door = door_name(request),
		.viewer_name = g_strdup(request->said.viewer_name),
		.opened_utc_us = now_utc_us,
	};
	if (ret->reason == END_NONE)
		ret->access = g_steal_pointer(&attempt.access);
	access_free(attempt.access);
	user_free(attempt.user);
	login_name_clear(&attempt.name);
}

void login_request_clear(struct login_request *request)
{
	g_free(request->session_id);
	g_free(request->node);
	g_free(request->front);
	g_free(request->viewer_address);
	message_clear(broker_message_type(BROKER_LOGIN), &request->said);
	ticket_free(request->ticket);
	*request = (struct login_request){0};
}

void login_verdict_clear(struct login_verdict *verdict)
{
	access_free(verdict->access);
	g_free(verdict->viewer_name);
	*verdict = (struct login_verdict){0};
}
