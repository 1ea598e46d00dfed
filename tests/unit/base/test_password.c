/* Password hashing: what must match matches, what must not does not, and nobody costs as much as
 * somebody. */
#include "base/password.h"
#include "base/secret.h"

#include <string.h>
#include <time.h>

static void test_hash_and_verify(void)
{
	g_autofree char *hash = password_hash("correct horse");
	g_autofree char *other = password_hash("correct horse");

	g_assert_true(g_str_has_prefix(hash, "$argon2id$v=19$m=65536,t=3,p=1$"));
	g_assert_cmpstr(hash, !=, other);
	g_assert_true(password_verify(hash, "correct horse"));
	g_assert_false(password_verify(hash, "correct hors"));
	g_assert_false(password_verify(hash, ""));
	g_assert_false(password_needs_rehash(hash));
}

static void test_limits(void)
{
	g_autofree char *longest = g_strnfill(PASSWORD_MAX_BYTES, 'x');
	g_autofree char *too_long = g_strnfill(PASSWORD_MAX_BYTES + 1, 'x');
	g_autofree char *hash = password_hash(longest);

	g_assert_nonnull(hash);
	g_assert_true(password_verify(hash, longest));
	g_assert_false(password_verify(hash, too_long));
	g_assert_null(password_hash(too_long));
	g_assert_null(password_hash("1234567"));
}

static void test_malformed_hash(void)
{
	g_autofree char *endless = g_strnfill(5000, '$');

	g_assert_false(password_verify("", "correct horse"));
	g_assert_false(password_verify("*", "*"));
	g_assert_false(password_verify("$argon2id$v=19$m=65536,t=3,p=1$", "correct horse"));
	g_assert_false(password_verify(endless, "correct horse"));
	g_assert_true(password_needs_rehash("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$abc"));
}

/* Processor time, because the machine may be busy; a check that is left out would be a
 * thousand times cheaper. */
static void test_nobody_takes_as_long(void)
{
	g_autofree char *hash = password_hash("correct horse");

	clock_t start = clock();
	g_assert_false(password_verify(hash, "wrong horse"));
	clock_t somebody = clock() - start;
	start = clock();
	g_assert_false(password_verify_nobody("wrong horse"));
	clock_t nobody = clock() - start;
	g_assert_cmpint(nobody, >, somebody / 2);
	g_assert_cmpint(nobody, <, somebody * 2);
}

static void test_generate(void)
{
	autosecret one = password_generate(20);
	autosecret two = password_generate(20);

	g_assert_cmpuint(strlen(one), ==, 20);
	g_assert_cmpuint(strspn(one, "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"),
			 ==, 20);
	g_assert_cmpstr(one, !=, two);
	g_assert_null(password_generate(0));
	g_assert_null(password_generate(PASSWORD_MAX_BYTES + 1));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(secret_init(), ==, 0);
	g_test_add_func("/password/hash-and-verify", test_hash_and_verify);
	g_test_add_func("/password/limits", test_limits);
	g_test_add_func("/password/malformed-hash", test_malformed_hash);
	g_test_add_func("/password/nobody-takes-as-long", test_nobody_takes_as_long);
	g_test_add_func("/password/generate", test_generate);
	return g_test_run();
}
