/* The whole gateway process, from accepted connection to closed recording, around a session program that says what the test tells it to. */
#include "tests/unit/gateway/process_fixture.h"

#include "base/end_reason.h"
#include "base/secret.h"
#include "gateway/broker/nt_hash.h"
#include "sql/session_store.h"
#include "tests/unit/sql/sql_fixture.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void assert_has(const char *text, const char *part)
{
	if (text == NULL || strstr(text, part) == NULL)
		g_error("\"%s\" is not in \"%s\"", part, text != NULL ? text : "(nothing)");
}

static void assert_line(int fd, const char *expected)
{
	g_autofree char *line = viewer_expect(fd, expected);

	g_assert_cmpstr(line, ==, expected);
}

static void assert_end(int fd)
{
	g_autofree char *line = viewer_hear(fd);

	g_assert_cmpstr(line, ==, NULL);
	close(fd);
}

/* ---- The way in ---------------------------------------------------------------------------------------------------- */

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

static void test_alternate_shell(void)
{
	int viewer = viewer_open(NULL);

	viewer_say(viewer, "login alice %s psm_/u_root_/a_web1", ALICE_PASSWORD);
	assert_line(viewer, "LOGIN_ANSWER allowed=1 reason=none user=Alice target=web1 back=vnc");
	close(viewer);
}

/* ---- Refusals ------------------------------------------------------------------------------------------------------- */

static const struct refusal {
	const char *user, *password, *why;
} refusals[] = {
	{"nobody%web1", ALICE_PASSWORD, "unknown-user"},
	{"alice%web1", "wrong", "wrong-password"},
	{"bob%web1", ALICE_PASSWORD, "target-not-granted"},
	{"bob%nowhere", ALICE_PASSWORD, "target-not-granted"},
	{"bob%secret", ALICE_PASSWORD, "target-not-granted"},
	{"carol%web1", ALICE_PASSWORD, "disabled-user"},
	{"alice@x%%web1", ALICE_PASSWORD, "no-name"},
};

/* One after the other, each by a user of its own where back-off would matter; the times must not tell one from the other. */
static void test_refusals_alike(void)
{
	gint64 shortest = G_MAXINT64, longest = 0;

	for (unsigned i = 0; i < G_N_ELEMENTS(refusals); i++) {
		int viewer = viewer_open(NULL);
		gint64 begun = g_get_monotonic_time();
		viewer_say(viewer, "login %s %s", refusals[i].user, refusals[i].password);
		assert_line(viewer, "LOGIN_ANSWER allowed=0 reason=refused user= target= back=");
		gint64 took = g_get_monotonic_time() - begun;
		/* bob comes three times: what he has to wait in line is his own doing. */
		if (!g_str_has_prefix(refusals[i].user, "bob") || i == 2) {
			shortest = MIN(shortest, took);
			longest = MAX(longest, took);
		}
		viewer_say(viewer, "ended 3 refused");
		close(viewer);
		g_autofree char *target = g_strdup(strrchr(refusals[i].user, '%') + 1);
		g_autofree char *detail = audit_detail(
			"login-refused", strcmp(refusals[i].why, "no-name") == 0 ? NULL : target);
		g_autofree char *why = g_strdup_printf("\"why\": \"%s\"", refusals[i].why);
		assert_has(detail, why);
	}
	g_test_message("refusals take %.0f to %.0f ms", (double)shortest / 1000,
		       (double)longest / 1000);
	g_assert_cmpint(shortest, >=, 1000000);
	g_assert_cmpint(longest - shortest, <, 400000);
}

static void test_backoff_delays(void)
{
	int viewer = viewer_open(NULL);
	int other = viewer_open(NULL);

	viewer_say(viewer, "login alice%%web1 wrong");
	g_free(viewer_expect(viewer, "LOGIN_ANSWER allowed=0"));
	close(viewer);
	/* Others are not held up by it, even with names that are wrong too. */
	gint64 begun = g_get_monotonic_time();
	viewer_say(other, "login dave%%web1 wrong");
	g_free(viewer_expect(other, "LOGIN_ANSWER allowed=0"));
	g_assert_cmpint(g_get_monotonic_time() - begun, <, 1900000);
	close(other);
	/* Right after all, but only after the wait; then all is forgotten. */
	viewer = viewer_open(NULL);
	viewer_say(viewer, "login alice%%web1 %s", ALICE_PASSWORD);
	g_free(viewer_expect(viewer, "LOGIN_ANSWER allowed=1"));
	close(viewer);
	viewer = viewer_open(NULL);
	begun = g_get_monotonic_time();
	viewer_say(viewer, "login alice%%web1 %s", ALICE_PASSWORD);
	g_free(viewer_expect(viewer, "LOGIN_ANSWER allowed=1"));
	g_assert_cmpint(g_get_monotonic_time() - begun, <, 900000);
	close(viewer);
}

/* A made-up domain behind the name is still the same user. */
static void test_backoff_counts_the_user(void)
{
	static const char *const tries[] = {"alice@x", "alice@y", "Alice@z"};

	for (unsigned i = 0; i < G_N_ELEMENTS(tries); i++) {
		int viewer = viewer_open(NULL);
		viewer_say(viewer, "login %s%%web1 wrong", tries[i]);
		g_free(viewer_expect(viewer, "LOGIN_ANSWER allowed=0"));
		close(viewer);
	}
	int viewer = viewer_open(NULL);
	gint64 begun = g_get_monotonic_time();
	viewer_say(viewer, "login alice%%web1 %s", ALICE_PASSWORD);
	g_free(viewer_expect(viewer, "LOGIN_ANSWER allowed=1"));
	g_assert_cmpint(g_get_monotonic_time() - begun, >, 400000);
	close(viewer);
}

/* ---- Out of turn ---------------------------------------------------------------------------------------------------- */

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

/* ---- Ends ------------------------------------------------------------------------------------------------------------ */

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

static void order_end(const char *id, const char *words)
{
	GError *error = NULL;

	session_store_terminate(fixture_admin(), id, words, "carol", &error);
	g_assert_no_error(error);
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
	g_assert_cmpint(took, <, 300000);
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
	g_assert_cmpint(cut, <, 300000 + 200000);
	g_assert_cmpint(killed, <, 1500000);
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

/* ---- Recorder ---------------------------------------------------------------------------------------------------------- */

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
	/* No recorder, no session. The gateway may not have noticed yet: then OPEN fails, with the same answer. */
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

/* ---- Tickets ------------------------------------------------------------------------------------------------------------ */

static int viewer_with_cookie(const char *cookie, const char *expected_nla)
{
	int viewer = viewer_connect(installation_rdp_port);

	viewer_request(viewer, cookie, 3);
	g_autofree char *line = viewer_expect(viewer, "START ");
	assert_has(line, expected_nla);
	return viewer;
}

static char *hex(const uint8_t *bytes, size_t length)
{
	char *text = g_malloc0(2 * length + 1);

	for (size_t i = 0; i < length; i++)
		g_snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	return text;
}

/* An NTLM proof as a viewer with this password makes it: the exported key is all zero bytes after RC4, so its cipher text is what
 * RC4 makes of zero; found through the checker itself would prove nothing, so HMAC and MIC are made with GLib. */
static void hmac(const uint8_t key[16], const void *bytes, size_t length, uint8_t ret[16])
{
	GHmac *mac = g_hmac_new(G_CHECKSUM_MD5, key, 16);
	gsize size = 16;

	g_hmac_update(mac, bytes, (gssize)length);
	g_hmac_get_digest(mac, ret, &size);
	g_hmac_unref(mac);
}

static void rc4(const uint8_t key[16], const uint8_t in[16], uint8_t ret[16])
{
	uint8_t s[256], j = 0;

	for (unsigned i = 0; i < 256; i++)
		s[i] = (uint8_t)i;
	for (unsigned i = 0; i < 256; i++) {
		j = (uint8_t)(j + s[i] + key[i % 16]);
		uint8_t t = s[i];
		s[i] = s[j];
		s[j] = t;
	}
	j = 0;
	for (unsigned n = 0; n < 16; n++) {
		uint8_t i = (uint8_t)(n + 1), t = s[i];
		j = (uint8_t)(j + t);
		s[i] = s[j];
		s[j] = t;
		ret[n] = in[n] ^ s[(uint8_t)(s[i] + s[j])];
	}
}

static void say_proof(int viewer, const char *user, const char *password, char **ret_v2)
{
	static const uint8_t input[] = "server challenge and client blob";
	static const uint8_t messages[] = "three NTLM messages";
	static const uint8_t exported[16] = "exported session";
	GError *error = NULL;
	struct nt_hasher *hasher = nt_hasher_create(&error);
	uint8_t nt[16], v2[16], proof[16], base[16], key[16], mic[16];

	g_assert_no_error(error);
	g_assert_cmpint(nt_hash_password(hasher, password, nt), ==, 0);
	g_assert_cmpint(nt_hash_v2(hasher, nt, user, "CORP", v2), ==, 0);
	nt_hasher_destroy(hasher);
	hmac(v2, input, sizeof input, proof);
	hmac(v2, proof, sizeof proof, base);
	rc4(base, exported, key);
	hmac(exported, messages, sizeof messages, mic);
	g_autofree char *a = hex(input, sizeof input), *b = hex(key, 16),
			*c = hex(messages, sizeof messages), *d = hex(mic, 16);
	viewer_say(viewer, "proof %s CORP %s %s %s %s", user, a, b, c, d);
	if (ret_v2 != NULL)
		*ret_v2 = hex(v2, 16);
}

static void test_ticket(void)
{
	g_autofree char *v2 = NULL;
	int viewer = viewer_with_cookie("alice", " nla=0 ");

	close(viewer);
	installation_add_ticket();
	viewer = viewer_with_cookie("alice%web1", " nla=1 ");
	say_proof(viewer, "alice%web1", TICKET_PASSWORD, &v2);
	g_autofree char *expected = g_strdup_printf("NLA_ANSWER ok=1 ntowfv2=%s", v2);
	assert_line(viewer, expected);
	viewer_say(viewer, "ticket-login alice%%web1");
	assert_line(viewer, "LOGIN_ANSWER allowed=1 reason=none user=Alice target=web1 back=vnc");
	close(viewer);
	/* Once is enough, and staff read what came a second time. */
	viewer = viewer_with_cookie("alice%web1", " nla=1 ");
	say_proof(viewer, "alice%web1", TICKET_PASSWORD, NULL);
	assert_line(viewer, "NLA_ANSWER ok=0 ntowfv2=00000000000000000000000000000000");
	g_autofree char *detail = audit_detail("login-refused", "");
	assert_has(detail, "\"why\": \"ticket-used\"");
	close(viewer);
}

static void refuse_proof(const char *user, const char *password)
{
	int viewer = viewer_with_cookie("alice", " nla=1 ");

	say_proof(viewer, user, password, NULL);
	assert_line(viewer, "NLA_ANSWER ok=0 ntowfv2=00000000000000000000000000000000");
	viewer_say(viewer, "ticket-login alice%%web1");
	assert_end(viewer);
}

static void test_ticket_refusals(void)
{
	installation_add_ticket();
	refuse_proof("alice", "wrong");
	refuse_proof("bob", TICKET_PASSWORD);
	/* The ticket's user and target cannot be stretched: proved as alice, claimed as bob, or for another target. */
	int viewer = viewer_with_cookie("alice", " nla=1 ");
	say_proof(viewer, "alice", TICKET_PASSWORD, NULL);
	g_free(viewer_expect(viewer, "NLA_ANSWER ok=1"));
	viewer_say(viewer, "ticket-login alice%%off1");
	g_free(viewer_expect(viewer, "LOGIN_ANSWER allowed=0 reason=refused"));
	close(viewer);
	installation_add_ticket();
	viewer = viewer_with_cookie("alice", " nla=1 ");
	say_proof(viewer, "alice", TICKET_PASSWORD, NULL);
	g_free(viewer_expect(viewer, "NLA_ANSWER ok=1"));
	viewer_say(viewer, "ticket-login bob%%web1");
	g_free(viewer_expect(viewer, "LOGIN_ANSWER allowed=0 reason=refused"));
	close(viewer);
}

/* ---- Floods -------------------------------------------------------------------------------------------------------------- */

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

static unsigned count_text(const char *text, const char *part)
{
	unsigned n = 0;

	for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part))
		n++;
	return n;
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

/* ---- The database goes away ------------------------------------------------------------------------------------------------ */

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

/* ---- Start and stop ---------------------------------------------------------------------------------------------------------- */

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

/* A process that could not confine itself never meets a viewer. */
static void test_unconfined(void)
{
	g_autofree char *link = g_strdup(installation_file("unconfined-session"));

	g_assert_cmpint(symlink(g_getenv("VITRINE_TEST_SESSION"), link), ==, 0);
	installation_configure(link, "  handshake_deadline_ms: 1500\n");
	gateway_start();
	int viewer = viewer_connect(installation_rdp_port);
	viewer_request(viewer, NULL, 1);
	assert_end(viewer);
	g_autofree char *log = gateway_log();
	assert_has(log, "is not confined");
	g_assert_cmpint(gateway_finish(), ==, 0);
}

/* Sessions of a gateway that was killed: its rows are ended at the next start, its session processes end by themselves. */
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
			       "  handshake_deadline_ms: 1000\n  max_per_address: 3\n");
	gateway_start();
	int silent = viewer_connect(installation_rdp_port);
	int slow = viewer_connect(installation_rdp_port);
	int stuck = viewer_open(NULL);
	int fourth = viewer_connect(installation_rdp_port);
	g_assert_cmpint(send(slow, "\x03\x00", 2, 0), ==, 2);
	assert_end(fourth);
	g_free(viewer_expect(stuck, "TERMINATE deadline"));
	assert_end(stuck);
	assert_end(silent);
	assert_end(slow);
	g_assert_cmpint(gateway_finish(), ==, 0);
}

static void first_start(void)
{
	installation_configure(g_getenv("VITRINE_TEST_SESSION"), "");
	gateway_start();
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(secret_init(), ==, 0);
	installation_create();
	recorder_start();
	first_start();
	g_test_add_func("/gateway/whole-way", test_whole_way);
	g_test_add_func("/gateway/vnc-door", test_vnc_door);
	g_test_add_func("/gateway/alternate-shell", test_alternate_shell);
	for (unsigned i = 0; i < G_N_ELEMENTS(violations); i++) {
		g_autofree char *path =
			g_strdup_printf("/gateway/violation-%s", violations[i].name);
		g_test_add_data_func(path, GUINT_TO_POINTER(i), test_violation);
	}
	g_test_add_func("/gateway/crash", test_crash);
	g_test_add_func("/gateway/terminate", test_terminate);
	g_test_add_func("/gateway/terminate-claimed", test_terminate_claimed);
	g_test_add_func("/gateway/terminate-stubborn", test_terminate_stubborn);
	g_test_add_func("/gateway/sixteen-at-once", test_sixteen_at_once);
	g_test_add_func("/gateway/target-off", test_target_off);
	g_test_add_func("/gateway/storage-full", test_storage_full);
	g_test_add_func("/gateway/storage-full-later", test_storage_full_later);
	g_test_add_func("/gateway/recorder-restart", test_recorder_restart);
	g_test_add_func("/gateway/ticket", test_ticket);
	g_test_add_func("/gateway/flood", test_flood);
	g_test_add_func("/gateway/refusals-alike", test_refusals_alike);
	g_test_add_func("/gateway/backoff-delays", test_backoff_delays);
	g_test_add_func("/gateway/backoff-counts-the-user", test_backoff_counts_the_user);
	g_test_add_func("/gateway/ticket-refusals", test_ticket_refusals);
	g_test_add_func("/gateway/database-away", test_database_away);
	g_test_add_func("/gateway/stop", test_stop);
	g_test_add_func("/gateway/start-trouble", test_start_trouble);
	g_test_add_func("/gateway/unconfined", test_unconfined);
	g_test_add_func("/gateway/killed", test_killed);
	g_test_add_func("/gateway/housekeeping", test_housekeeping);
	g_test_add_func("/gateway/deadline", test_deadline);
	int failures = g_test_run();
	recorder_stop();
	installation_destroy();
	return failures;
}
