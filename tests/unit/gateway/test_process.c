/* The whole gateway process, from accepted connection to closed recording, around a session program
 * that says what the test tells it to. */
#include "tests/unit/gateway/process_fixture.h"

#include "base/end_reason.h"
#include "tests/support/patience.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- The way in ---- */

static void check_start(const char *line)
{
	g_autofree char *descriptors = line_value(line, "fds");

	assert_has(line, " front=rdp nla=0 address=127.0.0.1:");
	assert_has(line, " key=1 ");
	assert_has(line, " core=0 ");
	/* The preconnection blob is taken off, the request is left for the front. */
	assert_has(line, " peeked=43 ");
	assert_has(line, " environment=clean ");
	/* Standard descriptors, the link, the viewer: nothing else of the gateway's. */
	g_assert_cmpstr(descriptors, ==, "0,1,2,3,4");
}

static void check_opening(const char *id)
{
	g_autofree char *open = recorder_next();
	g_autofree char *login = recorder_next();
	g_autofree char *dial = recorder_next();
	g_autofree char *expected = g_strdup_printf(
		"OPEN id=%s resume=0 user=Alice viewer=WORKSTATION target=web1 at=127.0.0.1:%u "
		"account=root front=rdp back=vnc door=password node=testnode quality=standard",
		id, installation_target_port);

	g_assert_cmpstr(open, ==, expected);
	assert_has(login, "\"type\":\"login\",\"user\":\"Alice\",\"door\":\"password\"");
	assert_has(dial, "\"type\":\"dial\",\"target\":\"web1\",\"account\":\"root\"");
}

static void check_target(int viewer)
{
	char text[16] = "";
	int target = installation_target_accept();

	viewer_say(viewer, "send hello");
	g_assert_cmpint(recv(target, text, 5, MSG_WAITALL), ==, 5);
	g_assert_cmpstr(text, ==, "hello");
	close(target);
}

static void test_whole_way(void)
{
	static const uint8_t blob[] = {18, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0};
	int viewer = viewer_connect(installation_rdp_port);

	g_assert_cmpint(send(viewer, blob, sizeof blob, 0), ==, sizeof blob);
	viewer_request(viewer, "bobby", 1);
	g_autofree char *line = viewer_expect(viewer, "START ");
	g_autofree char *id = line_value(line, "id");
	check_start(line);
	viewer_say(viewer, "login ALICE%%web1 %s", ALICE_PASSWORD);
	assert_line(viewer, "LOGIN_ANSWER allowed=1 reason=none user=Alice target=web1 back=vnc");
	g_assert_cmpstr(session_wait_state(id, "opening"), ==, "none");
	viewer_say(viewer, "dial");
	assert_line(viewer, "RECORDER_LINK");
	g_autofree char *answer = g_strdup_printf(
		"DIAL_ANSWER reason=none host=127.0.0.1 port=%u account=root domain=CORP "
		"password=" TARGET_PASSWORD " sha256= security=2",
		installation_target_port);
	assert_line(viewer, answer);
	assert_line(viewer, "TARGET_SOCKET");
	check_opening(id);
	check_target(viewer);
	viewer_say(viewer, "running");
	g_assert_cmpstr(session_wait_state(id, "running"), ==, "none");
	close(viewer);
	g_autofree char *closing = recorder_next();
	g_autofree char *expected =
		g_strdup_printf("CLOSE id=%s reason=viewer-left detail=gone", id);
	g_assert_cmpstr(closing, ==, expected);
	g_assert_cmpstr(session_wait_state(id, "ended"), ==, "viewer-left");
	g_autofree char *opened = audit_detail("session-open", id);
	assert_has(opened, "\"target\": \"web1\"");
	assert_has(opened, "\"account\": \"root\"");
}

static void test_vnc_door(void)
{
	int viewer = viewer_connect(installation_vnc_port);
	char greeting[12];

	/* The gateway speaks first; the session process gets the viewer's answer unread. */
	g_assert_cmpint(recv(viewer, greeting, sizeof greeting, MSG_WAITALL), ==, 12);
	g_assert_cmpmem(greeting, 12, "RFB 003.008\n", 12);
	g_assert_cmpint(send(viewer, greeting, 12, MSG_NOSIGNAL), ==, 12);
	g_autofree char *line = viewer_expect(viewer, "START ");

	assert_has(line, " front=vnc nla=0 ");
	assert_has(line, " peeked=12 ");
	viewer_say(viewer, "login alice%%root%%web1 %s", ALICE_PASSWORD);
	g_free(viewer_expect(viewer, "LOGIN_ANSWER allowed=1"));
	viewer_say(viewer, "ended 1 bye");
	close(viewer);
}

/* ---- Out of turn ---- */

/* What is said after the session has got so far; each must kill it. */
static const struct {
	const char *name, *before, *said;
} violations[] = {
	{"dial-before-login", "", "dial"},
	{"running-before-login", "", "running"},
	{"ticket-login-without-proof", "", "ticket-login alice%web1"},
	{"proof-at-the-tls-door", "", "proof alice x 00 00 00 00"},
	{"unknown-number", "", "raw c800010000000000"},
	{"a-gateway-message", "", "raw 2000010000000000"},
	{"cut-short", "", "raw 03000100000000000100"},
	{"other-version", "", "raw 0300070000000000"},
	{"ready-again", "", "raw 010001000000000001000000"},
	{"second-login", "login", "login alice%web1 x"},
	{"running-before-dial", "login", "running"},
	{"second-dial", "dial", "dial"},
	{"login-after-dial", "dial", "login alice%web1 x"},
	{"second-running", "running", "running"},
	{"absurd-picture", "dial", "raw 0500010000000000ffffffffffffffff"},
};

static int get_as_far_as(const char *stage)
{
	if (strcmp(stage, "running") == 0)
		return viewer_run(NULL);
	int viewer = viewer_open(NULL);
	if (*stage == '\0')
		return viewer;
	viewer_say(viewer, "login alice%%web1 %s", ALICE_PASSWORD);
	g_free(viewer_expect(viewer, "LOGIN_ANSWER allowed=1"));
	if (strcmp(stage, "login") == 0)
		return viewer;
	viewer_say(viewer, "dial");
	g_free(viewer_expect(viewer, "RECORDER_LINK"));
	g_free(viewer_expect(viewer, "DIAL_ANSWER reason=none"));
	g_free(viewer_expect(viewer, "TARGET_SOCKET"));
	return viewer;
}

static void test_violation(const void *data)
{
	unsigned i = GPOINTER_TO_UINT(data);
	int viewer = get_as_far_as(violations[i].before);

	viewer_say(viewer, "%s", violations[i].said);
	assert_end(viewer);
}

/* ---- Ends ---- */

static void test_crash(void)
{
	g_autofree char *id = NULL, *other_id = NULL;
	int viewer = viewer_run(&id);
	int other = viewer_run(&other_id);

	viewer_say(viewer, "crash");
	assert_end(viewer);
	g_autofree char *start = g_strdup_printf("CLOSE id=%s ", id);
	g_autofree char *closing = recorder_expect(start);
	assert_has(closing, "reason=fault detail=killed by signal 11");
	g_assert_cmpstr(session_wait_state(id, "ended"), ==, "fault");
	/* Nobody else notices. */
	g_assert_cmpstr(session_wait_state(other_id, "running"), ==, "none");
	viewer_say(other, "ended 1 bye");
	assert_end(other);
	g_assert_cmpstr(session_wait_state(other_id, "ended"), ==, "viewer-left");
}

static void test_terminate(void)
{
	g_autofree char *id = NULL;
	int viewer = viewer_run(&id);

	gint64 begun = g_get_monotonic_time();
	order_end(id, "lunch time");
	assert_line(viewer, "TERMINATE terminated lunch time");
	assert_end(viewer);
	gint64 took = g_get_monotonic_time() - begun;
	g_test_message("order to cut: %.1f ms", (double)took / 1000);
	g_assert_cmpint(took, <, PROMPT_US);
	g_autofree char *start = g_strdup_printf("EVENT id=%s {\"type\":\"supervisor\"", id);
	g_autofree char *event = recorder_expect(start);
	assert_has(event, "\"by\":\"carol\",\"reason\":\"lunch time\"");
	g_autofree char *closing = recorder_expect("CLOSE ");
	assert_has(closing, "reason=terminated detail=by carol: lunch time");
	g_assert_cmpstr(session_wait_state(id, "ended"), ==, "terminated");
	g_autofree char *detail = audit_detail("session-cut", id);
	assert_has(detail, "lunch time");
}

/* A subverted session process cannot put its end down to a supervisor. */
static void test_terminate_claimed(void)
{
	g_autofree char *id = NULL;
	int viewer = viewer_run(&id);

	viewer_say(viewer, "ended %d by_carol", END_TERMINATED);
	assert_end(viewer);
	g_autofree char *closing = recorder_expect("CLOSE ");
	assert_has(closing, "reason=fault");
	g_assert_cmpstr(session_wait_state(id, "ended"), ==, "fault");
}

/* A session process that does not want to end loses its target first, then its life. */
static void test_terminate_stubborn(void)
{
	g_autofree char *id = NULL;
	int viewer = viewer_run(&id);
	int target = installation_target_accept();
	char byte;

	viewer_say(viewer, "stubborn");
	viewer_say(viewer, "send x");
	/* Connections of earlier tests may stand before ours at the target. */
	while (recv(target, &byte, 1, 0) != 1) {
		close(target);
		target = installation_target_accept();
	}
	gint64 begun = g_get_monotonic_time();
	order_end(id, "now");
	g_free(viewer_expect(viewer, "TERMINATE "));
	g_assert_cmpint(recv(target, &byte, 1, 0), ==, 0);
	gint64 cut = g_get_monotonic_time() - begun;
	assert_end(viewer);
	gint64 killed = g_get_monotonic_time() - begun;
	g_test_message("target cut after %.0f ms, viewer after %.0f ms", (double)cut / 1000,
		       (double)killed / 1000);
	g_assert_cmpint(killed, <, PROMPT_US);
	g_assert_cmpstr(session_wait_state(id, "ended"), ==, "terminated");
	close(target);
}

static void test_sixteen_at_once(void)
{
	int viewers[16];
	gint64 begun = g_get_monotonic_time();

	for (unsigned i = 0; i < G_N_ELEMENTS(viewers); i++) {
		viewers[i] = viewer_connect(installation_rdp_port);
		viewer_request(viewers[i], NULL, 1);
	}
	for (unsigned i = 0; i < G_N_ELEMENTS(viewers); i++) {
		g_free(viewer_expect(viewers[i], "START "));
		viewer_say(viewers[i], "login alice%%web1 %s", ALICE_PASSWORD);
	}
	for (unsigned i = 0; i < G_N_ELEMENTS(viewers); i++) {
		g_free(viewer_expect(viewers[i], "LOGIN_ANSWER allowed=1"));
		viewer_say(viewers[i], "dial");
	}
	for (unsigned i = 0; i < G_N_ELEMENTS(viewers); i++) {
		g_free(viewer_expect(viewers[i], "RECORDER_LINK"));
		g_free(viewer_expect(viewers[i], "DIAL_ANSWER reason=none"));
		g_free(viewer_expect(viewers[i], "TARGET_SOCKET"));
		close(viewers[i]);
	}
	g_test_message("sixteen sessions open after %.0f ms",
		       (double)(g_get_monotonic_time() - begun) / 1000);
}

static void test_target_off(void)
{
	g_autofree char *id = NULL;
	int viewer = viewer_open(&id);

	viewer_say(viewer, "login alice%%off1 %s", ALICE_PASSWORD);
	g_free(viewer_expect(viewer, "LOGIN_ANSWER allowed=1"));
	viewer_say(viewer, "dial");
	g_autofree char *answer = viewer_expect(viewer, "DIAL_ANSWER reason=target-unreachable");
	assert_has(answer, " password= ");
	viewer_say(viewer, "ended 1 bye");
	assert_end(viewer);
	/* The gateway knows the reason better than the session process. */
	g_assert_cmpstr(session_wait_state(id, "ended"), ==, "target-unreachable");
	g_autofree char *detail = audit_detail("dial-failed", id);
	assert_has(detail, "Connection refused");
}

/* ---- Recorder ---- */

static void test_storage_full(void)
{
	int viewer = viewer_open(NULL);

	viewer_say(viewer, "login alice%%web1 %s", ALICE_PASSWORD);
	g_free(viewer_expect(viewer, "LOGIN_ANSWER allowed=1"));
	recorder_accepting(false);
	/* The recorder's word travels beside ours: wait until the gateway has logged it. */
	for (bool told = false; !told; g_usleep(2000)) {
		g_autofree char *log = gateway_log();
		told = strstr(log, "the recorder refuses new recordings") != NULL;
	}
	viewer_say(viewer, "dial");
	g_free(viewer_expect(viewer, "DIAL_ANSWER reason=storage-full"));
	close(viewer);
	recorder_accepting(true);
	for (bool told = false; !told; g_usleep(2000)) {
		g_autofree char *log = gateway_log();
		told = strstr(log, "the recorder takes new recordings") != NULL;
	}
}

static void test_storage_full_later(void)
{
	g_autofree char *id = NULL;
	int viewer = viewer_run(&id);

	recorder_fail(id);
	g_autofree char *line = viewer_expect(viewer, "TERMINATE storage-full");
	g_assert_nonnull(line);
	assert_end(viewer);
	g_assert_cmpstr(session_wait_state(id, "ended"), ==, "storage-full");
}

static void test_recorder_restart(void)
{
	g_autofree char *id = NULL, *ended_id = NULL;
	int viewer = viewer_run(&id);
	int leaving = viewer_run(&ended_id);
	int late = viewer_open(NULL);

	viewer_say(late, "login alice%%web1 %s", ALICE_PASSWORD);
	g_free(viewer_expect(late, "LOGIN_ANSWER allowed=1"));
	recorder_stop();
	g_assert_cmpstr(session_wait_state(id, "running"), ==, "none");
	viewer_say(leaving, "ended 1 meanwhile");
	assert_end(leaving);
	/* No recorder, no session. The gateway may not have noticed yet: then OPEN fails,
	 * with the same answer. */
	viewer_say(late, "dial");
	g_free(viewer_expect(late, "DIAL_ANSWER reason=recorder-lost"));
	close(late);
	recorder_start();
	g_free(recorder_expect("CONNECTED"));
	g_autofree char *open = g_strdup_printf("OPEN id=%s resume=1 ", id);
	g_autofree char *closing = g_strdup_printf("CLOSE id=%s reason=viewer-left", ended_id);
	g_free(recorder_expect(open));
	g_free(recorder_expect(closing));
	assert_line(viewer, "RECORDER_LINK");
	viewer_say(viewer, "ended 1 bye");
	assert_end(viewer);
}

/* ---- Floods ---- */

#define FLOOD 3000
#define FLOOD_AT_ONCE 30

static void flood(unsigned n)
{
	static const char garbage[] = "GET / HTTP/1.1\r\nHost: vitrine\r\n\r\n";
	int open[FLOOD_AT_ONCE];

	for (unsigned i = 0; i < G_N_ELEMENTS(open); i++)
		open[i] = -1;
	for (unsigned i = 0; i < n; i++) {
		int *slot = &open[i % FLOOD_AT_ONCE];
		if (*slot >= 0)
			close(*slot);
		*slot = viewer_connect(installation_rdp_port);
		/* A third talks nonsense, a third begins well and stops, a third says nothing. */
		if (i % 3 == 0)
			send(*slot, garbage, sizeof garbage - 1, MSG_NOSIGNAL);
		else if (i % 3 == 1)
			send(*slot, "\x03\x00\x00\x2b", 4, MSG_NOSIGNAL);
	}
	for (unsigned i = 0; i < G_N_ELEMENTS(open); i++)
		close(open[i]);
}

/* The flood's last connections count against our address until the gateway has seen them go. */
static void wait_until_served(void)
{
	for (unsigned i = 0; i < 500; i++) {
		int viewer = viewer_connect(installation_rdp_port);
		viewer_request(viewer, NULL, 1);
		g_autofree char *line = viewer_hear(viewer);
		close(viewer);
		if (line != NULL)
			return;
		g_usleep(10000);
	}
	g_error("the gateway does not serve any more");
}

static void test_flood(void)
{
	wait_until_served();
	flood(300); /* warm: allocator, tables */
	wait_until_served();
	unsigned descriptors = gateway_descriptors(), before = gateway_memory_kib();
	flood(FLOOD);
	/* It still serves, and what it has dropped it has forgotten. */
	wait_until_served();
	unsigned after = gateway_memory_kib();
	g_test_message("memory %u KiB before, %u KiB after %u bad connections", before, after,
		       FLOOD);
	g_assert_cmpuint(after, <, before + 512);
	g_assert_cmpuint(gateway_descriptors(), <=, descriptors + FLOOD_AT_ONCE);
	g_autofree char *log = gateway_log();
	g_assert_cmpuint(count_text(log, "came to nothing"), <, 20);
}

static void add_tests(void)
{
	g_test_add_func("/gateway/whole-way", test_whole_way);
	g_test_add_func("/gateway/vnc-door", test_vnc_door);
	g_test_add_func("/gateway/crash", test_crash);
	g_test_add_func("/gateway/terminate", test_terminate);
	g_test_add_func("/gateway/terminate-claimed", test_terminate_claimed);
	g_test_add_func("/gateway/terminate-stubborn", test_terminate_stubborn);
	g_test_add_func("/gateway/sixteen-at-once", test_sixteen_at_once);
	g_test_add_func("/gateway/target-off", test_target_off);
	g_test_add_func("/gateway/storage-full", test_storage_full);
	g_test_add_func("/gateway/storage-full-later", test_storage_full_later);
	g_test_add_func("/gateway/recorder-restart", test_recorder_restart);
	g_test_add_func("/gateway/flood", test_flood);
	for (unsigned i = 0; i < G_N_ELEMENTS(violations); i++) {
		g_autofree char *path =
			g_strdup_printf("/gateway/violation-%s", violations[i].name);
		g_test_add_data_func(path, GUINT_TO_POINTER(i), test_violation);
	}
}

int main(int argc, char **argv)
{
	return process_test_run(argc, argv, add_tests);
}
