/* Time stamps from a local authority: an honest answer is taken and holds years later; one with the
 * wrong nonce, the wrong imprint, without a grant, from somebody untrusted or from nobody is not;
 * the openssl command agrees. */
#include "recorder/http_client/http_post.h"
#include "recorder/stamp/stamp_client.h"
#include "tests/support/fake_tsa.h"
#include "tests/support/temp_dir.h"

#include <errno.h>
#include <string.h>

#define TIMEOUT_MS 10000u

struct fixture {
	struct fake_tsa *tsa;
	char *dir, *ca_file, *sha256;
	struct stamp_authority authority;
};

static void fixture_init(struct fixture *f)
{
	f->tsa = fake_tsa_start();
	f->dir = temp_dir_create();
	f->ca_file = temp_dir_put(f->dir, "tsa-ca.pem", fake_tsa_ca_pem(f->tsa), -1, 0644);
	f->sha256 = g_compute_checksum_for_string(G_CHECKSUM_SHA256, "entry", -1);
	f->authority = (struct stamp_authority){.url = fake_tsa_url(f->tsa), .ca_file = f->ca_file};
}

static void fixture_finish(struct fixture *f)
{
	fake_tsa_stop(f->tsa);
	temp_dir_remove(f->dir);
	g_free(f->dir);
	g_free(f->ca_file);
	g_free(f->sha256);
}

static GBytes *fetch(const struct fixture *f)
{
	g_autoptr(GError) error = NULL;
	GBytes *answer = stamp_fetch(&f->authority, f->sha256, TIMEOUT_MS, NULL, &error);

	g_assert_no_error(error);
	return answer;
}

static int judge(GBytes *answer, const char *sha256, const char *ca_file, struct stamp *ret)
{
	g_autofree char *why = NULL;
	gsize length;
	const void *bytes = g_bytes_get_data(answer, &length);

	return stamp_judge(bytes, length, sha256, ca_file, ret, &why);
}

static void test_honest(void)
{
	struct fixture f;
	struct stamp stamp;

	fixture_init(&f);
	g_autoptr(GBytes) answer = fetch(&f);
	g_assert_cmpint(judge(answer, f.sha256, f.ca_file, &stamp), ==, 0);
	g_assert_true(stamp.trusted);
	g_assert_cmpstr(stamp.authority, ==, "CN=test TSA");
	g_assert_cmpint(ABS((gint64)stamp.utc_us - g_get_real_time()), <, 60 * G_USEC_PER_SEC);
	stamp_clear(&stamp);
	/* Nobody was named. */
	g_assert_cmpint(judge(answer, f.sha256, NULL, &stamp), ==, 0);
	g_assert_false(stamp.trusted);
	stamp_clear(&stamp);
	/* Over something else. */
	g_autofree char *other = g_compute_checksum_for_string(G_CHECKSUM_SHA256, "another", -1);
	g_assert_cmpint(judge(answer, other, f.ca_file, &stamp), ==, -EBADMSG);
	fixture_finish(&f);
}

static void test_openssl_takes_it(void)
{
	struct fixture f;

	fixture_init(&f);
	g_autoptr(GBytes) answer = fetch(&f);
	gsize length;
	const void *bytes = g_bytes_get_data(answer, &length);
	g_autofree char *tsr = temp_dir_put(f.dir, "ts-0.tsr", bytes, (gssize)length, 0644);
	g_autofree char *entry = temp_dir_put(f.dir, "entry", "entry", -1, 0644);
	const char *argv[] = {"openssl", "ts", "-verify", "-data",   entry,
			      "-in",	 tsr,  "-CAfile", f.ca_file, NULL};
	g_autofree char *out = NULL, *trouble = NULL;
	int status;
	g_assert_true(g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_SEARCH_PATH, NULL,
				   NULL, &out, &trouble, &status, NULL));
	g_assert_cmpint(status, ==, 0);
	fixture_finish(&f);
}

static void test_liars(void)
{
	static const struct {
		enum fake_tsa_mood mood;
		const char *text;
	} cases[] = {{FAKE_TSA_WRONG_NONCE, "nonce"},
		     {FAKE_TSA_WRONG_IMPRINT, "imprint"},
		     {FAKE_TSA_REJECTS, ""},
		     {FAKE_TSA_NONSENSE, "not a time stamp"}};
	struct fixture f;

	fixture_init(&f);
	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		fake_tsa_set_mood(f.tsa, cases[i].mood);
		g_assert_null(stamp_fetch(&f.authority, f.sha256, TIMEOUT_MS, NULL, &error));
		g_assert_error(error, STAMP_ERROR, STAMP_ERROR_ANSWER);
		g_test_message("%s", error->message);
		g_assert_nonnull(strstr(error->message, cases[i].text));
	}
	g_autoptr(GError) error = NULL;
	fake_tsa_set_mood(f.tsa, FAKE_TSA_BUSY);
	g_assert_null(stamp_fetch(&f.authority, f.sha256, TIMEOUT_MS, NULL, &error));
	g_assert_error(error, HTTP_POST_ERROR, HTTP_POST_ERROR_REFUSED);
	g_assert_nonnull(strstr(error->message, "503"));
	fixture_finish(&f);
}

static void test_untrusted(void)
{
	struct fixture f;
	struct fake_tsa *other = fake_tsa_start();
	g_autoptr(GError) error = NULL, missing = NULL;
	struct stamp stamp;

	fixture_init(&f);
	g_autoptr(GBytes) answer = fetch(&f);
	g_autofree char *ca = temp_dir_put(f.dir, "other-ca.pem", fake_tsa_ca_pem(other), -1, 0644);
	f.authority.ca_file = ca;
	g_assert_null(stamp_fetch(&f.authority, f.sha256, TIMEOUT_MS, NULL, &error));
	g_assert_error(error, STAMP_ERROR, STAMP_ERROR_ANSWER);
	g_assert_cmpint(judge(answer, f.sha256, ca, &stamp), ==, 0);
	g_assert_false(stamp.trusted);
	g_assert_cmpstr(stamp.authority, ==, "CN=test TSA");
	stamp_clear(&stamp);
	f.authority.ca_file = "/nonexistent/ca.pem";
	g_assert_null(stamp_fetch(&f.authority, f.sha256, TIMEOUT_MS, NULL, &missing));
	g_assert_error(missing, STAMP_ERROR, STAMP_ERROR_FILE);
	g_assert_cmpint(judge(answer, f.sha256, "/nonexistent/ca.pem", &stamp), ==, -ENOENT);
	fake_tsa_stop(other);
	fixture_finish(&f);
}

static void test_away(void)
{
	struct fixture f;
	g_autoptr(GError) error = NULL;

	fixture_init(&f);
	g_autofree char *url = g_strdup(f.authority.url);
	fake_tsa_stop(f.tsa);
	f.authority.url = url;
	g_assert_null(stamp_fetch(&f.authority, f.sha256, TIMEOUT_MS, NULL, &error));
	g_assert_error(error, HTTP_POST_ERROR, HTTP_POST_ERROR_AWAY);
	f.tsa = fake_tsa_start();
	fixture_finish(&f);
}

/* What counts is whether the authority was valid when it stamped, not whether it is today. */
static void test_time_of_the_stamp(void)
{
	struct fixture f;
	struct stamp stamp;

	fixture_init(&f);
	fake_tsa_set_time(f.tsa, 1577836800); /* 2020-01-01 */
	g_autoptr(GBytes) old = fetch(&f);
	g_assert_cmpint(judge(old, f.sha256, f.ca_file, &stamp), ==, 0);
	g_assert_true(stamp.trusted);
	g_assert_cmpuint(stamp.utc_us, ==, UINT64_C(1577836800) * 1000000);
	stamp_clear(&stamp);
	fake_tsa_set_time(f.tsa, 946684800); /* 2000-01-01: before its certificate */
	g_autoptr(GBytes) older = fetch(&f);
	g_assert_cmpint(judge(older, f.sha256, f.ca_file, &stamp), ==, 0);
	g_assert_false(stamp.trusted);
	g_assert_nonnull(stamp.why);
	stamp_clear(&stamp);
	fixture_finish(&f);
}

static void test_any_byte(void)
{
	struct fixture f;
	gsize length;

	fixture_init(&f);
	g_autoptr(GBytes) answer = fetch(&f);
	const void *bytes = g_bytes_get_data(answer, &length);
	g_autofree uint8_t *copy = g_memdup2(bytes, length);
	struct stamp honest;
	g_assert_cmpint(judge(answer, f.sha256, f.ca_file, &honest), ==, 0);
	for (gsize i = 0; i < length; i += 3) {
		struct stamp stamp;
		g_autofree char *why = NULL;
		copy[i] ^= 0x01;
		if (stamp_judge(copy, length, f.sha256, f.ca_file, &stamp, &why) == 0) {
			/* The text of a status, say, is not signed. */
			g_assert_cmpuint(stamp.utc_us, ==, honest.utc_us);
			stamp_clear(&stamp);
		}
		copy[i] ^= 0x01;
		/* Cut anywhere it is none. */
		g_autofree char *cut_why = NULL;
		g_assert_cmpint(stamp_judge(copy, i, f.sha256, f.ca_file, &stamp, &cut_why), ==,
				-EBADMSG);
	}
	stamp_clear(&honest);
	fixture_finish(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	http_init();
	g_test_add_func("/stamp/honest", test_honest);
	g_test_add_func("/stamp/openssl-takes-it", test_openssl_takes_it);
	g_test_add_func("/stamp/liars", test_liars);
	g_test_add_func("/stamp/untrusted", test_untrusted);
	g_test_add_func("/stamp/away", test_away);
	g_test_add_func("/stamp/time-of-the-stamp", test_time_of_the_stamp);
	g_test_add_func("/stamp/any-byte", test_any_byte);
	return g_test_run();
}
