/* Statements about the audit trail: one that adds, two that read. There is no other. */
#include "sql/audit_store.h"

#include "base/clock.h"
#include "sql/db_query.h"

#include <jansson.h>

void audit_row_free(struct audit_row *row)
{
	if (row == NULL)
		return;
	g_free(row->program);
	g_free(row->actor);
	g_free(row->action);
	g_free(row->subject);
	g_free(row->address);
	g_free(row->detail);
	g_free(row);
}

bool audit_store_add(struct db *db, const char *actor, const char *action, const char *subject,
		     const char *address, const char *detail, GError **error)
{
	struct db_params params = {0};

	param_name(&params, actor);
	param_text(&params, action);
	param_name(&params, subject);
	param_name(&params, address);
	param_text(&params, detail != NULL && detail[0] != '\0' ? detail : "{}");
	return db_do(db, "write an audit record",
		     "INSERT INTO audit (actor, action, subject, address, detail)"
		     " VALUES ($1, $2, $3, $4, $5)",
		     &params, ROWS_ONE, NULL, error);
}

static gpointer read_audit(struct db_row *row)
{
	struct audit_row *audit = g_new0(struct audit_row, 1);

	audit->number = row_u64(row);
	audit->at_utc_us = row_u64(row);
	audit->program = row_text(row);
	audit->actor = row_text(row);
	audit->action = row_text(row);
	audit->subject = row_text(row);
	audit->address = row_text(row);
	audit->detail = row_text(row);
	return audit;
}

#define AUDIT_FILTER                                                                               \
	" FROM audit WHERE ($1::text IS NULL OR lower(actor) = lower($1))"                         \
	" AND ($2::text IS NULL OR action = $2)"                                                   \
	" AND ($3::text IS NULL OR lower(subject) = lower($3))"                                    \
	" AND ($4::bigint IS NULL OR at >= at_utc_us($4))"                                         \
	" AND ($5::bigint IS NULL OR at < at_utc_us($5))"

static void param_filter(struct db_params *params, const struct audit_filter *filter)
{
	param_text(params, filter->actor);
	param_text(params, filter->action);
	param_text(params, filter->subject);
	param_time(params, filter->from_utc_us);
	param_time(params, filter->until_utc_us);
}

bool audit_store_list(struct db *db, const struct audit_filter *filter, GPtrArray **ret,
		      uint64_t *ret_total, GError **error)
{
	struct db_params params = {0}, count_params = {0};

	param_filter(&count_params, filter);
	if (ret_total != NULL &&
	    !db_count(db, "count audit records", "SELECT count(*)" AUDIT_FILTER, &count_params,
		      ret_total, error))
		return false;
	param_filter(&params, filter);
	param_page(&params, &filter->page);
	PGresult *result =
		db_say(db, "read the audit trail",
		       "SELECT number, utc_us(at), program, actor, action, subject, address, "
		       "detail" AUDIT_FILTER " ORDER BY number DESC LIMIT $6 OFFSET $7",
		       &params, ROWS_ANY, error);
	if (result == NULL)
		return false;
	*ret = rows_take(result, read_audit, (GDestroyNotify)audit_row_free);
	return true;
}

bool audit_store_after(struct db *db, uint64_t after, uint32_t limit, GPtrArray **ret,
		       GError **error)
{
	struct db_params params = {0};

	param_u64(&params, after);
	param_u64(&params, limit);
	PGresult *result =
		db_say(db, "read the audit trail",
		       "SELECT number, utc_us(at), program, actor, action, subject, address, detail"
		       " FROM audit WHERE number > $1 ORDER BY number LIMIT $2",
		       &params, ROWS_ANY, error);
	if (result == NULL)
		return false;
	*ret = rows_take(result, read_audit, (GDestroyNotify)audit_row_free);
	return true;
}

char *audit_row_json(const struct audit_row *row)
{
	g_autofree char *at = clock_format_utc(row->at_utc_us);
	json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:s}", "action",
				   row->action, "actor", row->actor, "address", row->address, "at",
				   at, "detail", row->detail, "number", (json_int_t)row->number,
				   "program", row->program, "subject", row->subject);
	char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
	char *copy = g_strdup(text);

	json_decref(object);
	free(text);
	return copy;
}
