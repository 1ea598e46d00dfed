/* The whole gateway process through a lost database, stop, trouble at the start, and kills. */
#include "tests/unit/gateway/process_fixture.h"

#include "tests/unit/sql/sql_fixture.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- The database goes away ---- */

static void test_database_away(void)
{
	g_autofree char *id = NULL;
	int viewer = viewer_run(&id);
	int late = viewer_open(NULL);

	g_assert_cmpstr(session_wait_state(id, "running"), ==, "none");
	fixture_server("stop");
	viewer_say(viewer, "send still-here");
	viewer_say(late, "login alice%%web1 %s", ALICE_PASSWORD);
	g_free(viewer_expect(late, "LOGIN_ANSWER allowed=0 reason=unavailable"));
	close(late);
	viewer_say(viewer, "ended 1 meanwhile");
	assert_end(viewer);
	fixture_server("begin");
	/* This connection of ours broke as well. */
	GError *error = NULL;
	db_ping(fixture_admin(), &error);
	g_clear_error(&error);
	g_assert_cmpstr(session_wait_state(id, "ended"), ==, "viewer-left");
	late = viewer_open(NULL);
	viewer_say(late, "login alice%%web1 %s", ALICE_PASSWORD);
	g_autofree char *answer = viewer_hear(late);
	assert_has(answer, "LOGIN_ANSWER allowed=");
	close(late);
	/* Orders are heard again as well. */
	g_autofree char *new_id = NULL;
	viewer = viewer_run(&new_id);
	g_assert_cmpstr(session_wait_state(new_id, "running"), ==, "none");
	order_end(new_id, "again");
	assert_line(viewer, "TERMINATE terminated again");
	assert_end(viewer);
}

/* ---- Start and stop ---- */

static void test_stop(void)
{
	g_autofree char *id = NULL;
	int viewer = viewer_run(&id);
	int waiting = viewer_connect(installation_rdp_port);

	g_assert_cmpint(gateway_finish(), ==, 0);
	g_free(viewer_expect(viewer, "TERMINATE gateway-stopped"));
	assert_end(viewer);
	assert_end(waiting);
	g_assert_cmpstr(session_wait_state(id, "ended"), ==, "gateway-stopped");
	g_autofree char *start = g_strdup_printf("CLOSE id=%s reason=gateway-stopped", id);
	g_free(recorder_expect(start));
	g_autofree char *log = gateway_log();
	g_assert_null(strstr(log, ALICE_PASSWORD));
	g_assert_null(strstr(log, TARGET_PASSWORD));
	g_assert_null(strstr(log, "0001020304050607"));
}

static void assert_trouble(const char *part)
{
	g_autofree char *output = NULL;

	g_assert_cmpint(gateway_try(&output), ==, 1);
	g_autofree char *last = g_strdup(g_strrstr(output, "vitrine-gateway: "));
	assert_has(last, part);
	g_assert_cmpuint(count_text(last, "\n"), ==, 1);
}

static char *read_file(const char *name)
{
	char *text = NULL;

	g_assert_true(g_file_get_contents(installation_file(name), &text, NULL, NULL));
	return text;
}

static void test_start_trouble(void)
{
	const char *program = g_getenv("VITRINE_TEST_SESSION");

	installation_configure("/nonexistent/vitrine-session", "");
	assert_trouble("/nonexistent/vitrine-session");
	installation_configure(program, "  surprise: 1\n");
	assert_trouble("surprise");
	installation_configure(program, "");
	installation_write("master.key", "too short\n", 0600);
	assert_trouble("64 hex digits");
	installation_write("master.key",
			   "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n",
			   0644);
	assert_trouble("chmod 600");
	g_autofree char *stranger = read_file("tls.key");
	installation_write_identity();
	installation_write("tls.key", stranger, 0600);
	assert_trouble("tls.key: this is not the private key of the certificate in ");
	installation_write("tls.key", "-----BEGIN PRIVATE KEY-----\n", 0600);
	assert_trouble("tls.key: the private key in it cannot be read");
	g_assert_cmpint(unlink(installation_file("tls.key")), ==, 0);
	assert_trouble("tls.key");
	installation_write("master.key",
			   "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n",
			   0600);
	installation_write_identity();
	fixture_server("stop");
	assert_trouble("connect");
	fixture_server("begin");
	gateway_start();
	assert_trouble("Address already in use");
	g_assert_cmpint(gateway_finish(), ==, 0);
}

static void assert_told_of_key(bool told)
{
	gateway_start();
	g_autofree char *log = gateway_log();
	g_assert_cmpint(strstr(log, "tls.key is not an RSA key") != NULL, ==, told);
	g_assert_cmpint(gateway_finish(), ==, 0);
}

/* Such a key works with every viewer of these tests, and with no old mstsc. */
static void test_kind_of_key(void)
{
	g_autofree char *key = g_strdup(installation_file("tls.key"));
	g_autofree char *certificate = g_strdup(installation_file("tls.crt"));
	const char *const argv[] = {"openssl", "req",	"-x509",  "-newkey",   "rsa:2048",
				    "-nodes",  "-subj", "/CN=gw", "-days",     "2",
				    "-keyout", key,	"-out",	  certificate, NULL};
	int status = 0;

	installation_configure(g_getenv("VITRINE_TEST_SESSION"), "");
	assert_told_of_key(true);
	g_assert_true(g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL,
				   G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL,
				   NULL, NULL, &status, NULL));
	g_assert_cmpint(status, ==, 0);
	assert_told_of_key(false);
	installation_write_identity();
}

/* A process that could not confine itself never meets a viewer. */
static void test_unconfined(void)
{
	g_autofree char *link = g_strdup(installation_file("unconfined-session"));

	g_assert_cmpint(symlink(g_getenv("VITRINE_TEST_SESSION"), link), ==, 0);
	installation_configure(link, "  handshake_deadline_ms: 5000\n");
	gateway_start();
	int viewer = viewer_connect(installation_rdp_port);
	viewer_request(viewer, NULL, 1);
	assert_end(viewer);
	g_autofree char *log = gateway_log();
	assert_has(log, "is not confined");
	g_assert_cmpint(gateway_finish(), ==, 0);
}

/* Sessions of a gateway that was killed: its rows are ended at the next start, its session
 * processes end by themselves. */
static void test_killed(void)
{
	g_autofree char *id = NULL;

	installation_configure(g_getenv("VITRINE_TEST_SESSION"), "");
	gateway_start();
	int viewer = viewer_run(&id);
	g_assert_cmpstr(session_wait_state(id, "running"), ==, "none");
	kill(gateway_pid(), SIGKILL);
	assert_end(viewer);
	g_assert_cmpint(gateway_finish(), ==, 1000 + SIGKILL);
	gateway_start();
	g_assert_cmpstr(session_wait_state(id, "ended"), ==, "fault");
	g_assert_cmpint(gateway_finish(), ==, 0);
}

/* What the gateway begins with at its start is done before it stops. */
static void test_housekeeping(void)
{
	installation_add_old_ticket();
	installation_add_old_ticket();
	installation_configure(g_getenv("VITRINE_TEST_SESSION"), "");
	gateway_start();
	g_assert_cmpint(gateway_finish(), ==, 0);
	g_autofree char *log = gateway_log();
	assert_has(log, "2 old one-time passwords are deleted");
}

static void test_deadline(void)
{
	installation_configure(g_getenv("VITRINE_TEST_SESSION"),
			       "  handshake_deadline_ms: 3000\n  max_per_address: 3\n");
	gateway_start();
	int stuck = viewer_open(NULL);
	int silent = viewer_connect(installation_rdp_port);
	int slow = viewer_connect(installation_rdp_port);
	int fourth = viewer_connect(installation_rdp_port);
	g_assert_cmpint(send(slow, "\x03\x00", 2, 0), ==, 2);
	assert_end(fourth);
	g_free(viewer_expect(stuck, "TERMINATE deadline"));
	assert_end(stuck);
	assert_end(silent);
	assert_end(slow);
	g_assert_cmpint(gateway_finish(), ==, 0);
}

static void add_tests(void)
{
	g_test_add_func("/gateway/database-away", test_database_away);
	g_test_add_func("/gateway/stop", test_stop);
	g_test_add_func("/gateway/start-trouble", test_start_trouble);
	g_test_add_func("/gateway/kind-of-key", test_kind_of_key);
	g_test_add_func("/gateway/unconfined", test_unconfined);
	g_test_add_func("/gateway/killed", test_killed);
	g_test_add_func("/gateway/housekeeping", test_housekeeping);
	g_test_add_func("/gateway/deadline", test_deadline);
}

int main(int argc, char **argv)
{
	return process_test_run(argc, argv, add_tests);
}
