/* Sessions and commands: the life of a row, lists, and that a command reaches the
 * right node exactly once. */
#include "sql/db_listener.h"
#include "sql/recording_store.h"
#include "sql/session_store.h"
#include "tests/support/patience.h"
#include "tests/unit/sql/sql_fixture.h"

#define T0_US UINT64_C(1780000000123457)

static char *open_session(struct db *gateway, char *node, char *login, uint64_t opened_utc_us)
{
	char *id = g_uuid_string_random();
	struct session_row row = {
		.id = id,
		.node = node,
		.login = login,
		.target = "Web1",
		.account = "root",
		.front = "rdp",
		.back = "vnc",
		.door = "password",
		.viewer_address = "192.0.2.7:51234",
		.viewer_name = "LAPTOP'; --",
		.opened_utc_us = opened_utc_us,
	};
	g_autoptr(GError) error = NULL;

	session_store_open(gateway, &row, &error);
	g_assert_no_error(error);
	session_store_open(gateway, &row, &error);
	g_assert_no_error(error);
	return id;
}

static struct session_row *find(struct db *db, const char *id)
{
	struct session_row *row = NULL;

	g_assert_true(session_store_find(db, id, &row, NULL));
	return row;
}

static void test_life(void)
{
	struct db *gateway = fixture_open("vitrine_gateway"), *web = fixture_open("vitrine_web");
	g_autofree char *id = open_session(gateway, "n-life", "dora", T0_US);
	g_autoptr(GError) error = NULL;

	autorow(session_row) opening = find(web, id);
	g_assert_cmpint(opening->state, ==, SESSION_STATE_OPENING);
	g_assert_cmpuint(opening->opened_utc_us, ==, T0_US);
	g_assert_cmpuint(opening->running_utc_us, ==, 0);
	g_assert_cmpstr(opening->viewer_name, ==, "LAPTOP'; --");
	g_assert_cmpstr(opening->recording_state, ==, "");

	g_assert_true(session_store_running(gateway, id, T0_US + 5, 1920, 1080, NULL));
	g_assert_true(session_store_end(gateway, id, T0_US + 9, END_TERMINATED, "by hand", NULL));
	g_assert_true(session_store_end(gateway, id, T0_US + 99, END_FAULT, "later", NULL));
	g_assert_true(session_store_running(gateway, id, T0_US + 50, 800, 600, NULL));
	autorow(session_row) ended = find(web, id);
	g_assert_cmpint(ended->state, ==, SESSION_STATE_ENDED);
	g_assert_cmpuint(ended->running_utc_us, ==, T0_US + 5);
	g_assert_cmpuint(ended->ended_utc_us, ==, T0_US + 9);
	g_assert_cmpint(ended->end_reason, ==, END_TERMINATED);
	g_assert_cmpstr(ended->end_detail, ==, "by hand");

	g_autofree char *unknown = g_uuid_string_random();
	g_assert_false(session_store_end(gateway, unknown, T0_US, END_FAULT, "", &error));
	g_assert_error(error, DB_ERROR, DB_ERROR_MISSING);
	g_assert_null(find(web, unknown));
	g_assert_null(find(web, "no uuid"));
	db_close(gateway);
	db_close(web);
}

static unsigned count_list(struct db *db, struct session_filter filter, uint64_t *ret_total)
{
	g_autoptr(GPtrArray) rows = NULL;
	g_autoptr(GError) error = NULL;

	session_store_list(db, &filter, &rows, ret_total, &error);
	g_assert_no_error(error);
	return rows->len;
}

static void test_list(void)
{
	struct db *gateway = fixture_open("vitrine_gateway"), *web = fixture_open("vitrine_web");
	g_autoptr(GPtrArray) page = NULL;
	uint64_t total = 0, running = 0;
	char *ids[5];

	for (unsigned i = 0; i < 5; i++)
		ids[i] = open_session(gateway, "n-list", i < 3 ? "Emil" : "fr_n%k",
				      T0_US + i * 1000);
	g_assert_true(session_store_end(gateway, ids[0], T0_US + 9, END_VIEWER_LEFT, NULL, NULL));
	g_assert_cmpuint(count_list(web, (struct session_filter){.login = "emil"}, &total), ==, 3);
	g_assert_cmpuint(
		count_list(web, (struct session_filter){.login = "emil", .running = 1}, NULL), ==,
		2);
	g_assert_cmpuint(
		count_list(web, (struct session_filter){.login = "emil", .running = -1}, NULL), ==,
		1);
	g_assert_cmpuint(count_list(web, (struct session_filter){.text = "_n%"}, NULL), ==, 2);
	g_assert_cmpuint(count_list(web, (struct session_filter){.text = ids[4]}, NULL), ==, 1);
	g_assert_cmpuint(count_list(web, (struct session_filter){.text = "x_"}, NULL), ==, 0);
	g_assert_cmpuint(count_list(web,
				    (struct session_filter){.text = "r_n%",
							    .from_utc_us = T0_US + 3000,
							    .until_utc_us = T0_US + 4000},
				    NULL),
			 ==, 1);
	struct session_filter paged = {.login = "emil", .page = {.limit = 2, .offset = 1}};
	g_assert_true(session_store_list(web, &paged, &page, &total, NULL));
	g_assert_cmpuint(total, ==, 3);
	g_assert_cmpuint(page->len, ==, 2);
	g_assert_cmpstr(((struct session_row *)page->pdata[0])->id, ==, ids[1]);
	g_assert_cmpstr(((struct session_row *)page->pdata[1])->id, ==, ids[0]);
	paged.page.offset = 50;
	g_assert_cmpuint(count_list(web, paged, &total), ==, 0);
	g_assert_cmpuint(total, ==, 3);

	g_assert_true(session_store_count_running(web, &running, NULL));
	g_assert_cmpuint(running, ==, 4);
	g_assert_true(session_store_fault_all(gateway, "n-list", &total, NULL));
	g_assert_cmpuint(total, ==, 4);
	autorow(session_row) faulted = find(web, ids[3]);
	g_assert_cmpint(faulted->end_reason, ==, END_FAULT);
	for (unsigned i = 0; i < 5; i++)
		g_free(ids[i]);
	db_close(gateway);
	db_close(web);
}

static void test_commands(void)
{
	struct db *gateway = fixture_open("vitrine_gateway"), *web = fixture_open("vitrine_web");
	g_autofree char *here = open_session(gateway, "n-here", "gero", T0_US);
	g_autofree char *there = open_session(gateway, "n-there", "gero", T0_US);
	g_autoptr(GPtrArray) taken = NULL, again = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_true(session_store_terminate(web, here, "strange commands", "sup", &error));
	g_assert_true(session_store_terminate(web, there, "too", "sup", &error));
	g_assert_true(session_store_take_commands(gateway, "n-here", &taken, &error));
	g_assert_cmpuint(taken->len, ==, 1);
	struct session_command *command = taken->pdata[0];
	g_assert_cmpstr(command->session_id, ==, here);
	g_assert_cmpstr(command->kind, ==, "terminate");
	g_assert_cmpstr(command->reason, ==, "strange commands");
	g_assert_cmpstr(command->by, ==, "sup");
	g_assert_true(session_store_take_commands(gateway, "n-here", &again, &error));
	g_assert_cmpuint(again->len, ==, 0);

	g_assert_false(session_store_terminate(web, there, "", "sup", &error));
	g_assert_error(error, DB_ERROR, DB_ERROR_INVALID);
	g_clear_error(&error);
	g_assert_false(session_store_terminate(web, there, "bell\a", "sup", &error));
	g_assert_error(error, DB_ERROR, DB_ERROR_INVALID);
	g_clear_error(&error);
	g_assert_true(session_store_end(gateway, here, T0_US + 1, END_TERMINATED, "", NULL));
	g_assert_true(session_store_end(gateway, there, T0_US + 1, END_TERMINATED, "", NULL));
	g_assert_false(session_store_terminate(web, here, "late", "sup", &error));
	g_assert_error(error, DB_ERROR, DB_ERROR_MISSING);
	db_close(gateway);
	db_close(web);
}

struct heard {
	GMainLoop *loop;
	unsigned connects;
	char *payload;
};

static void hear(const char *payload, void *user_data)
{
	struct heard *heard = user_data;

	if (payload == NULL) {
		heard->connects++;
	} else {
		g_free(heard->payload);
		heard->payload = g_strdup(payload);
	}
	g_main_loop_quit(heard->loop);
}

static gboolean too_late(gpointer user_data)
{
	g_error("no notification came");
	return G_SOURCE_REMOVE;
}

static void test_listener(void)
{
	g_autofree char *conninfo = fixture_conninfo("vitrine", NULL);
	struct db *gateway = fixture_open("vitrine_gateway"), *web = fixture_open("vitrine_web");
	g_autofree char *id = open_session(gateway, "n-ear", "hugo", T0_US);
	struct heard heard = {.loop = g_main_loop_new(NULL, FALSE)};
	guint deadline = g_timeout_add(PATIENCE_MS, too_late, NULL);
	struct db_listener *listener = db_listener_create(conninfo, "vitrine_gateway", "test",
							  DB_CHANNEL_COMMAND, NULL, hear, &heard);

	g_main_loop_run(heard.loop);
	g_assert_cmpuint(heard.connects, ==, 1);
	g_assert_true(session_store_terminate(web, id, "enough", "sup", NULL));
	g_main_loop_run(heard.loop);
	g_assert_cmpstr(heard.payload, ==, "n-ear");
	g_assert_true(session_store_end(gateway, id, T0_US + 1, END_TERMINATED, "", NULL));
	db_listener_destroy(listener);

	listener = db_listener_create(conninfo, "vitrine_web", "test", DB_CHANNEL_SESSION, NULL,
				      hear, &heard);
	g_main_loop_run(heard.loop);
	g_autofree char *other = open_session(gateway, "n-ear", "hugo", T0_US);
	g_main_loop_run(heard.loop);
	g_assert_cmpstr(heard.payload, ==, other);
	db_listener_destroy(listener);
	g_assert_true(session_store_end(gateway, other, T0_US + 1, END_TERMINATED, "", NULL));
	g_source_remove(deadline);
	g_main_loop_unref(heard.loop);
	g_free(heard.payload);
	db_close(gateway);
	db_close(web);
}

void session_tests(void)
{
	g_test_add_func("/sql/session/life", test_life);
	g_test_add_func("/sql/session/list", test_list);
	g_test_add_func("/sql/session/commands", test_commands);
	g_test_add_func("/sql/session/listener", test_listener);
}
