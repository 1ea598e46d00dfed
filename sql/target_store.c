/* Statements about targets and about who may go there. It hands sealed secrets on
 * without looking into them. */
#include "sql/target_store.h"

#include "sql/db_query.h"
#include "sql/grant_policy.h"

static void target_clear(struct target *target)
{
	g_free(target->name);
	g_free(target->protocol);
	g_free(target->host);
	g_free(target->certificate_sha256);
	g_free(target->ca_pem);
}

void target_free(struct target *target)
{
	if (target == NULL)
		return;
	target_clear(target);
	g_free(target);
}

void access_free(struct access *access)
{
	if (access == NULL)
		return;
	g_free(access->login);
	target_clear(&access->target);
	g_free(access->account);
	g_free(access->domain);
	g_clear_pointer(&access->secret_sealed, g_bytes_unref);
	grant_policy_clear(&access->policy);
	g_free(access);
}

#define TARGET_COLUMNS                                                                             \
	"t.name, t.protocol, t.host, t.port, t.security, t.certificate_sha256, t.ca_pem"

static void read_target_into(struct db_row *row, struct target *target)
{
	target->name = row_text(row);
	target->protocol = row_text(row);
	target->host = row_text(row);
	target->port = (uint16_t)row_u64(row);
	target->security = (uint32_t)row_u64(row);
	target->certificate_sha256 = row_text(row);
	target->ca_pem = row_text(row);
}

static gpointer read_target(struct db_row *row)
{
	struct target *target = g_new0(struct target, 1);

	read_target_into(row, target);
	target->accounts = (uint32_t)row_u64(row);
	return target;
}

static gpointer read_access(struct db_row *row)
{
	struct access *access = g_new0(struct access, 1);

	access->login = row_text(row);
	read_target_into(row, &access->target);
	access->account = row_text(row);
	access->domain = row_text(row);
	access->secret_sealed = row_bytes(row);
	grant_policy_read(row, &access->policy);
	return access;
}

bool target_store_resolve(struct db *db, const char *login, const char *account, const char *target,
			  struct access **ret, unsigned *ret_matches, GError **error)
{
	struct db_params params = {0};

	param_text(&params, login);
	param_name(&params, account);
	param_name(&params, target);
	PGresult *result = db_say(
		db, "decide where a login may go",
		"SELECT u.login, " TARGET_COLUMNS ", a.name, a.domain, a.secret_sealed,"
		" " GRANT_POLICY_COLUMNS " FROM app_user u JOIN access_grant g ON g.user_id = u.id"
		" JOIN account a ON a.id = g.account_id JOIN target t ON t.id = a.target_id"
		" WHERE lower(u.login) = lower($1) AND NOT u.disabled"
		" AND ($2 = '' OR lower(a.name) = lower($2))"
		" AND ($3 = '' OR lower(t.name) = lower($3)) LIMIT 2",
		&params, ROWS_ANY, error);
	if (result == NULL)
		return false;
	*ret_matches = (unsigned)PQntuples(result);
	if (*ret_matches == 1) {
		*ret = rows_take_first(result, read_access);
		return true;
	}
	PQclear(result);
	*ret = NULL;
	return true;
}

bool target_store_add(struct db *db, const struct target *target, GError **error)
{
	struct db_params params = {0};

	param_text(&params, target->name);
	param_text(&params, target->protocol);
	param_text(&params, target->host);
	param_u64(&params, target->port);
	param_u64(&params, target->security);
	param_name(&params, target->certificate_sha256);
	param_name(&params, target->ca_pem);
	return db_do(db, "add a target",
		     "INSERT INTO target (name, protocol, host, port, security, certificate_sha256,"
		     " ca_pem) VALUES ($1, $2, $3, $4, $5, $6, $7)",
		     &params, ROWS_ONE, NULL, error);
}

bool target_store_change(struct db *db, const struct target *target, GError **error)
{
	struct db_params params = {0};

	param_text(&params, target->name);
	param_text(&params, target->host);
	param_u64(&params, target->port);
	param_u64(&params, target->security);
	param_name(&params, target->certificate_sha256);
	param_name(&params, target->ca_pem);
	return db_do(db, "change a target",
		     "UPDATE target SET host = $2, port = $3, security = $4,"
		     " certificate_sha256 = $5, ca_pem = $6 WHERE lower(name) = lower($1)",
		     &params, ROWS_ONE, NULL, error);
}

bool target_store_remove(struct db *db, const char *name, GError **error)
{
	struct db_params params = {0};

	param_text(&params, name);
	return db_do(db, "remove a target", "DELETE FROM target WHERE lower(name) = lower($1)",
		     &params, ROWS_ONE, NULL, error);
}

#define TARGET_SELECT                                                                              \
	"SELECT " TARGET_COLUMNS ", (SELECT count(*) FROM account a WHERE a.target_id = t.id)"     \
	" FROM target t"

bool target_store_find(struct db *db, const char *name, struct target **ret, GError **error)
{
	struct db_params params = {0};

	param_text(&params, name);
	PGresult *result =
		db_say(db, "look up a target", TARGET_SELECT " WHERE lower(t.name) = lower($1)",
		       &params, ROWS_ANY, error);
	if (result == NULL)
		return false;
	*ret = rows_take_first(result, read_target);
	return true;
}

bool target_store_list(struct db *db, GPtrArray **ret, GError **error)
{
	PGresult *result = db_say(db, "list targets", TARGET_SELECT " ORDER BY lower(t.name)", NULL,
				  ROWS_ANY, error);
	if (result == NULL)
		return false;
	*ret = rows_take(result, read_target, (GDestroyNotify)target_free);
	return true;
}
