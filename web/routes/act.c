/* Acts at the console and their audit records: both are kept or neither. It must not
 * know what an act does. */
#include "web/routes/route.h"

#include "sql/audit_store.h"

#include <stdlib.h>

#define REFUSED "-refused"

static bool record(struct route_call *call, const struct route_act *act, const char *action,
		   json_t *detail, GError **error)
{
	const char *actor = act->actor != NULL ? act->actor : call->login->login;
	char *text = detail != NULL ? json_dumps(detail, JSON_COMPACT) : NULL;
	bool written = audit_store_add(call->db, actor, action, act->subject, call->request->source,
				       text, error);

	free(text);
	return written;
}

/* The act comes first: it takes the row's lock and the record that of the trail's counter, which is
 * the order in which a recorder takes them. */
static bool run_together(struct route_call *call, const struct route_act *act, GError **error)
{
	if (!db_begin(call->db, error))
		return false;
	if (act->run(call, act->user, error) &&
	    record(call, act, act->action, act->detail, error) && db_commit(call->db, error))
		return true;
	db_rollback(call->db);
	return false;
}

static const char *refusal_key(const GError *why)
{
	if (g_error_matches(why, DB_ERROR, DB_ERROR_MISSING))
		return "missing";
	if (g_error_matches(why, DB_ERROR, DB_ERROR_CONFLICT))
		return "conflict";
	if (g_error_matches(why, DB_ERROR, DB_ERROR_INVALID))
		return "invalid";
	return "fault";
}

static void record_refusal(struct route_call *call, const struct route_act *act, const GError *why)
{
	g_autofree char *action = g_strconcat(act->action, REFUSED, NULL);
	g_autoptr(GError) error = NULL;
	json_t *detail = act->detail != NULL ? json_copy(act->detail) : json_object();

	json_object_set_new(detail, "refused", json_string(refusal_key(why)));
	if (!record(call, act, action, detail, &error))
		g_warning("web: a refused act is not in the audit trail: %s", error->message);
	json_decref(detail);
}

bool route_do(struct route_call *call, const struct route_act *act, GError **error)
{
	GError *why = NULL;
	bool done = run_together(call, act, &why);

	/* Without a database nothing was done, and nobody is there to write it down. */
	if (!done && !g_error_matches(why, DB_ERROR, DB_ERROR_AWAY))
		record_refusal(call, act, why);
	json_decref(act->detail);
	if (!done)
		g_propagate_error(error, why);
	return done;
}
