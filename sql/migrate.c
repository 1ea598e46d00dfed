/* Bringing the schema up to date. It knows the table of migrations, not what they do. */
#include "sql/migrate.h"

#include "sql/db_query.h"

#include <string.h>

/* Long enough for an index over years of rows and for waiting until another migrate is done. */
#define SCRIPT_MS (600 * 1000)
#define ADOPT_OWNER "SET LOCAL ROLE vitrine_owner"

bool migrate_version(struct db *db, uint32_t *ret_version, GError **error)
{
	autoresult there =
		db_say(db, "look for the tables",
		       "SELECT to_regclass('schema_migration') IS NOT NULL", NULL, ROWS_ONE, error);
	if (there == NULL)
		return false;
	if (!row_bool(&(struct db_row){there, 0, 0})) {
		*ret_version = 0;
		return true;
	}
	autoresult newest =
		db_say(db, "read the schema's version", "SELECT max(number) FROM schema_migration",
		       NULL, ROWS_ONE, error);
	if (newest == NULL)
		return false;
	*ret_version = (uint32_t)row_u64(&(struct db_row){newest, 0, 0});
	return true;
}

bool migrate_check_version(struct db *db, GError **error)
{
	uint32_t version;

	if (!migrate_version(db, &version, error))
		return false;
	if (version >= n_migrations)
		return true;
	if (version == 0)
		g_set_error_literal(error, DB_ERROR, DB_ERROR_FAULT,
				    "the database holds no Vitrine tables: run `vitrine migrate`");
	else
		g_set_error(error, DB_ERROR, DB_ERROR_FAULT,
			    "the database is at schema %u, this program needs %u: run `vitrine "
			    "migrate`",
			    version, n_migrations);
	return false;
}

static bool run_as_owner(struct db *db, const char *what, const char *script, GError **error)
{
	if (!db_begin(db, error))
		return false;
	if (db_run_script(db, "become vitrine_owner (be a superuser or a member of it)",
			  ADOPT_OWNER, SCRIPT_MS, error) &&
	    db_run_script(db, what, script, SCRIPT_MS, error) && db_commit(db, error))
		return true;
	db_rollback(db);
	return false;
}

/* The lock belongs to the connection and goes with it. */
static bool prepare(struct db *db, GError **error)
{
	return db_run_script(db, "wait for another migration",
			     "SET statement_timeout = 0; SET lock_timeout = 0;"
			     "SELECT pg_advisory_lock(hashtext('vitrine migrate'))",
			     SCRIPT_MS, error) &&
	       db_run_script(db, "create the roles", migration_roles, SCRIPT_MS, error) &&
	       run_as_owner(db, "create the schema",
			    "CREATE SCHEMA IF NOT EXISTS vitrine;"
			    "CREATE TABLE IF NOT EXISTS vitrine.schema_migration ("
			    " number integer PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL,"
			    " applied_at timestamptz NOT NULL DEFAULT now(),"
			    " applied_by text NOT NULL DEFAULT session_user)",
			    error);
}

static bool apply(struct db *db, const struct migration *migration, GError **error)
{
	g_autofree char *sha256 =
		g_compute_checksum_for_string(G_CHECKSUM_SHA256, migration->statements, -1);
	struct db_params params = {0};

	param_u64(&params, migration->number);
	param_text(&params, migration->name);
	param_text(&params, sha256);
	if (!db_begin(db, error))
		return false;
	if (db_run_script(db, "become vitrine_owner", ADOPT_OWNER, SCRIPT_MS, error) &&
	    db_run_script(db, migration->name, migration->statements, SCRIPT_MS, error) &&
	    db_do(db, "note the migration",
		  "INSERT INTO schema_migration (number, name, sha256) VALUES ($1, $2, $3)",
		  &params, ROWS_ONE, NULL, error) &&
	    db_commit(db, error))
		return true;
	db_rollback(db);
	return false;
}

/* What was applied must be what we have, in the same order: `*ret_count` of ours are there. */
static bool compare_applied(struct db *db, uint32_t *ret_count, GError **error)
{
	autoresult applied =
		db_say(db, "read the applied migrations",
		       "SELECT number, name, sha256 FROM schema_migration ORDER BY number", NULL,
		       ROWS_ANY, error);
	if (applied == NULL)
		return false;
	int count = PQntuples(applied);
	for (int i = 0; i < count; i++) {
		const char *name = PQgetvalue(applied, i, 1);
		if ((unsigned)i >= n_migrations) {
			g_set_error(error, DB_ERROR, DB_ERROR_FAULT,
				    "the database has %s, which is newer than this program", name);
			return false;
		}
		g_autofree char *sha256 = g_compute_checksum_for_string(
			G_CHECKSUM_SHA256, migrations[i].statements, -1);
		if (strcmp(sha256, PQgetvalue(applied, i, 2)) != 0) {
			g_set_error(error, DB_ERROR, DB_ERROR_FAULT,
				    "%s was applied from another text than this program has for %s",
				    name, migrations[i].name);
			return false;
		}
	}
	*ret_count = (uint32_t)count;
	return true;
}

static bool apply_missing(struct db *db, migrate_report report, void *user_data,
			  uint32_t *ret_applied, GError **error)
{
	uint32_t done;

	if (!compare_applied(db, &done, error))
		return false;
	*ret_applied = 0;
	for (unsigned i = done; i < n_migrations; i++) {
		if (!apply(db, &migrations[i], error))
			return false;
		++*ret_applied;
		if (report != NULL)
			report(migrations[i].name, user_data);
	}
	return run_as_owner(db, "give the programs their rights", migration_grants, error);
}

bool migrate_run(const char *conninfo, migrate_report report, void *user_data,
		 uint32_t *ret_applied, GError **error)
{
	struct db *db = db_open_unchecked(conninfo, "vitrine migrate", error);

	if (db == NULL)
		return false;
	bool ok = prepare(db, error) && apply_missing(db, report, user_data, ret_applied, error);
	db_close(db);
	return ok;
}
