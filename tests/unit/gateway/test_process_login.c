/* Who gets in through the whole gateway process: names, refusals that look alike, back-off,
 * tickets. */
#include "tests/unit/gateway/process_fixture.h"

#include "gateway/broker/nt_hash.h"
#include "tests/support/patience.h"

#include <string.h>
#include <unistd.h>

static void test_alternate_shell(void)
{
	int viewer = viewer_open(NULL);

	viewer_say(viewer, "login alice %s psm_/u_root_/a_web1", ALICE_PASSWORD);
	assert_line(viewer, "LOGIN_ANSWER allowed=1 reason=none user=Alice target=web1 back=vnc");
	close(viewer);
}

/* ---- Refusals ---- */

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

/* One after the other, each by a user of its own where back-off would matter; the times must not
 * tell one from the other. */
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
	g_assert_cmpint(longest - shortest, <, PROMPT_US);
}

/* The right password this time. */
static gint64 login_takes_us(void)
{
	int viewer = viewer_open(NULL);
	gint64 begun = g_get_monotonic_time();

	viewer_say(viewer, "login alice%%web1 %s", ALICE_PASSWORD);
	g_free(viewer_expect(viewer, "LOGIN_ANSWER allowed=1"));
	close(viewer);
	return g_get_monotonic_time() - begun;
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
	g_assert_cmpint(g_get_monotonic_time() - begun, <, PROMPT_US);
	close(other);
	/* Right after all. */
	g_assert_cmpint(login_takes_us(), <, PROMPT_US);
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
	g_assert_cmpint(login_takes_us(), >, 400000);
	/* That was the right one, and all is forgotten: three failures would cost the next two
	 * seconds, and every one after it. */
	gint64 until_us = g_get_monotonic_time() + PATIENCE_US;
	while (login_takes_us() >= 1500000)
		g_assert_cmpint(g_get_monotonic_time(), <, until_us);
}

/* ---- Tickets ---- */

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

/* An NTLM proof as a viewer with this password makes it: the exported key is all zero bytes after
 * RC4, so its cipher text is what RC4 makes of zero; found through the checker itself would prove
 * nothing, so HMAC and MIC are made with GLib. */
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
	/* The ticket's user and target cannot be stretched: proved as alice, claimed as bob,
	 * or for another target. */
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

static void add_tests(void)
{
	g_test_add_func("/gateway/alternate-shell", test_alternate_shell);
	g_test_add_func("/gateway/ticket", test_ticket);
	g_test_add_func("/gateway/refusals-alike", test_refusals_alike);
	g_test_add_func("/gateway/backoff-delays", test_backoff_delays);
	g_test_add_func("/gateway/backoff-counts-the-user", test_backoff_counts_the_user);
	g_test_add_func("/gateway/ticket-refusals", test_ticket_refusals);
}

int main(int argc, char **argv)
{
	return process_test_run(argc, argv, add_tests);
}
