/* A time stamp authority behind TLS: taken under the CA that was named and no other, under its own
 * name, and with a certificate of ours where it asks for one. */
#include "base/secret.h"
#include "recorder/stamp/stamp_client.h"
#include "tests/support/fake_tsa.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tls_front.h"

#include <glib/gstdio.h>
#include <string.h>

#define TIMEOUT_MS 10000u

struct fixture {
	struct fake_tsa *tsa;
	struct tls_front *front;
	char *dir, *tsa_ca, *tls_ca, *sha256;
	struct config_time_stamp config;
};

static void fixture_init(struct fixture *f, struct tls_front_settings how)
{
	*f = (struct fixture){.tsa = fake_tsa_start(), .dir = temp_dir_create()};
	how.url = fake_tsa_url(f->tsa);
	f->front = tls_front_start(&how);
	f->tsa_ca = temp_dir_put(f->dir, "tsa-ca.pem", fake_tsa_ca_pem(f->tsa), -1, 0600);
	f->tls_ca = temp_dir_put(f->dir, "tls-ca.pem", tls_front_ca_pem(f->front), -1, 0600);
	f->sha256 = g_compute_checksum_for_string(G_CHECKSUM_SHA256, "entry", -1);
	f->config = (struct config_time_stamp){.url = (char *)(uintptr_t)tls_front_url(f->front),
					       .ca_file = f->tsa_ca,
					       .tls_ca_file = f->tls_ca};
}

static void fixture_finish(struct fixture *f)
{
	tls_front_stop(f->front);
	fake_tsa_stop(f->tsa);
	temp_dir_remove(f->dir);
	g_free(f->dir);
	g_free(f->tsa_ca);
	g_free(f->tls_ca);
	g_free(f->sha256);
}

static GBytes *fetch(const struct fixture *f, GError **error)
{
	const struct stamp_authority authority = stamp_authority_of(&f->config);

	return stamp_fetch(&authority, f->sha256, TIMEOUT_MS, NULL, error);
}

static void assert_taken(const struct fixture *f)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) answer = fetch(f, &error);
	g_autofree char *why = NULL;
	struct stamp stamp;
	gsize length;

	g_assert_no_error(error);
	const void *bytes = g_bytes_get_data(answer, &length);
	g_assert_cmpint(stamp_judge(bytes, length, f->sha256, f->tsa_ca, &stamp, &why), ==, 0);
	g_assert_true(stamp.trusted);
	stamp_clear(&stamp);
}

static void assert_refused(const struct fixture *f, int code, const char *text)
{
	g_autoptr(GError) error = NULL;
	unsigned n_before = fake_tsa_requests(f->tsa);

	g_assert_null(fetch(f, &error));
	g_test_message("%s", error->message);
	g_assert_error(error, HTTP_POST_ERROR, code);
	g_assert_nonnull(strstr(error->message, text));
	g_assert_cmpuint(fake_tsa_requests(f->tsa), ==, n_before);
}

static void test_named_ca(void)
{
	const struct tls_front_settings plain = {0};
	struct fixture f;
	struct signing_key other;

	fixture_init(&f, plain);
	assert_taken(&f);
	signing_key_init(&other, "another CA", NULL);
	g_autofree char *other_ca =
		temp_dir_put(f.dir, "other-ca.pem", other.certificate_pem, -1, 0600);
	f.config.tls_ca_file = other_ca;
	assert_refused(&f, HTTP_POST_ERROR_UNTRUSTED, "https://127.0.0.1");
	/* The system's do not know this one. */
	f.config.tls_ca_file = NULL;
	assert_refused(&f, HTTP_POST_ERROR_UNTRUSTED, "https://127.0.0.1");
	signing_key_finish(&other);
	fixture_finish(&f);
}

static void test_wrong_name(void)
{
	const struct tls_front_settings elsewhere = {.wrong_name = true};
	struct fixture f;

	fixture_init(&f, elsewhere);
	assert_refused(&f, HTTP_POST_ERROR_UNTRUSTED, "https://127.0.0.1");
	fixture_finish(&f);
}

static void test_own_certificate(void)
{
	const struct tls_front_settings asks = {.asks_for_certificate = true};
	struct fixture f;
	struct signing_key client, stranger;

	fixture_init(&f, asks);
	tls_front_issue(f.front, &client);
	signing_key_init(&stranger, "stranger", NULL);
	g_autofree char *certificate =
		temp_dir_put(f.dir, "client.pem", client.certificate_pem, -1, 0600);
	g_autofree char *key = temp_dir_put(f.dir, "client.key", client.key_pem, -1, 0600);
	g_autofree char *strange =
		temp_dir_put(f.dir, "stranger.pem", stranger.certificate_pem, -1, 0600);
	assert_refused(&f, HTTP_POST_ERROR_AWAY, "https://127.0.0.1");
	f.config.tls_certificate_file = certificate;
	f.config.tls_key_file = key;
	assert_taken(&f);
	f.config.tls_certificate_file = strange;
	assert_refused(&f, HTTP_POST_ERROR_OWN_KEY, "https://127.0.0.1");
	f.config.tls_certificate_file = certificate;
	g_assert_cmpint(g_chmod(key, 0644), ==, 0);
	assert_refused(&f, HTTP_POST_ERROR_OWN_KEY, "run chmod 600 on it");
	signing_key_finish(&stranger);
	signing_key_finish(&client);
	fixture_finish(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(secret_init(), ==, 0);
	http_init();
	g_test_add_func("/stamp-tls/named-ca", test_named_ca);
	g_test_add_func("/stamp-tls/wrong-name", test_wrong_name);
	g_test_add_func("/stamp-tls/own-certificate", test_own_certificate);
	return g_test_run();
}
