/* /api/recordings/ID/keeping, /hold, /release, /deletion, /deletion/approve, /deletion/withdraw:
 * what keeps a recording, and what ends it. The rules stand in the database; nothing is deleted
 * here. */
#include "web/routes/route.h"

#include "sql/deletion_store.h"

static json_t *act_json(const char *reason, const char *by, uint64_t utc_us)
{
	return by[0] == '\0' ? json_null()
			     : json_pack("{s:s, s:s, s:I}", "reason", reason, "by", by, "utc_us",
					 (json_int_t)utc_us);
}

void route_keeping(struct route_call *call)
{
	const char *id = call->parts.part[0];
	autorow(keeping) keeping = NULL;
	g_autoptr(GError) error = NULL;

	if (!path_is_uuid(id)) {
		route_fail(call, 404, "not-found", "There is no such recording.");
	} else if (!deletion_store_keeping(call->db, id, &keeping, &error)) {
		route_db_failed(call, error);
	} else if (keeping == NULL) {
		route_fail(call, 404, "not-found", "There is no recording of this session.");
	} else {
		json_t *order =
			act_json(keeping->order_reason, keeping->order_by, keeping->order_utc_us);
		if (json_is_object(order))
			json_object_set_new(order, "approved_by",
					    json_string(keeping->order_approved_by));
		route_json(call, 200,
			   json_pack("{s:s, s:o, s:o}", "class", keeping->class, "hold",
				     act_json(keeping->hold_reason, keeping->hold_by,
					      keeping->hold_utc_us),
				     "order", order));
	}
}

/* What the database refused, in words for who asked. */
static void answer_refusal(struct route_call *call, const GError *error, const char *missing)
{
	if (g_error_matches(error, DB_ERROR, DB_ERROR_MISSING))
		route_fail(call, 409, "missing", missing);
	else if (g_error_matches(error, DB_ERROR, DB_ERROR_CONFLICT))
		route_fail(call, 409, "conflict",
			   "Not now: it is under legal hold, asked for already, or deleted.");
	else if (g_error_matches(error, DB_ERROR, DB_ERROR_INVALID))
		route_fail(call, 409, "two-people",
			   "Somebody other than the person who asked must approve.");
	else
		route_db_failed(call, error);
}

typedef bool (*keep_fn)(struct db *db, const char *session_id, const char *reason, const char *by,
			GError **error);

struct keep_order {
	keep_fn act;
	const char *reason; /**< NULL: it takes none */
};

static bool keep(struct route_call *call, const void *user, GError **error)
{
	const struct keep_order *order = user;

	return order->act(call->db, call->parts.part[0], order->reason, call->login->login, error);
}

static void run(struct route_call *call, const char *action, const struct keep_order *order,
		const char *missing)
{
	g_autoptr(GError) error = NULL;
	const char *id = call->parts.part[0];

	if (!path_is_uuid(id)) {
		route_fail(call, 404, "not-found", "There is no such recording.");
		return;
	}
	const struct route_act act = {
		.action = action,
		.subject = id,
		.detail =
			order->reason != NULL ? json_pack("{s:s}", "reason", order->reason) : NULL,
		.run = keep,
		.user = order,
	};
	if (route_do(call, &act, &error))
		route_json(call, 200, json_object());
	else
		answer_refusal(call, error, missing);
}

static void run_with_reason(struct route_call *call, const char *action, keep_fn act)
{
	g_autofree char *reason =
		route_reason(call, "Please say why, in at most 500 characters; it is kept.");
	const struct keep_order order = {act, reason};

	if (reason != NULL)
		run(call, action, &order, "There is no recording of this session.");
}

static void run_without(struct route_call *call, const char *action, keep_fn act,
			const char *missing)
{
	const struct keep_order order = {act, NULL};

	run(call, action, &order, missing);
}

void route_hold(struct route_call *call)
{
	run_with_reason(call, "recording-hold", deletion_store_hold);
}

void route_deletion_request(struct route_call *call)
{
	run_with_reason(call, "recording-delete-request", deletion_store_request);
}

static bool release(struct db *db, const char *id, const char *reason, const char *by,
		    GError **error)
{
	return deletion_store_release(db, id, by, error);
}

void route_release(struct route_call *call)
{
	run_without(call, "recording-release", release, "No hold is in force.");
}

static bool approve(struct db *db, const char *id, const char *reason, const char *by,
		    GError **error)
{
	return deletion_store_approve(db, id, by, error);
}

void route_deletion_approve(struct route_call *call)
{
	run_without(call, "recording-delete-approve", approve, "No request waits.");
}

static bool withdraw(struct db *db, const char *id, const char *reason, const char *by,
		     GError **error)
{
	return deletion_store_withdraw(db, id, error);
}

void route_deletion_withdraw(struct route_call *call)
{
	run_without(call, "recording-delete-withdraw", withdraw, "No request waits.");
}
