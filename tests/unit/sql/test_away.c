/* The database goes away and comes back: what a caller sees, and that it costs nobody a restart. */
#include "sql/audit_store.h"
#include "sql/db_listener.h"
#include "sql/session_store.h"
#include "tests/support/patience.h"
#include "tests/unit/sql/sql_fixture.h"

#include <string.h>

static void test_restart_while_idle(void)
{
	struct db *web = fixture_open("vitrine_web");
	g_autoptr(GError) error = NULL;

	g_assert_true(db_ping(web, NULL));
	fixture_server("restart");
	db_ping(web, &error);
	g_assert_no_error(error);
	g_assert_true(db_is_up(web));
	db_close(web);
}

static void test_away_and_back(void)
{
	g_autofree char *conninfo = fixture_conninfo("vitrine", NULL);
	struct db *web = fixture_open("vitrine_web");
	g_autoptr(GError) error = NULL;

	fixture_server("stop");
	for (int i = 0; i < 2; i++) {
		g_assert_false(audit_store_add(web, "a", "b", "", "", "", &error));
		g_assert_error(error, DB_ERROR, DB_ERROR_AWAY);
		g_assert_false(db_is_up(web));
		g_clear_error(&error);
	}
	g_assert_null(db_open(conninfo, "vitrine_web", "test", &error));
	g_assert_error(error, DB_ERROR, DB_ERROR_AWAY);
	g_assert_nonnull(strstr(error->message, "user=vitrine_web"));
	g_assert_null(strchr(error->message, '\n'));
	fixture_server("begin");
	g_assert_true(audit_store_add(web, "a", "b", "", "", "", NULL));
	db_close(web);
}

/* Half a transaction is never continued on another connection. */
static void test_transaction(void)
{
	struct db *web = fixture_open("vitrine_web");
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) rows = NULL;

	g_assert_true(db_begin(web, NULL));
	g_assert_true(audit_store_add(web, "lost", "x", "", "", "", NULL));
	fixture_server("restart");
	g_assert_false(audit_store_add(web, "lost", "y", "", "", "", &error));
	g_assert_error(error, DB_ERROR, DB_ERROR_AWAY);
	g_clear_error(&error);
	g_assert_false(db_commit(web, &error));
	g_assert_error(error, DB_ERROR, DB_ERROR_AWAY);
	db_rollback(web);
	g_assert_true(
		audit_store_list(web, &(struct audit_filter){.actor = "lost"}, &rows, NULL, NULL));
	g_assert_cmpuint(rows->len, ==, 0);

	g_clear_error(&error);
	g_assert_true(db_begin(web, NULL));
	g_assert_false(audit_store_add(web, "lost", "NOT AN ACTION", "", "", "", NULL));
	g_assert_false(db_commit(web, &error));
	g_assert_error(error, DB_ERROR, DB_ERROR_FAULT);
	g_assert_true(db_ping(web, NULL));
	db_close(web);
}

/* A server that hangs (stopped, swapped out) costs a deadline, not the caller. */
static void test_server_hangs(void)
{
	g_autofree char *pid_file =
		g_build_filename(g_getenv("VITRINE_TEST_PG_DIR"), "data", "postmaster.pid", NULL);
	struct db *web = fixture_open("vitrine_web");
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;

	g_assert_true(g_file_get_contents(pid_file, &text, NULL, NULL));
	g_autofree char *kill_children = g_strdup_printf("pkill -%s -P %d", "STOP", atoi(text));
	g_autofree char *wake_children = g_strdup_printf("pkill -%s -P %d", "CONT", atoi(text));
	g_assert_true(g_spawn_command_line_sync(kill_children, NULL, NULL, NULL, NULL));
	gint64 before_us = g_get_monotonic_time();
	bool answered = db_ping(web, &error);
	gint64 took_us = g_get_monotonic_time() - before_us;
	g_assert_true(g_spawn_command_line_sync(wake_children, NULL, NULL, NULL, NULL));
	g_assert_false(answered);
	g_assert_error(error, DB_ERROR, DB_ERROR_AWAY);
	g_assert_cmpint(took_us, <, DB_STATEMENT_MS * 1000 + PROMPT_US);
	g_assert_true(db_ping(web, NULL));
	db_close(web);
}

struct heard {
	GMainLoop *loop;
	unsigned connects;
};

static void hear(const char *payload, void *user_data)
{
	struct heard *heard = user_data;

	if (payload == NULL)
		heard->connects++;
	g_main_loop_quit(heard->loop);
}

static gboolean too_late(gpointer user_data)
{
	g_error("the listener did not come back");
	return G_SOURCE_REMOVE;
}

static gboolean restart_server(gpointer user_data)
{
	fixture_server("restart");
	return G_SOURCE_REMOVE;
}

static unsigned away_lines, back_lines;

static GLogWriterOutput count_lines(GLogLevelFlags level, const GLogField *fields, gsize n_fields,
				    gpointer user_data)
{
	for (gsize i = 0; i < n_fields; i++) {
		if (!g_str_equal(fields[i].key, "MESSAGE"))
			continue;
		away_lines += g_str_has_prefix(fields[i].value, "the database is away");
		back_lines += g_str_has_prefix(fields[i].value, "the database is back");
	}
	return G_LOG_WRITER_HANDLED;
}

static void test_listener_comes_back(void)
{
	g_autofree char *conninfo = fixture_conninfo("vitrine", NULL);
	struct heard heard = {.loop = g_main_loop_new(NULL, FALSE)};
	guint deadline = g_timeout_add(PATIENCE_MS, too_late, NULL);
	struct db_listener *listener = db_listener_create(conninfo, "vitrine_web", "test",
							  DB_CHANNEL_SESSION, NULL, hear, &heard);

	g_main_loop_run(heard.loop);
	g_idle_add(restart_server, NULL);
	g_main_loop_run(heard.loop);
	g_assert_cmpuint(heard.connects, ==, 2);
	g_assert_cmpuint(away_lines, ==, 1);
	g_assert_cmpuint(back_lines, ==, 1);
	db_listener_destroy(listener);
	g_source_remove(deadline);
	g_main_loop_unref(heard.loop);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_always_fatal(G_LOG_FATAL_MASK);
	g_log_set_writer_func(count_lines, NULL, NULL);
	fixture_create("vitrine", true);
	g_test_add_func("/sql/away/restart-while-idle", test_restart_while_idle);
	g_test_add_func("/sql/away/away-and-back", test_away_and_back);
	g_test_add_func("/sql/away/transaction", test_transaction);
	g_test_add_func("/sql/away/server-hangs", test_server_hangs);
	g_test_add_func("/sql/away/listener-comes-back", test_listener_comes_back);
	return g_test_run();
}
