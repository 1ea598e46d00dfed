/* Users, targets, accounts, grants, console logins: rows as written, names without case, what hangs
 * together goes together. */
#include "ipc/broker_proto.h"
#include "sql/target_store.h"
#include "sql/web_login_store.h"
#include "tests/unit/sql/sql_fixture.h"

#include <string.h>

#define HASH "$argon2id$v=19$m=65536,t=3,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"

static GBytes *sealed(const char *text)
{
	g_autofree char *padded = g_strdup_printf("%-40s", text);

	return g_bytes_new(padded, strlen(padded));
}

static void test_users(void)
{
	struct db *admin = fixture_open("vitrine_admin"), *web = fixture_open("vitrine_web");
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) users = NULL;
	autorow(user) user = NULL, *nobody = (struct user *)1;

	g_assert_true(user_store_add(admin, "Anna", HASH, USER_ROLE_AUDITOR, &error));
	g_assert_false(user_store_add(admin, "ANNA", HASH, USER_ROLE_USER, &error));
	g_assert_error(error, DB_ERROR, DB_ERROR_CONFLICT);
	g_clear_error(&error);
	g_assert_true(user_store_login(web, "aNNa", &user, &error));
	g_assert_cmpstr(user->login, ==, "Anna");
	g_assert_cmpstr(user->password_hash, ==, HASH);
	g_assert_cmpint(user->role, ==, USER_ROLE_AUDITOR);
	g_assert_false(user->disabled);
	g_assert_cmpuint(user->last_login_utc_us, ==, 0);
	g_assert_true(user_store_login(web, "' OR true --", &nobody, &error));
	g_assert_null(nobody);

	g_assert_true(user_store_note_login(web, "anna", &error));
	g_assert_true(user_store_set_role(admin, "anna", USER_ROLE_WATCHER, &error));
	g_assert_true(user_store_set_disabled(admin, "anna", true, &error));
	g_assert_true(user_store_list(admin, &users, &error));
	struct user *listed = users->pdata[0];
	g_assert_cmpuint(users->len, ==, 1);
	g_assert_cmpint(listed->role, ==, USER_ROLE_WATCHER);
	g_assert_true(listed->disabled);
	g_assert_null(listed->password_hash);
	uint64_t now_us = (uint64_t)g_get_real_time();
	g_assert_cmpuint(listed->last_login_utc_us, >, now_us - 60000000u);
	g_assert_cmpuint(listed->last_login_utc_us, <=, now_us + 1000000u);

	g_assert_true(user_store_remove(admin, "ANNA", &error));
	g_assert_false(user_store_remove(admin, "anna", &error));
	g_assert_error(error, DB_ERROR, DB_ERROR_MISSING);
	db_close(admin);
	db_close(web);
}

static void test_names(void)
{
	static const char *const bad[] = {"",	 " a",	 "a ",	"a%b",	"a/b",	"a\\b",
					  "a:b", "a\"b", "a'b", "a\nb", "a\x7f"};
	struct db *admin = fixture_open("vitrine_admin");
	g_autofree char *longest = g_strnfill(64, 'n'), *too_long = g_strnfill(65, 'n');
	g_autoptr(GError) error = NULL;

	for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_assert_false(user_store_add(admin, bad[i], HASH, USER_ROLE_USER, &error));
		g_assert_error(error, DB_ERROR, DB_ERROR_INVALID);
		g_clear_error(&error);
	}
	g_assert_false(user_store_add(admin, too_long, HASH, USER_ROLE_USER, &error));
	g_clear_error(&error);
	g_assert_true(user_store_add(admin, longest, HASH, USER_ROLE_USER, &error));
	g_assert_true(user_store_add(admin, "jürgen o. müller@corp", HASH, USER_ROLE_USER, &error));
	g_assert_true(user_store_remove(admin, longest, &error));
	g_assert_true(user_store_remove(admin, "jürgen o. müller@corp", &error));
	g_assert_false(user_store_add(admin, "invalid\xff", HASH, USER_ROLE_USER, &error));
	g_assert_error(error, DB_ERROR, DB_ERROR_INVALID);
	g_clear_error(&error);
	g_assert_false(user_store_add(admin, "plain", "secret", USER_ROLE_USER, &error));
	g_assert_error(error, DB_ERROR, DB_ERROR_INVALID);
	db_close(admin);
}

static void add_world(struct db *admin)
{
	struct target web1 = {.name = "Web1",
			      .protocol = "rdp",
			      .host = "10.0.0.7",
			      .port = 3389,
			      .security = TARGET_TLS_PINNED};
	struct target lab = {.name = "lab",
			     .protocol = "vnc",
			     .host = "lab.example",
			     .port = 5900,
			     .security = TARGET_PLAIN};
	g_autoptr(GBytes) secret = sealed("one"), other = sealed("two");
	g_autoptr(GError) error = NULL;

	g_assert_true(user_store_add(admin, "bob", HASH, USER_ROLE_USER, &error));
	g_assert_true(target_store_add(admin, &web1, &error));
	g_assert_true(target_store_add(admin, &lab, &error));
	g_assert_true(account_store_add(admin, "web1", "root", "CORP", secret, &error));
	g_assert_true(account_store_add(admin, "web1", "deploy", NULL, other, &error));
	g_assert_true(account_store_add(admin, "lab", "root", NULL, other, &error));
	g_assert_true(grant_store_add(admin, "bob", "web1", "root", &error));
	g_assert_true(grant_store_add(admin, "BOB", "WEB1", "ROOT", &error));
	g_assert_no_error(error);
}

static void remove_world(struct db *admin)
{
	g_assert_true(user_store_remove(admin, "bob", NULL));
	g_assert_true(target_store_remove(admin, "web1", NULL));
	g_assert_true(target_store_remove(admin, "lab", NULL));
}

static unsigned matches(struct db *db, const char *login, const char *account, const char *target)
{
	autorow(access) access = NULL;
	g_autoptr(GError) error = NULL;
	unsigned n = 99;

	g_assert_true(target_store_resolve(db, login, account, target, &access, &n, &error));
	g_assert_true((access != NULL) == (n == 1));
	return n;
}

static void test_resolve(void)
{
	struct db *admin = fixture_open("vitrine_admin"),
		  *gateway = fixture_open("vitrine_gateway");
	autorow(access) access = NULL;
	g_autoptr(GPtrArray) granted = NULL;
	g_autoptr(GBytes) secret = sealed("one");
	g_autofree char *pin = g_strnfill(64, 'a');
	g_autoptr(GError) invalid = NULL;
	unsigned n;

	add_world(admin);
	struct target moved = {.name = "WEB1",
			       .host = "10.0.0.7",
			       .port = 3390,
			       .security = TARGET_TLS_PINNED,
			       .certificate_sha256 = pin};
	g_assert_true(target_store_change(admin, &moved, NULL));
	const struct grant_change first = {90, "Be good", "sealed", "evidence"},
				  second = {-1, NULL, NULL, "economy"},
				  wrong = {-1, "two\nlines", NULL, NULL},
				  unknown = {-1, NULL, "maybe", NULL};
	g_assert_true(grant_store_change(admin, "bob", "web1", "root", &first, NULL));
	g_assert_true(grant_store_change(admin, "bob", "web1", "root", &second, NULL));
	g_assert_false(grant_store_change(admin, "bob", "web1", "root", &wrong, &invalid));
	g_assert_error(invalid, DB_ERROR, DB_ERROR_INVALID);
	g_clear_error(&invalid);
	g_assert_false(grant_store_change(admin, "bob", "web1", "root", &unknown, &invalid));
	g_assert_error(invalid, DB_ERROR, DB_ERROR_INVALID);
	g_assert_true(target_store_resolve(gateway, "BOB", "", "wEB1", &access, &n, NULL));
	g_assert_cmpuint(n, ==, 1);
	g_assert_cmpstr(access->login, ==, "bob");
	g_assert_cmpstr(access->target.name, ==, "Web1");
	g_assert_cmpstr(access->target.protocol, ==, "rdp");
	g_assert_cmpstr(access->target.host, ==, "10.0.0.7");
	g_assert_cmpuint(access->target.port, ==, 3390);
	g_assert_cmpuint(access->target.security, ==, TARGET_TLS_PINNED);
	g_assert_cmpstr(access->target.certificate_sha256, ==, pin);
	g_assert_cmpstr(access->account, ==, "root");
	g_assert_cmpstr(access->domain, ==, "CORP");
	g_assert_true(g_bytes_equal(access->secret_sealed, secret));
	g_assert_cmpuint(access->policy.idle_limit_s, ==, 90);
	g_assert_cmpstr(access->policy.banner, ==, "Be good");
	g_assert_cmpstr(access->policy.keys, ==, "sealed");
	g_assert_cmpstr(access->policy.quality, ==, "economy");

	g_assert_cmpuint(matches(gateway, "bob", "", ""), ==, 1);
	g_assert_cmpuint(matches(gateway, "bob", "deploy", "web1"), ==, 0);
	g_assert_cmpuint(matches(gateway, "bob", "", "lab"), ==, 0);
	g_assert_cmpuint(matches(gateway, "alice", "", "web1"), ==, 0);
	g_assert_cmpuint(matches(gateway, "bob", "%", "%"), ==, 0);
	g_assert_true(grant_store_add(admin, "bob", "web1", "deploy", NULL));
	g_assert_cmpuint(matches(gateway, "bob", "", "web1"), ==, 2);
	g_assert_cmpuint(matches(gateway, "bob", "Deploy", "web1"), ==, 1);
	g_assert_true(target_store_granted(gateway, "Bob", &granted, NULL));
	g_assert_cmpuint(granted->len, ==, 2);
	g_assert_cmpstr(((struct grant *)granted->pdata[0])->account, ==, "deploy");
	g_assert_true(user_store_set_disabled(admin, "bob", true, NULL));
	g_assert_cmpuint(matches(gateway, "bob", "root", "web1"), ==, 0);
	remove_world(admin);
	db_close(admin);
	db_close(gateway);
}

static void test_targets_and_accounts(void)
{
	struct db *admin = fixture_open("vitrine_admin");
	struct target plain_rdp = {
		.name = "x", .protocol = "rdp", .host = "h", .port = 1, .security = TARGET_PLAIN};
	struct target odd_host = {.name = "x",
				  .protocol = "vnc",
				  .host = "h;rm",
				  .port = 1,
				  .security = TARGET_PLAIN};
	g_autoptr(GPtrArray) targets = NULL, accounts = NULL, grants = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) secret = sealed("three");

	g_assert_false(target_store_add(admin, &plain_rdp, &error));
	g_assert_error(error, DB_ERROR, DB_ERROR_INVALID);
	g_clear_error(&error);
	g_assert_false(target_store_add(admin, &odd_host, &error));
	g_assert_error(error, DB_ERROR, DB_ERROR_INVALID);
	g_clear_error(&error);
	add_world(admin);
	g_assert_true(target_store_list(admin, &targets, &error));
	g_assert_cmpuint(targets->len, ==, 2);
	g_assert_cmpstr(((struct target *)targets->pdata[0])->name, ==, "lab");
	g_assert_cmpuint(((struct target *)targets->pdata[1])->accounts, ==, 2);
	g_assert_true(account_store_list(admin, "WEB1", &accounts, &error));
	g_assert_cmpuint(accounts->len, ==, 2);
	g_assert_cmpuint(((struct account *)accounts->pdata[1])->grants, ==, 1);
	g_assert_true(account_store_set_secret(admin, "web1", "root", secret, &error));
	g_assert_true(grant_store_list(admin, NULL, "web1", &grants, &error));
	g_assert_cmpuint(grants->len, ==, 1);
	g_assert_false(grant_store_add(admin, "bob", "web1", "nobody", &error));
	g_assert_error(error, DB_ERROR, DB_ERROR_MISSING);
	g_assert_cmpstr(error->message, ==, "there is no account 'nobody' on target 'web1'");
	g_clear_error(&error);
	g_assert_false(account_store_add(admin, "nowhere", "root", NULL, secret, &error));
	g_assert_error(error, DB_ERROR, DB_ERROR_MISSING);
	g_assert_true(account_store_remove(admin, "web1", "ROOT", NULL));
	g_assert_false(grant_store_remove(admin, "bob", "web1", "root", NULL));
	remove_world(admin);
	db_close(admin);
}

static void test_web_logins(void)
{
	struct db *admin = fixture_open("vitrine_admin"), *web = fixture_open("vitrine_web");
	uint8_t token[WEB_TOKEN_HASH_BYTES] = {0, 1, 2, 255}, expired[WEB_TOKEN_HASH_BYTES] = {9};
	uint64_t now_us = (uint64_t)g_get_real_time();
	autorow(web_login) login = NULL, *gone = NULL;
	g_autoptr(GError) error = NULL;

	add_world(admin);
	g_assert_true(web_login_store_create(web, token, "csrf1", "BOB", "192.0.2.1",
					     now_us + 60000000u, &error));
	g_assert_true(web_login_store_create(web, expired, "csrf2", "bob", "192.0.2.1",
					     now_us - 1000000u, &error));
	g_assert_false(web_login_store_create(web, token, "csrf1", "eve", "", now_us, &error));
	g_assert_error(error, DB_ERROR, DB_ERROR_MISSING);
	g_assert_true(web_login_store_find(web, token, &login, NULL));
	g_assert_cmpstr(login->login, ==, "bob");
	g_assert_cmpstr(login->csrf, ==, "csrf1");
	g_assert_cmpint(login->role, ==, USER_ROLE_USER);
	g_assert_cmpuint(login->expires_utc_us, ==, now_us + 60000000u);
	g_assert_true(web_login_store_find(web, expired, &gone, NULL));
	g_assert_null(gone);
	g_assert_true(web_login_store_expire(web, NULL));
	g_assert_true(web_login_store_find(web, token, &gone, NULL));
	g_assert_nonnull(gone);
	g_clear_pointer(&gone, web_login_free);

	g_assert_true(user_store_set_password(admin, "bob", HASH, NULL));
	g_assert_true(web_login_store_find(web, token, &gone, NULL));
	g_assert_null(gone);
	g_assert_true(web_login_store_delete(web, token, NULL));
	remove_world(admin);
	db_close(admin);
	db_close(web);
}

void people_tests(void)
{
	g_test_add_func("/sql/people/users", test_users);
	g_test_add_func("/sql/people/names", test_names);
	g_test_add_func("/sql/people/resolve", test_resolve);
	g_test_add_func("/sql/people/targets-and-accounts", test_targets_and_accounts);
	g_test_add_func("/sql/people/web-logins", test_web_logins);
}
