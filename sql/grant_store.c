/* Statements about who was granted which account. */
#include "sql/db_query.h"
#include "sql/target_store.h"

void grant_free(struct grant *grant)
{
	if (grant == NULL)
		return;
	g_free(grant->login);
	g_free(grant->target);
	g_free(grant->account);
	g_free(grant);
}

static gpointer read_grant(struct db_row *row)
{
	struct grant *grant = g_new0(struct grant, 1);

	grant->login = row_text(row);
	grant->target = row_text(row);
	grant->account = row_text(row);
	grant->created_utc_us = row_u64(row);
	return grant;
}

#define GRANT_SELECT                                                                               \
	"SELECT u.login, t.name, a.name, utc_us(g.created_at)"                                     \
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
