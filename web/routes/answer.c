/* What several routes need to answer: JSON, failures, audit records. */
#include "web/routes/route.h"

#include "sql/audit_store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define REASON_MAX_CHARACTERS 500

#define JSON_TYPE "application/json; charset=utf-8"

void route_json(struct route_call *call, unsigned status, json_t *body)
{
	char *text = json_dumps(body, JSON_COMPACT);

	json_decref(body);
	if (text == NULL) { /* a text that is not UTF-8, which the database does not hold */
		g_critical("web: an answer could not be written as JSON");
		http_answer_text(call->answer, 500, JSON_TYPE, "{\"error\":\"fault\"}");
		return;
	}
	http_answer_bytes(call->answer, status, JSON_TYPE,
			  g_bytes_new_with_free_func(text, strlen(text), free, text));
}

void route_fail(struct route_call *call, unsigned status, const char *key, const char *message)
{
	route_json(call, status, json_pack("{s:s, s:s}", "error", key, "message", message));
}

void route_db_failed(struct route_call *call, const GError *error)
{
	if (g_error_matches(error, DB_ERROR, DB_ERROR_AWAY)) {
		call->answer->retry_after_s = 2;
		route_fail(call, 503, "database-away",
			   "The database does not answer at the moment. Sessions go on and are "
			   "recorded; this page will work again when it is back.");
		return;
	}
	if (g_error_matches(error, DB_ERROR, DB_ERROR_MISSING)) {
		route_fail(call, 404, "not-found", "There is no such entry.");
		return;
	}
	if (g_error_matches(error, DB_ERROR, DB_ERROR_INVALID)) {
		route_fail(call, 400, "invalid", "A value in this request is not valid.");
		return;
	}
	g_warning("web: %s: %s", call->request->path, error->message);
	route_fail(call, 500, "fault", "An internal fault. The service's log says more.");
}

void route_recording_failed(struct route_call *call, const char *session_id, int result)
{
	g_warning("web: recording %s is in the database but cannot be read: %s", session_id,
		  g_strerror(-result));
	if (result == -ENOKEY)
		route_fail(call, 404, "no-key",
			   "This recording is encrypted, and no key of this console opens it.");
	else
		route_fail(call, 404, "lost", "This part of the recording is not in the store.");
}

json_t *route_body(struct route_call *call)
{
	const GByteArray *body = call->request->body;
	const char *type = call->request->header[HTTP_CONTENT_TYPE];

	/* A form on another site cannot send this type without asking first (CORS preflight). */
	if (type == NULL || g_ascii_strncasecmp(type, "application/json", 16) != 0) {
		route_fail(call, 415, "type", "The body must be application/json.");
		return NULL;
	}
	json_t *value =
		json_loadb((const char *)body->data, body->len, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(value))
		return value;
	json_decref(value);
	route_fail(call, 400, "json", "The body must be one JSON object.");
	return NULL;
}

char *route_reason(struct route_call *call, const char *message)
{
	const char *given;
	json_t *body = route_body(call);

	if (body == NULL)
		return NULL;
	char *reason = json_unpack(body, "{s:s}", "reason", &given) == 0
			       ? g_strstrip(g_strdup(given))
			       : NULL;
	json_decref(body);
	if (reason != NULL)
		g_strdelimit(reason, "\t\r\n", ' ');
	if (reason != NULL && reason[0] != '\0' &&
	    g_utf8_strlen(reason, -1) <= REASON_MAX_CHARACTERS)
		return reason;
	g_free(reason);
	route_fail(call, 400, "reason", message);
	return NULL;
}

bool route_audit_once(struct route_call *call, const char *action, const char *subject)
{
	g_autofree char *login = g_base64_encode(call->token_hash, sizeof(call->token_hash));
	g_autofree char *key = g_strdup_printf("%s %s %s", login, action, subject);
	g_autoptr(GError) error = NULL;

	if (!once_is_new(call->web->audited, key))
		return true;
	if (!audit_store_add(call->db, call->login->login, action, subject, call->request->source,
			     NULL, &error)) {
		route_db_failed(call, error);
		return false;
	}
	once_note(call->web->audited, key);
	return true;
}
