/** The route table: which request goes where, and what it takes to be let in. */
#pragma once

#include "sql/web_login_store.h"
#include "web/http/exchange.h"
#include "web/http/path.h"
#include "web/routes/rights.h"
#include "web/routes/web.h"

#include <jansson.h>

/** One request on its way through a route. */
struct route_call {
	struct web *web;
	const struct http_request *request;
	struct http_answer *answer;
	struct path_parts parts; /**< what stood where the pattern has stars */
	struct db *db;
	struct web_login *login;		  /**< NULL only on routes that take no right */
	uint8_t token_hash[WEB_TOKEN_HASH_BYTES]; /**< of the login's cookie; zeros without login */
	unsigned rights;
};

typedef void (*route_run)(struct route_call *call);

struct route {
	enum http_method method;
	const char *pattern;
	unsigned right; /**< enum right; 0: open to everybody */
	route_run run;
};

/** Every POST must carry the login's CSRF token, except the login itself. */
extern const struct route routes[];
extern const unsigned n_routes;

/** http_settings.handle: finds the route, the login and a database handle, runs it.
 *  `user_data` is the struct web. */
void route_dispatch(const struct http_request *request, struct http_answer *answer,
		    void *user_data);

/** Answers with JSON; takes `body`. */
void route_json(struct route_call *call, unsigned status, json_t *body);
/** {"error": key, "message": text}: key for the page, text for a person. */
void route_fail(struct route_call *call, unsigned status, const char *key, const char *message);
/** Turns a store's error into an answer: 503 when the database is away, 404, 400 or 500 else, and
 *  logs what is our fault. */
void route_db_failed(struct route_call *call, const GError *error);
/** A recording that the database knows cannot be read: `result` of recorder/reader says why. */
void route_recording_failed(struct route_call *call, const char *session_id, int result);

/** The body as a JSON object, new reference; NULL: already answered with 400 or 415. */
json_t *route_body(struct route_call *call);

/** The body's "reason", in one line, without blanks around it, 1 to 500 characters; g_free it.
 *  NULL: already answered with `message`. */
char *route_reason(struct route_call *call, const char *message);

/** What somebody asks the console to do, and what the audit trail says about it. */
struct route_act {
	const char *action, *subject;
	json_t *detail;	   /**< may be NULL; its reference is taken */
	const char *actor; /**< NULL: the login */
	/** Does it in the database. Inside a transaction. */
	bool (*run)(struct route_call *call, const void *user, GError **error);
	const void *user;
};
/** Does it and writes its audit record, in one transaction. False and DB_ERROR, not answered yet:
 *  nothing was done, and where there is a database "ACTION-refused" was recorded instead, with
 *  why. */
bool route_do(struct route_call *call, const struct route_act *act, GError **error);

/** For what is only read: writes an audit record in the name of the login, once per login, action
 *  and subject within some minutes, because a page asks again and again. False: already
 *  answered; then do not show it. */
bool route_audit_once(struct route_call *call, const char *action, const char *subject);

/** Who is asking, by the cookie: fills login, token_hash and rights. False only when the database
 *  failed (already answered). */
bool route_find_login(struct route_call *call);

/** What the rows of `routes` run, one file per route. Each answers every call, on a worker
 *  thread. */
void route_login(struct route_call *call);
void route_logout(struct route_call *call);
void route_me(struct route_call *call);
void route_sessions(struct route_call *call);
void route_session(struct route_call *call);
void route_terminate(struct route_call *call);
void route_live(struct route_call *call);
void route_playlist(struct route_call *call);
void route_media(struct route_call *call);
void route_timeline(struct route_call *call);
void route_keeping(struct route_call *call);
void route_hold(struct route_call *call);
void route_release(struct route_call *call);
void route_deletion_request(struct route_call *call);
void route_deletion_approve(struct route_call *call);
void route_deletion_withdraw(struct route_call *call);
void route_exports(struct route_call *call);
void route_export_request(struct route_call *call);
void route_export_cancel(struct route_call *call);
void route_export_file(struct route_call *call);
void route_export_certificate(struct route_call *call);
void route_export_timeline(struct route_call *call);
void route_audit_list(struct route_call *call);
void route_health(struct route_call *call);
void route_metrics(struct route_call *call);
void route_console_page(struct route_call *call);
void route_verify_page(struct route_call *call);
void route_console_file(struct route_call *call);
