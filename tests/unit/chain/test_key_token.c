/* Keys in a PKCS#11 token (SoftHSM): they sign what their certificate verifies, recordings and
 * exports alike; a second key at the same address takes over with its certificate, and the first
 * still signs for what is left of it. A wrong PIN and a foreign certificate are refused without
 * a secret in the words. */
#include "base/secret.h"
#include "recorder/chain/cms.h"
#include "recorder/chain/key_request.h"
#include "recorder/chain/key_source.h"
#include "tests/support/signing_key.h"
#include "tests/support/soft_token.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/chain/key_checks.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#define PIN SOFT_TOKEN_PIN
#define URI(label) "pkcs11:token=vitrine;object=" label ";type=private"

struct fixture {
	char *dir, *pin_file, *certificate_file;
	struct signing_key pem;
	struct key_place place;
};

static void import(const struct fixture *f, const struct signing_key *key, const char *label,
		   const char *id)
{
	g_autofree char *file = temp_dir_put(f->dir, "imported.key", key->key_pem, -1, 0600);

	soft_token_import(file, label, id);
	g_assert_cmpint(g_unlink(file), ==, 0);
}

/* A key in the token under a label of this test's own, and its certificate in a file. */
static void fixture_init(struct fixture *f, const char *label, const char *uri, const char *id)
{
	*f = (struct fixture){.dir = temp_dir_create()};
	signing_key_init(&f->pem, "node1", NULL);
	f->certificate_file =
		temp_dir_put(f->dir, "recorder.pem", f->pem.certificate_pem, -1, 0644);
	f->pin_file = temp_dir_put(f->dir, "pin", PIN "\n", -1, 0600);
	f->place = (struct key_place){.key_name = "recorder.signing_key",
				      .certificate_name = "recorder.signing_certificate_file",
				      .uri = uri,
				      .pin_file = f->pin_file,
				      .module = SOFT_TOKEN_MODULE,
				      .certificate_file = f->certificate_file};
	import(f, &f->pem, label, id);
}

static void fixture_finish(struct fixture *f)
{
	signing_key_finish(&f->pem);
	temp_dir_remove(f->dir);
	g_free(f->dir);
	g_free(f->pin_file);
	g_free(f->certificate_file);
}

static void assert_refused(const struct key_place *place, const char *text)
{
	g_autofree char *words = key_checks_refused(place, text);

	g_assert_null(strstr(words, PIN));
}

static char *issue(const struct fixture *f, const char *name)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *request = key_source_request(&f->place, name, &error);

	g_assert_no_error(error);
	char *issued = key_issue(request, f->pem.certificate_pem, f->pem.key_pem, 30, &error);
	g_assert_no_error(error);
	return issued;
}

/* A token stays open to a program that gave the right PIN once: this runs first. */
static void test_wrong_pin(void)
{
	struct fixture f;

	fixture_init(&f, "guarded", URI("guarded"), "01");
	g_autofree char *wrong = temp_dir_put(f.dir, "wrong-pin", "000000", -1, 0600);
	f.place.pin_file = wrong;
	assert_refused(&f.place, "wrong address or PIN");
	g_assert_cmpint(g_chmod(wrong, 0644), ==, 0);
	assert_refused(&f.place, "run chmod 600 on it");
	f.place.pin_file = f.pin_file;
	key_checks_signs(&f.place);
	f.place.uri = "pkcs11:token=vitrine;object=guarded?pin-value=" PIN;
	assert_refused(&f.place, "holds a PIN");
	fixture_finish(&f);
}

/* A request that the token signs, answered by a CA, fits the token's key again. */
static void test_renewed(void)
{
	struct fixture f;
	struct signing_key other;

	fixture_init(&f, "renewed", URI("renewed"), "02");
	g_autofree char *issued = issue(&f, "node1 in a token");
	g_assert_true(key_certificate_fits(issued, NULL));
	g_autofree char *name = key_certificate_name(issued);
	g_assert_cmpstr(name, ==, "node1 in a token");
	g_free(temp_dir_put(f.dir, "recorder.pem", issued, -1, 0644));
	key_checks_signs(&f.place);
	signing_key_init(&other, "node2", NULL);
	g_free(temp_dir_put(f.dir, "recorder.pem", other.certificate_pem, -1, 0644));
	assert_refused(&f.place, "for the key in the token");
	signing_key_finish(&other);
	fixture_finish(&f);
}

/* The certificate says which key signs, the one before which one signed, and a request is
 * for the key without one. */
static void test_rotation(void)
{
	struct fixture f;
	struct signing_key second;
	g_autoptr(GError) error = NULL;

	fixture_init(&f, "rotated", URI("rotated"), "03");
	signing_key_init(&second, "second", NULL);
	import(&f, &second, "rotated", "13");
	key_checks_signs(&f.place);
	g_autofree char *issued = issue(&f, "node1 again");
	struct chain_key *pair = chain_key_create(second.key_pem, issued, &error);
	g_assert_no_error(error);
	chain_key_destroy(pair);
	g_assert_null(key_source_load_previous(&f.place, &error));
	g_assert_no_error(error);
	g_free(temp_dir_put(f.dir, "recorder.pem.previous", f.pem.certificate_pem, -1, 0644));
	g_free(temp_dir_put(f.dir, "recorder.pem", issued, -1, 0644));
	key_checks_signs(&f.place);
	struct chain_key *previous = key_source_load_previous(&f.place, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(chain_key_certificate_pem(previous), ==, f.pem.certificate_pem);
	chain_key_destroy(previous);
	signing_key_finish(&second);
	fixture_finish(&f);
}

/* A manifest's CMS signature, which the openssl command takes. */
static void test_exports(void)
{
	static const char text[] = "{\"format\":\"vitrine-evidence\"}";
	struct fixture f;
	g_autoptr(GError) error = NULL;
	gsize length;

	fixture_init(&f, "exports", URI("exports"), "04");
	struct chain_key *key = key_source_load(&f.place, &error);
	g_assert_no_error(error);
	g_autoptr(GBytes) cms = cms_sign(key, text, strlen(text), &error);
	g_assert_no_error(error);
	const void *der = g_bytes_get_data(cms, &length);
	g_autofree char *signature = g_build_filename(f.dir, "manifest.cms", NULL);
	g_autofree char *manifest = temp_dir_put(f.dir, "manifest.json", text, -1, 0644);
	g_assert_true(g_file_set_contents(signature, der, (gssize)length, NULL));
	const char *const argv[] = {
		"openssl", "cms", "-verify", "-binary",	 "-purpose", "any",	"-inform",
		"DER",	   "-in", signature, "-content", manifest,   "-CAfile", f.certificate_file,
		NULL};
	g_autofree char *out = NULL, *trouble = NULL;
	int status = 0;
	g_assert_true(g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_SEARCH_PATH, NULL,
				   NULL, &out, &trouble, &status, NULL));
	g_test_message("%s", trouble);
	g_assert_cmpint(status, ==, 0);
	g_assert_cmpstr(out, ==, text);
	chain_key_destroy(key);
	fixture_finish(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(secret_init(), ==, 0);
	if (!soft_token_make()) {
		puts("1..0 # SKIP SoftHSM is not installed, or a sanitizer refuses it");
		return 0;
	}
	g_test_add_func("/key-token/wrong-pin", test_wrong_pin);
	g_test_add_func("/key-token/renewed", test_renewed);
	g_test_add_func("/key-token/rotation", test_rotation);
	g_test_add_func("/key-token/exports", test_exports);
	int code = g_test_run();
	soft_token_remove();
	return code;
}
