/* Admission, back-off and the bounded table under both. */
#include "base/secret.h"
#include "gateway/address.h"
#include "gateway/admission.h"
#include "gateway/broker/backoff.h"
#include "gateway/broker/proven.h"
#include "gateway/recent.h"

#include <arpa/inet.h>
#include <glib.h>
#include <netinet/in.h>
#include <string.h>

#define SECOND_US 1000000u

static void test_recent(void)
{
	struct recent *recent = recent_create(3, sizeof(int));

	*(int *)recent_add(recent, "a") = 1;
	*(int *)recent_add(recent, "b") = 2;
	*(int *)recent_add(recent, "c") = 3;
	g_assert_cmpint(*(int *)recent_find(recent, "a"), ==, 1);
	*(int *)recent_add(recent, "d") = 4;
	g_assert_null(recent_find(recent, "b"));
	g_assert_cmpint(*(int *)recent_find(recent, "a"), ==, 1);
	g_assert_cmpint(*(int *)recent_add(recent, "c"), ==, 3);
	g_assert_cmpuint(recent_count(recent), ==, 3);
	recent_remove(recent, "c");
	recent_remove(recent, "nobody");
	g_assert_cmpuint(recent_count(recent), ==, 2);
	g_assert_cmpint(*(int *)recent_add(recent, "c"), ==, 0);
	recent_destroy(recent);
}

static void test_admission(void)
{
	struct admission *admission = admission_create(4, 2);

	g_assert_true(admission_enter(admission, "a"));
	g_assert_true(admission_enter(admission, "a"));
	g_assert_false(admission_enter(admission, "a"));
	g_assert_true(admission_enter(admission, "b"));
	g_assert_true(admission_enter(admission, "c"));
	g_assert_false(admission_enter(admission, "d"));
	g_assert_cmpuint(admission_count(admission), ==, 4);
	admission_leave(admission, "a");
	g_assert_true(admission_enter(admission, "d"));
	admission_leave(admission, "a");
	admission_leave(admission, "b");
	g_assert_true(admission_enter(admission, "a"));
	g_assert_true(admission_enter(admission, "a"));
	g_assert_cmpuint(admission_count(admission), ==, 4);
	admission_destroy(admission);
}

static unsigned lines;
static char *last_line;

static GLogWriterOutput count_line(GLogLevelFlags level, const GLogField *fields, gsize n_fields,
				   void *user_data)
{
	lines++;
	for (gsize i = 0; i < n_fields; i++)
		if (strcmp(fields[i].key, "MESSAGE") == 0) {
			g_free(last_line);
			last_line = g_strdup(fields[i].value);
		}
	return G_LOG_WRITER_HANDLED;
}

static void test_complaints(void)
{
	struct admission *admission = admission_create(4, 2);

	lines = 0;
	for (unsigned i = 0; i < 1000; i++)
		admission_complain(admission, "192.0.2.1", "garbage", SECOND_US + i);
	g_assert_cmpuint(lines, ==, 1);
	admission_complain(admission, "192.0.2.2", "garbage", SECOND_US);
	g_assert_cmpuint(lines, ==, 2);
	admission_complain(admission, "192.0.2.1", "silence", 62 * SECOND_US);
	g_assert_cmpuint(lines, ==, 3);
	g_assert_nonnull(strstr(last_line, "192.0.2.1 came to nothing: silence (and 999 more"));
	admission_destroy(admission);
}

/* n failures, each tried as soon as that is looked at; returns the wait before the next try. */
static uint64_t fail_often(struct backoff *backoff, unsigned n, uint64_t *now_us)
{
	for (unsigned i = 0; i < n; i++) {
		*now_us += backoff_begin(backoff, "192.0.2.1", "alice", *now_us);
		backoff_failed(backoff, "192.0.2.1", "alice", *now_us);
	}
	return backoff_begin(backoff, "192.0.2.1", "alice", *now_us);
}

static void test_delays_grow(void)
{
	static const uint64_t delays_us[] = {0,	      500000,  1000000,	 2000000,
					     4000000, 8000000, 10000000, 10000000};

	for (unsigned n = 0; n < G_N_ELEMENTS(delays_us); n++) {
		struct backoff *backoff = backoff_create(100);
		uint64_t now_us = 1000 * SECOND_US;
		g_assert_cmpuint(fail_often(backoff, n, &now_us), ==, delays_us[n]);
		backoff_destroy(backoff);
	}
}

static void test_nobody_else_waits(void)
{
	struct backoff *backoff = backoff_create(100);
	uint64_t now_us = 1000 * SECOND_US;

	g_assert_cmpuint(fail_often(backoff, 20, &now_us), >, 0);
	g_assert_cmpuint(backoff_begin(backoff, "192.0.2.2", "alice", now_us), ==, 0);
	g_assert_cmpuint(backoff_begin(backoff, "192.0.2.1", "bob", now_us), ==, 0);
	g_assert_cmpuint(backoff_begin(backoff, "192.0.2.1", "ALICE", now_us), >, 0);
	backoff_succeeded(backoff, "192.0.2.1", "Alice");
	g_assert_cmpuint(backoff_begin(backoff, "192.0.2.1", "alice", now_us), ==, 0);
	backoff_destroy(backoff);
}

/* Parallel tries stand in line one after the other, and a long line is refused. */
static void test_line(void)
{
	struct backoff *backoff = backoff_create(100);
	uint64_t now_us = 1000 * SECOND_US;

	g_assert_cmpuint(fail_often(backoff, 4, &now_us), ==, 4 * SECOND_US);
	g_assert_cmpuint(backoff_begin(backoff, "192.0.2.1", "alice", now_us), ==, 8 * SECOND_US);
	for (unsigned i = 3; i <= 5; i++)
		g_assert_cmpuint(backoff_begin(backoff, "192.0.2.1", "alice", now_us), ==,
				 i * 4 * SECOND_US);
	g_assert_true(backoff_begin(backoff, "192.0.2.1", "alice", now_us) == BACKOFF_REFUSE);
	now_us += 24 * SECOND_US;
	g_assert_cmpuint(backoff_begin(backoff, "192.0.2.1", "alice", now_us), ==, 0);
	backoff_destroy(backoff);
}

static void test_forgets(void)
{
	struct backoff *backoff = backoff_create(100);
	uint64_t now_us = 1000 * SECOND_US;

	g_assert_cmpuint(fail_often(backoff, 10, &now_us), >, 0);
	now_us += BACKOFF_FORGET_US + 11 * SECOND_US;
	g_assert_cmpuint(backoff_begin(backoff, "192.0.2.1", "alice", now_us), ==, 0);
	backoff_failed(backoff, "192.0.2.1", "alice", now_us);
	g_assert_cmpuint(backoff_begin(backoff, "192.0.2.1", "alice", now_us), ==, 500000);
	backoff_destroy(backoff);
}

static void test_proven(void)
{
	struct proven *proven = proven_create();
	uint64_t now_us = 1000 * SECOND_US;

	g_assert_false(proven_check(proven, "alice", "hash", "right", now_us));
	proven_note(proven, "alice", "hash", "right", now_us);
	g_assert_true(proven_check(proven, "alice", "hash", "right", now_us));
	g_assert_true(proven_check(proven, "alice", "hash", "right", now_us + PROVEN_FOR_US - 1));
	g_assert_false(proven_check(proven, "alice", "hash", "wrong", now_us));
	g_assert_false(proven_check(proven, "bob", "hash", "right", now_us));
	g_assert_false(proven_check(proven, "alice", "new hash", "right", now_us));
	g_assert_false(proven_check(proven, "alic", "ehash", "right", now_us));
	g_assert_false(proven_check(proven, "alice", "hash", "right", now_us + PROVEN_FOR_US));
	/* Looking at it does not make it younger, and once old it is forgotten. */
	g_assert_false(proven_check(proven, "alice", "hash", "right", now_us));
	proven_destroy(proven);
}

static struct address describe4(const char *ip, uint16_t port)
{
	struct sockaddr_storage storage = {0};
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct address address;

	inet_pton(AF_INET, ip, &in.sin_addr);
	memcpy(&storage, &in, sizeof in);
	address_describe(&storage, &address);
	return address;
}

static struct address describe6(const char *ip, uint16_t port)
{
	struct sockaddr_storage storage = {0};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct address address;

	inet_pton(AF_INET6, ip, &in6.sin6_addr);
	memcpy(&storage, &in6, sizeof in6);
	address_describe(&storage, &address);
	return address;
}

static void test_addresses(void)
{
	struct address a = describe4("192.0.2.7", 51234);

	g_assert_cmpstr(a.text, ==, "192.0.2.7:51234");
	g_assert_cmpstr(a.source, ==, "192.0.2.7");
	a = describe6("::ffff:192.0.2.7", 1);
	g_assert_cmpstr(a.text, ==, "192.0.2.7:1");
	g_assert_cmpstr(a.source, ==, "192.0.2.7");
	a = describe6("2001:db8:1:2:3:4:5:6", 443);
	g_assert_cmpstr(a.text, ==, "[2001:db8:1:2:3:4:5:6]:443");
	g_assert_cmpstr(a.source, ==, "2001:db8:1:2::/64");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_writer_func(count_line, NULL, NULL);
	g_test_add_func("/limits/recent", test_recent);
	g_test_add_func("/limits/admission", test_admission);
	g_test_add_func("/limits/complaints", test_complaints);
	g_test_add_func("/limits/backoff/delays-grow", test_delays_grow);
	g_test_add_func("/limits/backoff/nobody-else-waits", test_nobody_else_waits);
	g_test_add_func("/limits/backoff/line", test_line);
	g_test_add_func("/limits/backoff/forgets", test_forgets);
	g_assert_cmpint(secret_init(), ==, 0);
	g_test_add_func("/limits/proven", test_proven);
	g_test_add_func("/limits/addresses", test_addresses);
	return g_test_run();
}
