/* One-time passwords: exactly one winner, never after the end, never without the grant. */
#include "ipc/broker_proto.h"
#include "sql/target_store.h"
#include "sql/ticket_store.h"
#include "sql/user_store.h"
#include "tests/unit/sql/sql_fixture.h"

#include <string.h>

#define HASH "$argon2id$v=19$m=65536,t=3,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"
#define MINUTE_US 60000000u

static GBytes *seal_of(const char *id)
{
	return g_bytes_new(id, strlen(id)); /* 36 bytes, as long as a sealed hash may be short */
}

static bool create(struct db *admin, const char *id, uint64_t expires_utc_us, GError **error)
{
	g_autoptr(GBytes) sealed = seal_of(id);

	return ticket_store_create(admin, id, "carl", "desk", "root", sealed, expires_utc_us,
				   error);
}

static void add_world(struct db *admin)
{
	struct target desk = {.name = "Desk",
			      .protocol = "rdp",
			      .host = "desk",
			      .port = 3389,
			      .security = TARGET_TLS_PINNED};
	g_autofree char *forty = g_strnfill(40, 's');
	g_autoptr(GBytes) secret = g_bytes_new(forty, 40);

	g_assert_true(user_store_add(admin, "Carl", HASH, USER_ROLE_USER, NULL));
	g_assert_true(target_store_add(admin, &desk, NULL));
	g_assert_true(account_store_add(admin, "desk", "root", NULL, secret, NULL));
	g_assert_true(grant_store_add(admin, "carl", "desk", "root", NULL));
}

static void remove_world(struct db *admin)
{
	g_assert_true(user_store_remove(admin, "carl", NULL));
	g_assert_true(target_store_remove(admin, "desk", NULL));
}

static unsigned count_candidates(struct db *gateway, const char *login)
{
	g_autoptr(GPtrArray) tickets = NULL;

	g_assert_true(ticket_store_candidates(gateway, login, &tickets, NULL));
	return tickets->len;
}

static char *only_spent(struct db *gateway, bool used)
{
	g_autoptr(GPtrArray) tickets = NULL;

	g_assert_true(ticket_store_spent(gateway, "carl", &tickets, NULL));
	g_assert_cmpuint(tickets->len, ==, 1);
	struct ticket *ticket = tickets->pdata[0];
	g_assert_cmpint(ticket->used, ==, used);
	return g_strdup(ticket->id);
}

/* Spent tickets are known for two minutes and kept for a day. */
static void test_spent(void)
{
	struct db *admin = fixture_open("vitrine_admin"),
		  *gateway = fixture_open("vitrine_gateway");
	uint64_t now_us = (uint64_t)g_get_real_time();
	g_autofree char *id = g_uuid_string_random(), *late = g_uuid_string_random(),
			*later = g_uuid_string_random(), *gone = g_uuid_string_random();
	uint64_t rows = 0;
	bool won = false;

	add_world(admin);
	g_assert_true(create(admin, late, now_us - MINUTE_US, NULL));
	g_assert_true(create(admin, later, now_us - 3 * MINUTE_US, NULL));
	g_assert_true(create(admin, gone, now_us - 25 * 60 * (uint64_t)MINUTE_US, NULL));
	g_autofree char *expired = only_spent(gateway, false);
	g_assert_cmpstr(expired, ==, late);
	g_assert_true(create(admin, id, now_us + MINUTE_US, NULL));
	g_autofree char *still = only_spent(gateway, false);
	g_assert_cmpstr(still, ==, late);

	g_assert_true(ticket_store_expire(gateway, &rows, NULL));
	g_assert_cmpuint(rows, ==, 1);
	g_assert_true(ticket_store_use(gateway, id, &won, NULL));
	g_assert_true(won);
	g_autoptr(GPtrArray) both = NULL;
	g_assert_true(ticket_store_spent(gateway, "carl", &both, NULL));
	g_assert_cmpuint(both->len, ==, 2);
	remove_world(admin);
	db_close(admin);
	db_close(gateway);
}

static void test_candidates(void)
{
	struct db *admin = fixture_open("vitrine_admin"),
		  *gateway = fixture_open("vitrine_gateway");
	uint64_t now_us = (uint64_t)g_get_real_time();
	g_autofree char *id = g_uuid_string_random(), *late = g_uuid_string_random();
	g_autoptr(GBytes) sealed = seal_of(id);
	g_autoptr(GPtrArray) tickets = NULL;
	g_autoptr(GError) error = NULL;
	bool won = true;

	add_world(admin);
	g_assert_true(create(admin, id, now_us + MINUTE_US, NULL));
	g_assert_true(create(admin, late, now_us - MINUTE_US, NULL));
	g_assert_true(ticket_store_candidates(gateway, "CARL", &tickets, NULL));
	g_assert_cmpuint(tickets->len, ==, 1);
	struct ticket *ticket = tickets->pdata[0];
	g_assert_cmpstr(ticket->id, ==, id);
	g_assert_cmpstr(ticket->login, ==, "Carl");
	g_assert_cmpstr(ticket->target, ==, "Desk");
	g_assert_cmpstr(ticket->account, ==, "root");
	g_assert_cmpuint(ticket->expires_utc_us, ==, now_us + MINUTE_US);
	g_assert_true(g_bytes_equal(ticket->nt_hash_sealed, sealed));
	g_assert_true(ticket_store_use(gateway, late, &won, NULL));
	g_assert_false(won);

	g_assert_true(user_store_set_disabled(admin, "carl", true, NULL));
	g_assert_cmpuint(count_candidates(gateway, "carl"), ==, 0);
	g_assert_true(user_store_set_disabled(admin, "carl", false, NULL));
	g_assert_cmpuint(count_candidates(gateway, "carl"), ==, 1);
	g_assert_true(grant_store_remove(admin, "carl", "desk", "root", NULL));
	g_assert_cmpuint(count_candidates(gateway, "carl"), ==, 0);
	g_assert_false(create(admin, id, now_us + MINUTE_US, &error));
	g_assert_error(error, DB_ERROR, DB_ERROR_MISSING);
	remove_world(admin);
	db_close(admin);
	db_close(gateway);
}

static void test_at_most_eight(void)
{
	struct db *admin = fixture_open("vitrine_admin"),
		  *gateway = fixture_open("vitrine_gateway");
	uint64_t later_us = (uint64_t)g_get_real_time() + MINUTE_US;
	g_autofree char *last = NULL;
	g_autoptr(GError) error = NULL;
	bool won = false;

	add_world(admin);
	for (unsigned i = 0; i < TICKET_CANDIDATES_MAX; i++) {
		g_free(last);
		last = g_uuid_string_random();
		g_assert_true(create(admin, last, later_us, NULL));
	}
	g_autofree char *ninth = g_uuid_string_random();
	g_assert_false(create(admin, ninth, later_us, &error));
	g_assert_error(error, DB_ERROR, DB_ERROR_CONFLICT);
	g_assert_cmpuint(count_candidates(gateway, "carl"), ==, TICKET_CANDIDATES_MAX);
	g_assert_true(ticket_store_use(gateway, last, &won, NULL));
	g_assert_true(won);
	g_assert_true(create(admin, ninth, later_us, NULL));
	remove_world(admin);
	db_close(admin);
	db_close(gateway);
}

static gpointer use_thread(gpointer id)
{
	struct db *gateway = fixture_open("vitrine_gateway");
	g_autoptr(GError) error = NULL;
	bool won = false;

	ticket_store_use(gateway, id, &won, &error);
	g_assert_no_error(error);
	db_close(gateway);
	return GUINT_TO_POINTER(won ? 1 : 0);
}

static void test_one_winner(void)
{
	struct db *admin = fixture_open("vitrine_admin");
	GThread *threads[8];

	add_world(admin);
	for (unsigned round = 0; round < 5; round++) {
		g_autofree char *id = g_uuid_string_random();
		unsigned winners = 0;
		g_assert_true(create(admin, id, (uint64_t)g_get_real_time() + MINUTE_US, NULL));
		for (unsigned i = 0; i < G_N_ELEMENTS(threads); i++)
			threads[i] = g_thread_new("use", use_thread, id);
		for (unsigned i = 0; i < G_N_ELEMENTS(threads); i++)
			winners += GPOINTER_TO_UINT(g_thread_join(threads[i]));
		g_assert_cmpuint(winners, ==, 1);
	}
	remove_world(admin);
	db_close(admin);
}

void ticket_tests(void)
{
	g_test_add_func("/sql/ticket/candidates", test_candidates);
	g_test_add_func("/sql/ticket/spent", test_spent);
	g_test_add_func("/sql/ticket/at-most-eight", test_at_most_eight);
	g_test_add_func("/sql/ticket/one-winner", test_one_winner);
}
