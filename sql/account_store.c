/* Statements about the accounts known on targets. It can write their sealed secrets; only
 * target_store_resolve reads one. */
#include "sql/db_query.h"
#include "sql/target_store.h"

void account_free(struct account *account)
{
	if (account == NULL)
		return;
	g_free(account->target);
	g_free(account->name);
	g_free(account->domain);
	g_free(account);
}

static gpointer read_account(struct db_row *row)
{
	struct account *account = g_new0(struct account, 1);

	account->target = row_text(row);
	account->name = row_text(row);
	account->domain = row_text(row);
	account->grants = (uint32_t)row_u64(row);
	return account;
}

static void param_sealed(struct db_params *params, GBytes *sealed)
{
	gsize length;
	const void *bytes = g_bytes_get_data(sealed, &length);

	param_bytes(params, bytes, length);
}

bool account_store_add(struct db *db, const char *target, const char *name, const char *domain,
		       GBytes *secret_sealed, GError **error)
{
	struct db_params params = {0};

	param_text(&params, target);
	param_text(&params, name);
	param_name(&params, domain);
	param_sealed(&params, secret_sealed);
	return db_do(db, "add an account",
		     "INSERT INTO account (target_id, name, domain, secret_sealed)"
		     " SELECT id, $2, $3, $4 FROM target WHERE lower(name) = lower($1)",
		     &params, ROWS_ONE, NULL, error);
}

bool account_store_set_secret(struct db *db, const char *target, const char *name,
			      GBytes *secret_sealed, GError **error)
{
	struct db_params params = {0};

	param_text(&params, target);
	param_text(&params, name);
	param_sealed(&params, secret_sealed);
	return db_do(db, "change an account's secret",
		     "UPDATE account a SET secret_sealed = $3 FROM target t"
		     " WHERE t.id = a.target_id AND lower(t.name) = lower($1)"
		     " AND lower(a.name) = lower($2)",
		     &params, ROWS_ONE, NULL, error);
}

bool account_store_remove(struct db *db, const char *target, const char *name, GError **error)
{
	struct db_params params = {0};

	param_text(&params, target);
	param_text(&params, name);
	return db_do(db, "remove an account",
		     "DELETE FROM account a USING target t WHERE t.id = a.target_id"
		     " AND lower(t.name) = lower($1) AND lower(a.name) = lower($2)",
		     &params, ROWS_ONE, NULL, error);
}

bool account_store_list(struct db *db, const char *target, GPtrArray **ret, GError **error)
{
	struct db_params params = {0};

	param_text(&params, target);
	PGresult *result = db_say(db, "list accounts",
				  "SELECT t.name, a.name, a.domain,"
				  " (SELECT count(*) FROM access_grant g WHERE g.account_id = a.id)"
				  " FROM account a JOIN target t ON t.id = a.target_id"
				  " WHERE $1::text IS NULL OR lower(t.name) = lower($1)"
				  " ORDER BY lower(t.name), lower(a.name)",
				  &params, ROWS_ANY, error);
	if (result == NULL)
		return false;
	*ret = rows_take(result, read_account, (GDestroyNotify)account_free);
	return true;
}
