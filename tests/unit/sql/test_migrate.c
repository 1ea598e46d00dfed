/* Migrations: from nothing, again, at once, and refused when they do not fit. */
#include "sql/db_query.h"
#include "sql/migrate.h"
#include "tests/unit/sql/sql_fixture.h"

#include <string.h>

static void count_report(const char *name, void *user_data)
{
	++*(unsigned *)user_data;
}

static void test_from_nothing(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *conninfo = fixture_conninfo("fresh", "postgres");
	unsigned reported = 0;
	uint32_t applied = 0, version = 0;

	fixture_create("fresh", false);
	g_assert_null(db_open(conninfo, NULL, "test", &error));
	g_assert_error(error, DB_ERROR, DB_ERROR_FAULT);
	g_assert_nonnull(strstr(error->message, "vitrine migrate"));
	g_clear_error(&error);

	g_assert_true(migrate_run(conninfo, count_report, &reported, &applied, &error));
	g_assert_cmpuint(applied, ==, n_migrations);
	g_assert_cmpuint(reported, ==, n_migrations);
	g_assert_true(migrate_run(conninfo, count_report, &reported, &applied, &error));
	g_assert_cmpuint(applied, ==, 0);

	struct db *db = db_open(conninfo, NULL, "test", &error);
	g_assert_no_error(error);
	g_assert_true(migrate_version(db, &version, &error));
	g_assert_cmpuint(version, ==, n_migrations);
	db_close(db);
}

/* The tables belong to a role nobody can log in as. */
static void test_owner(void)
{
	g_autofree char *conninfo = fixture_conninfo("vitrine", "postgres");
	g_autoptr(GError) error = NULL;
	struct db *db = db_open(conninfo, NULL, "test", &error);
	uint64_t count = 0;

	g_assert_true(db_count(db, "test",
			       "SELECT count(*) FROM pg_tables WHERE schemaname = 'vitrine'"
			       " AND tableowner <> 'vitrine_owner'",
			       NULL, &count, &error));
	g_assert_cmpuint(count, ==, 0);
	g_assert_true(db_count(db, "test",
			       "SELECT count(*) FROM pg_roles WHERE rolname = 'vitrine_owner'"
			       " AND NOT rolcanlogin",
			       NULL, &count, &error));
	g_assert_cmpuint(count, ==, 1);
	db_close(db);
}

static gpointer migrate_thread(gpointer conninfo)
{
	g_autoptr(GError) error = NULL;
	uint32_t applied = 0;

	migrate_run(conninfo, NULL, NULL, &applied, &error);
	g_assert_no_error(error);
	return GUINT_TO_POINTER(applied);
}

static void test_several_at_once(void)
{
	g_autofree char *conninfo = fixture_conninfo("crowded", "postgres");
	GThread *threads[4];
	unsigned applied = 0;

	fixture_create("crowded", false);
	for (unsigned i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("migrate", migrate_thread, conninfo);
	for (unsigned i = 0; i < G_N_ELEMENTS(threads); i++)
		applied += GPOINTER_TO_UINT(g_thread_join(threads[i]));
	g_assert_cmpuint(applied, ==, n_migrations);
}

static void assert_migrate_fails(const char *database, const char *words)
{
	g_autofree char *conninfo = fixture_conninfo(database, "postgres");
	g_autoptr(GError) error = NULL;
	uint32_t applied;

	g_assert_false(migrate_run(conninfo, NULL, NULL, &applied, &error));
	g_assert_error(error, DB_ERROR, DB_ERROR_FAULT);
	g_assert_nonnull(strstr(error->message, words));
}

static void test_what_does_not_fit(void)
{
	fixture_create("odd", true);
	fixture_say("odd", "UPDATE vitrine.schema_migration SET sha256 = 'x' WHERE number = 2");
	assert_migrate_fails("odd", "0002_tickets was applied from another text");
	fixture_create("newer", true);
	fixture_say("newer",
		    "INSERT INTO vitrine.schema_migration VALUES (9999, '9999_future', 'x')");
	assert_migrate_fails("newer", "9999_future, which is newer");
}

static void test_old_schema_is_refused(void)
{
	g_autofree char *conninfo = fixture_conninfo("old", "vitrine_web");
	g_autoptr(GError) error = NULL;

	fixture_create("old", true);
	fixture_say("old", "DELETE FROM vitrine.schema_migration WHERE number > 1");
	g_assert_null(db_open(conninfo, NULL, "test", &error));
	g_assert_error(error, DB_ERROR, DB_ERROR_FAULT);
	g_assert_nonnull(strstr(error->message, "schema 1, this program needs"));
}

void migrate_tests(void)
{
	g_test_add_func("/sql/migrate/from-nothing", test_from_nothing);
	g_test_add_func("/sql/migrate/owner", test_owner);
	g_test_add_func("/sql/migrate/several-at-once", test_several_at_once);
	g_test_add_func("/sql/migrate/what-does-not-fit", test_what_does_not_fit);
	g_test_add_func("/sql/migrate/old-schema", test_old_schema_is_refused);
}
