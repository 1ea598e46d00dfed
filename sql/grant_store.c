/* Statements about who was granted which account. */
#include "sql/db_query.h"
#include "sql/grant_policy.h"

void grant_policy_read(struct db_row *row, struct grant_policy *ret)
{
	ret->idle_limit_s = (uint32_t)row_u64(row);
	ret->banner = row_text(row);
	ret->keys = row_text(row);
	ret->quality = row_text(row);
}

void grant_policy_clear(struct grant_policy *policy)
{
	g_clear_pointer(&policy->banner, g_free);
	g_clear_pointer(&policy->keys, g_free);
	g_clear_pointer(&policy->quality, g_free);
}

void grant_free(struct grant *grant)
{
	if (grant == NULL)
		return;
	g_free(grant->login);
	g_free(grant->target);
	g_free(grant->account);
	grant_policy_clear(&grant->policy);
	g_free(grant);
}

static gpointer read_grant(struct db_row *row)
{
	struct grant *grant = g_new0(struct grant, 1);

	grant->login = row_text(row);
	grant->target = row_text(row);
	grant->account = row_text(row);
	grant->created_utc_us = row_u64(row);
	grant_policy_read(row, &grant->policy);
	return grant;
}

#define GRANT_SELECT                                                                               \
	"SELECT u.login, t.name, a.name, utc_us(g.created_at), " GRANT_POLICY_COLUMNS              \
	" FROM access_grant g JOIN app_user u ON u.id = g.user_id"                                 \
	" JOIN account a ON a.id = g.account_id JOIN target t ON t.id = a.target_id"

bool target_store_granted(struct db *db, const char *login, GPtrArray **ret, GError **error)
{
	struct db_params params = {0};

	param_text(&params, login);
	PGresult *result =
		db_say(db, "list what a login may reach",
		       GRANT_SELECT " WHERE lower(u.login) = lower($1) AND NOT u.disabled"
				    " ORDER BY lower(t.name), lower(a.name)",
		       &params, ROWS_ANY, error);
	if (result == NULL)
		return false;
	*ret = rows_take(result, read_grant, (GDestroyNotify)grant_free);
	return true;
}

static bool exists(struct db *db, const char *statement, const char *first, const char *second,
		   bool *ret, GError **error)
{
	struct db_params params = {0};

	param_text(&params, first);
	if (second != NULL)
		param_text(&params, second);
	autoresult result = db_say(db, "look up a name", statement, &params, ROWS_ANY, error);
	if (result == NULL)
		return false;
	*ret = PQntuples(result) > 0;
	return true;
}

/* Why a grant found nothing to join: says which of the three names is unknown. */
static void set_missing_error(struct db *db, const char *login, const char *target,
			      const char *account, GError **error)
{
	bool user_there, target_there;

	if (!exists(db, "SELECT 1 FROM app_user WHERE lower(login) = lower($1)", login, NULL,
		    &user_there, error) ||
	    !exists(db, "SELECT 1 FROM target WHERE lower(name) = lower($1)", target, NULL,
		    &target_there, error))
		return;
	if (!user_there)
		g_set_error(error, DB_ERROR, DB_ERROR_MISSING, "there is no user '%s'", login);
	else if (!target_there)
		g_set_error(error, DB_ERROR, DB_ERROR_MISSING, "there is no target '%s'", target);
	else
		g_set_error(error, DB_ERROR, DB_ERROR_MISSING,
			    "there is no account '%s' on target '%s'", account, target);
}

bool grant_store_add(struct db *db, const char *login, const char *target, const char *account,
		     GError **error)
{
	struct db_params params = {0};

	param_text(&params, login);
	param_text(&params, target);
	param_text(&params, account);
	autoresult result =
		db_say(db, "grant an account",
		       "WITH wanted AS (SELECT u.id AS user_id, a.id AS account_id"
		       "  FROM app_user u, account a JOIN target t ON t.id = a.target_id"
		       "  WHERE lower(u.login) = lower($1) AND lower(t.name) = lower($2)"
		       "  AND lower(a.name) = lower($3)),"
		       " added AS (INSERT INTO access_grant (user_id, account_id)"
		       "  SELECT user_id, account_id FROM wanted ON CONFLICT DO NOTHING)"
		       " SELECT user_id FROM wanted",
		       &params, ROWS_ANY, error);
	if (result == NULL)
		return false;
	if (PQntuples(result) == 1)
		return true;
	set_missing_error(db, login, target, account, error);
	return false;
}

static void param_optional(struct db_params *params, int64_t value)
{
	if (value < 0)
		param_text(params, NULL);
	else
		param_u64(params, (uint64_t)value);
}

bool grant_store_change(struct db *db, const char *login, const char *target, const char *account,
			const struct grant_change *change, GError **error)
{
	struct db_params params = {0};

	param_text(&params, login);
	param_text(&params, target);
	param_text(&params, account);
	param_optional(&params, change->idle_limit_s);
	param_text(&params, change->banner);
	param_text(&params, change->keys);
	param_text(&params, change->quality);
	return db_do(db, "change a grant",
		     "UPDATE access_grant g SET idle_limit_s = coalesce($4::integer, idle_limit_s),"
		     " banner = coalesce($5, banner),"
		     " record_keys = coalesce($6, record_keys),"
		     " quality = coalesce($7, quality)"
		     " FROM app_user u, account a, target t"
		     " WHERE u.id = g.user_id AND a.id = g.account_id AND t.id = a.target_id"
		     " AND lower(u.login) = lower($1) AND lower(t.name) = lower($2)"
		     " AND lower(a.name) = lower($3)",
		     &params, ROWS_ONE, NULL, error);
}

bool grant_store_remove(struct db *db, const char *login, const char *target, const char *account,
			GError **error)
{
	struct db_params params = {0};

	param_text(&params, login);
	param_text(&params, target);
	param_text(&params, account);
	return db_do(db, "remove a grant",
		     "DELETE FROM access_grant g USING app_user u, account a, target t"
		     " WHERE u.id = g.user_id AND a.id = g.account_id AND t.id = a.target_id"
		     " AND lower(u.login) = lower($1) AND lower(t.name) = lower($2)"
		     " AND lower(a.name) = lower($3)",
		     &params, ROWS_ONE, NULL, error);
}

bool grant_store_list(struct db *db, const char *login, const char *target, GPtrArray **ret,
		      GError **error)
{
	struct db_params params = {0};

	param_text(&params, login);
	param_text(&params, target);
	PGresult *result =
		db_say(db, "list grants",
		       GRANT_SELECT " WHERE ($1::text IS NULL OR lower(u.login) = lower($1))"
				    " AND ($2::text IS NULL OR lower(t.name) = lower($2))"
				    " ORDER BY lower(u.login), lower(t.name), lower(a.name)",
		       &params, ROWS_ANY, error);
	if (result == NULL)
		return false;
	*ret = rows_take(result, read_grant, (GDestroyNotify)grant_free);
	return true;
}
