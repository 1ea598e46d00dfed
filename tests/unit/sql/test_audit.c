/* The audit trail: what was written is read, and nothing of it can be changed, also not
 * by who owns the table. */
#include "sql/audit_store.h"
#include "sql/db_query.h"
#include "tests/unit/sql/sql_fixture.h"

#include <string.h>

static void test_rows(void)
{
	struct db *gateway = fixture_open("vitrine_gateway"), *web = fixture_open("vitrine_web");
	g_autoptr(GPtrArray) rows = NULL, none = NULL;
	g_autoptr(GError) error = NULL;
	uint64_t total = 0, now_us = (uint64_t)g_get_real_time();

	g_assert_true(audit_store_add(gateway, "Jana", "login-refused", "web1", "192.0.2.9",
				      "{\"why\": \"no grant\"}", NULL));
	g_assert_true(audit_store_add(web, "jana", "session-terminate", NULL, NULL, NULL, NULL));
	g_assert_false(audit_store_add(web, "jana", "Bad Action", NULL, NULL, NULL, &error));
	g_assert_error(error, DB_ERROR, DB_ERROR_INVALID);
	g_clear_error(&error);
	g_assert_false(audit_store_add(web, "jana", "ok", NULL, NULL, "not json", &error));
	g_assert_error(error, DB_ERROR, DB_ERROR_INVALID);

	g_assert_true(audit_store_list(web, &(struct audit_filter){.actor = "JANA"}, &rows, &total,
				       NULL));
	g_assert_cmpuint(total, ==, 2);
	struct audit_row *newest = rows->pdata[0], *oldest = rows->pdata[1];
	g_assert_cmpstr(newest->action, ==, "session-terminate");
	g_assert_cmpstr(newest->program, ==, "vitrine_web");
	g_assert_cmpstr(newest->detail, ==, "{}");
	g_assert_cmpuint(newest->number, >, oldest->number);
	g_assert_cmpstr(oldest->actor, ==, "Jana");
	g_assert_cmpstr(oldest->program, ==, "vitrine_gateway");
	g_assert_cmpstr(oldest->subject, ==, "web1");
	g_assert_cmpstr(oldest->address, ==, "192.0.2.9");
	g_assert_cmpstr(oldest->detail, ==, "{\"why\": \"no grant\"}");
	g_assert_cmpuint(oldest->at_utc_us, >, now_us - 60000000u);
	struct audit_filter old = {.actor = "jana", .until_utc_us = now_us - 60000000u};
	g_assert_true(audit_store_list(web, &old, &none, &total, NULL));
	g_assert_cmpuint(none->len, ==, 0);
	g_assert_cmpuint(total, ==, 0);
	db_close(gateway);
	db_close(web);
}

static gpointer write_thread(gpointer role)
{
	struct db *db = fixture_open(role);

	for (unsigned i = 0; i < 20; i++) {
		g_autoptr(GError) error = NULL;
		g_assert_true(db_begin(db, NULL));
		audit_store_add(db, "crowd", "push", NULL, NULL, NULL, &error);
		g_assert_no_error(error);
		if (i % 3 == 0)
			db_rollback(db);
		else
			g_assert_true(db_commit(db, NULL));
	}
	db_close(db);
	return NULL;
}

/* The lock that numbers are taken under is nobody's to hold: neither an advisory one nor a row
 * that a program may touch. */
static void test_lock(void)
{
	struct db *recorder = fixture_open("vitrine_recorder");
	struct db *gateway = fixture_open("vitrine_gateway");
	g_autoptr(GError) error = NULL;

	g_assert_true(db_do(recorder, "test", "SELECT pg_advisory_lock(hashtext('vitrine audit'))",
			    NULL, ROWS_ANY, NULL, NULL));
	g_assert_false(db_do(recorder, "test", "SELECT * FROM audit_counter FOR UPDATE", NULL,
			     ROWS_ANY, NULL, &error));
	g_assert_true(db_do(gateway, "test",
			    "INSERT INTO audit (actor, action, subject, address, detail)"
			    " VALUES ('', 'not-held-up', '', '', '{}')",
			    NULL, ROWS_ANY, NULL, NULL));
	db_close(gateway);
	db_close(recorder);
}

/* Several programs at once, a third of it rolled back: still every number is there,
 * and time goes with it. */
static void test_no_holes(void)
{
	static char *const roles[] = {"vitrine_gateway", "vitrine_web", "vitrine_admin"};
	GThread *threads[G_N_ELEMENTS(roles)];
	g_autofree char *conninfo = fixture_conninfo("vitrine", "postgres");
	uint64_t holes = 1, backward = 1, written = 0;

	for (unsigned i = 0; i < G_N_ELEMENTS(roles); i++)
		threads[i] = g_thread_new("write", write_thread, roles[i]);
	for (unsigned i = 0; i < G_N_ELEMENTS(roles); i++)
		g_thread_join(threads[i]);
	struct db *db = db_open_unchecked(conninfo, "test", NULL);
	g_assert_true(db_count(db, "test", "SELECT max(number) - count(*) FROM audit", NULL, &holes,
			       NULL));
	g_assert_true(
		db_count(db, "test",
			 "SELECT count(*) FROM audit a JOIN audit b ON b.number = a.number + 1"
			 " WHERE b.at < a.at",
			 NULL, &backward, NULL));
	g_assert_true(db_count(db, "test", "SELECT count(*) FROM audit WHERE actor = 'crowd'", NULL,
			       &written, NULL));
	g_assert_cmpuint(holes, ==, 0);
	g_assert_cmpuint(backward, ==, 0);
	g_assert_cmpuint(written, ==, 3 * 13);
	db_close(db);
}

static void test_append_only(void)
{
	static const char *const attempts[] = {
		"UPDATE audit SET actor = 'x'",
		"DELETE FROM audit",
		"TRUNCATE audit",
		"SET LOCAL ROLE vitrine_owner; UPDATE audit SET actor = 'x'",
		"SET LOCAL ROLE vitrine_owner; DELETE FROM audit WHERE number = 1",
		"SET LOCAL ROLE vitrine_owner; TRUNCATE audit CASCADE",
		"SET LOCAL session_replication_role = replica; DELETE FROM audit",
	};
	g_autofree char *conninfo = fixture_conninfo("vitrine", "postgres");
	struct db *superuser = db_open_unchecked(conninfo, "test", NULL);
	uint64_t before = 0, after = 0;

	g_assert_true(
		db_count(superuser, "test", "SELECT count(*) FROM audit", NULL, &before, NULL));
	g_assert_cmpuint(before, >=, 2);
	for (unsigned i = 0; i < G_N_ELEMENTS(attempts); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_false(
			db_run_script(superuser, "change the past", attempts[i], 5000, &error));
		g_assert_error(error, DB_ERROR, DB_ERROR_REFUSED);
		g_assert_nonnull(strstr(error->message, "never changed or removed"));
	}
	g_assert_true(
		db_count(superuser, "test", "SELECT count(*) FROM audit", NULL, &after, NULL));
	g_assert_cmpuint(after, ==, before);
	db_close(superuser);
}

void audit_tests(void)
{
	g_test_add_func("/sql/audit/rows", test_rows);
	g_test_add_func("/sql/audit/lock", test_lock);
	g_test_add_func("/sql/audit/no-holes", test_no_holes);
	g_test_add_func("/sql/audit/append-only", test_append_only);
}
