/* Databases and connections for the tests of sql/. */
#include "tests/unit/sql/sql_fixture.h"

#include "sql/db_query.h"
#include "sql/migrate.h"

static const char *environment(const char *name)
{
	const char *value = g_getenv(name);

	if (value == NULL)
		g_error("%s is not set: run this test through tests/support/pg_cluster run", name);
	return value;
}

char *fixture_conninfo(const char *database, const char *role)
{
	return g_strdup_printf("%s dbname=%s%s%s", environment("VITRINE_TEST_CONNINFO"), database,
			       role != NULL ? " user=" : "", role != NULL ? role : "");
}

void fixture_say(const char *database, const char *statement)
{
	g_autofree char *conninfo = fixture_conninfo(database, "postgres");
	g_autoptr(GError) error = NULL;
	struct db *db = db_open_unchecked(conninfo, "test", &error);

	g_assert_no_error(error);
	db_run_script(db, "test", statement, 20000, &error);
	g_assert_no_error(error);
	db_close(db);
}

void fixture_create(const char *database, bool migrated)
{
	g_autofree char *statement = g_strdup_printf("CREATE DATABASE %s", database);
	g_autofree char *conninfo = fixture_conninfo(database, "postgres");
	g_autoptr(GError) error = NULL;
	uint32_t applied;

	if (!g_str_equal(database, "vitrine"))
		fixture_say("postgres", statement);
	if (migrated)
		migrate_run(conninfo, NULL, NULL, &applied, &error);
	g_assert_no_error(error);
}

struct db *fixture_open(const char *role)
{
	g_autofree char *conninfo = fixture_conninfo("vitrine", NULL);
	g_autoptr(GError) error = NULL;
	struct db *db = db_open(conninfo, role, "test", &error);

	g_assert_no_error(error);
	return db;
}

void fixture_server(const char *action)
{
	g_autofree char *command =
		g_strdup_printf("%s %s %s", environment("VITRINE_TEST_PG_CLUSTER"), action,
				environment("VITRINE_TEST_PG_DIR"));
	g_autoptr(GError) error = NULL;
	int status;

	g_spawn_command_line_sync(command, NULL, NULL, &status, &error);
	g_assert_no_error(error);
	g_spawn_check_wait_status(status, &error);
	g_assert_no_error(error);
}
