/* Where the signing key may lie: a file, a systemd credential, a PKCS#11 token (SoftHSM, when it is installed). Each signs what the certificate verifies; a wrong PIN, a
 * foreign certificate, an open file are refused without a secret in the words. */
#include "base/secret.h"
#include "recorder/chain/key_request.h"
#include "recorder/chain/key_source.h"
#include "recorder/chain/signed_line.h"
#include "recorder/chain/verify_trust.h"
#include "tests/support/signing_key.h"
#include "tests/support/temp_dir.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ADDRESS_SANITIZER
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define WITH_ADDRESS_SANITIZER
#endif

#define PIN "736201"
#define SOFTHSM_MODULE "/usr/lib/softhsm/libsofthsm2.so"

struct fixture {
	char *dir, *key_file, *certificate_file;
	struct signing_key pem;
	struct config_recorder config;
};

static char *put(const struct fixture *f, const char *name, const char *text, int mode)
{
	char *path = g_build_filename(f->dir, name, NULL);

	g_assert_true(g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, mode,
					       NULL));
	return path;
}

static void fixture_init(struct fixture *f)
{
	*f = (struct fixture){.dir = temp_dir_create()};
	signing_key_init(&f->pem, "node1", NULL);
	f->key_file = put(f, "recorder.key", f->pem.key_pem, 0600);
	f->certificate_file = put(f, "recorder.pem", f->pem.certificate_pem, 0644);
	f->config.signing_certificate_file = f->certificate_file;
}

static void fixture_finish(struct fixture *f)
{
	signing_key_finish(&f->pem);
	temp_dir_remove(f->dir);
	g_free(f->dir);
	g_free(f->key_file);
	g_free(f->certificate_file);
}

static void assert_signs(const struct config_recorder *config)
{
	g_autoptr(GError) error = NULL;
	struct chain_key *key = key_source_load(config, &error);
	struct signed_line line;

	g_assert_no_error(error);
	g_autofree char *text = signed_line_make(key, "{\"a\":1}", &error);
	g_assert_no_error(error);
	g_assert_cmpint(signed_line_parse(text, strlen(text), &line), ==, 0);
	struct verify_trust *trust = verify_trust_create(chain_key_certificate_pem(key));
	g_assert_cmpint(verify_trust_signer(trust, &line), ==, 0);
	verify_trust_destroy(trust);
	chain_key_destroy(key);
}

static void assert_refused(const struct config_recorder *config, const char *text)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(key_source_load(config, &error));
	g_assert_nonnull(error);
	g_test_message("%s", error->message);
	g_assert_nonnull(strstr(error->message, text));
	g_assert_null(strstr(error->message, PIN));
}

static void test_file(void)
{
	struct fixture f;
	g_autoptr(GError) none = NULL, two = NULL;

	fixture_init(&f);
	g_assert_false(key_source_check(&f.config, &none));
	f.config.signing_key_file = f.key_file;
	g_assert_true(key_source_check(&f.config, NULL));
	assert_signs(&f.config);
	f.config.signing_key_credential = f.key_file;
	g_assert_false(key_source_check(&f.config, &two));
	f.config.signing_key_credential = NULL;
	g_assert_cmpint(g_chmod(f.key_file, 0644), ==, 0);
	assert_refused(&f.config, "chmod 600");
	fixture_finish(&f);
}

static void test_credential(void)
{
	struct fixture f;
	char name[] = "recorder.key", outside[] = "../recorder.key";

	fixture_init(&f);
	f.config.signing_key_credential = name;
	g_unsetenv("CREDENTIALS_DIRECTORY");
	assert_refused(&f.config, "systemd gave this program none");
	g_setenv("CREDENTIALS_DIRECTORY", f.dir, TRUE);
	/* As an access list shows. */
	g_assert_cmpint(g_chmod(f.key_file, 0440), ==, 0);
	assert_signs(&f.config);
	g_assert_cmpint(g_chmod(f.key_file, 0444), ==, 0);
	assert_refused(&f.config, "can be read by others");
	f.config.signing_key_credential = outside;
	assert_refused(&f.config, "not the name of one");
	g_unsetenv("CREDENTIALS_DIRECTORY");
	fixture_finish(&f);
}

static void test_previous(void)
{
	struct fixture f;
	g_autoptr(GError) error = NULL;

	fixture_init(&f);
	f.config.signing_key_file = f.key_file;
	g_assert_null(key_source_load_previous(&f.config, &error));
	g_assert_no_error(error);
	g_free(put(&f, "recorder.key.previous", f.pem.key_pem, 0600));
	g_free(put(&f, "recorder.pem.previous", f.pem.certificate_pem, 0644));
	struct chain_key *key = key_source_load_previous(&f.config, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(chain_key_certificate_pem(key), ==, f.pem.certificate_pem);
	chain_key_destroy(key);
	fixture_finish(&f);
}

static void run(const char *const *argv)
{
	g_autofree char *out = NULL, *trouble = NULL;
	int status = 0;

	g_assert_true(g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_SEARCH_PATH, NULL,
				   NULL, &out, &trouble, &status, NULL));
	if (status != 0)
		g_test_message("%s: %s%s", argv[0], out, trouble);
	g_assert_cmpint(status, ==, 0);
}

static void make_token(const struct fixture *f)
{
	g_autofree char *tokens = g_build_filename(f->dir, "tokens", NULL);
	g_autofree char *conf = g_strdup_printf("directories.tokendir = %s\n", tokens);
	g_autofree char *conf_path = put(f, "softhsm2.conf", conf, 0600);
	const char *const init[] = {"softhsm2-util", "--init-token", "--free", "--label", "vitrine",
				    "--so-pin",	     "928374",	     "--pin",  PIN,	  NULL};
	const char *const import[] = {
		"softhsm2-util", "--import", f->key_file, "--token", "vitrine", "--label",
		"recorder",	 "--id",     "01",	  "--pin",   PIN,	NULL};

	g_assert_cmpint(g_mkdir(tokens, 0700), ==, 0);
	g_setenv("SOFTHSM2_CONF", conf_path, TRUE);
	run(init);
	run(import);
}

static void test_token(void)
{
	struct fixture f;
	char uri[] = "pkcs11:token=vitrine;object=recorder;type=private";
	char with_pin[] = "pkcs11:token=vitrine;object=recorder?pin-value=" PIN;
	char module[] = SOFTHSM_MODULE;
	struct signing_key other;

	g_autofree char *tool = g_find_program_in_path("softhsm2-util");
#ifdef WITH_ADDRESS_SANITIZER
	/* The provider loads the token's library with RTLD_DEEPBIND, which the sanitizer refuses. */
	g_clear_pointer(&tool, g_free);
#endif
	if (tool == NULL || !g_file_test(SOFTHSM_MODULE, G_FILE_TEST_EXISTS)) {
		g_test_skip("SoftHSM is not installed");
		return;
	}
	fixture_init(&f);
	make_token(&f);
	g_autofree char *pin = put(&f, "pin", PIN "\n", 0600);
	f.config.signing_key_uri = uri;
	f.config.pkcs11_module = module;
	/* First: a token stays open to a program that gave the right PIN once. */
	g_autofree char *wrong = put(&f, "wrong-pin", "000000", 0600);
	f.config.signing_key_pin_file = wrong;
	assert_refused(&f.config, "wrong address or PIN");
	f.config.signing_key_pin_file = pin;
	assert_signs(&f.config);

	/* A request that the token signs, answered by a CA, fits the token's key again. */
	g_autoptr(GError) error = NULL;
	const struct chain_token token = {uri, PIN, module};
	g_autofree char *request = key_request_in_token(&token, "node1 in a token", &error);
	g_assert_no_error(error);
	g_autofree char *issued =
		key_issue(request, f.pem.certificate_pem, f.pem.key_pem, 30, &error);
	g_assert_no_error(error);
	g_assert_true(key_certificate_fits(issued, NULL));
	g_autofree char *name = key_certificate_name(issued);
	g_assert_cmpstr(name, ==, "node1 in a token");
	g_autofree char *issued_path = put(&f, "issued.pem", issued, 0644);
	f.config.signing_certificate_file = issued_path;
	assert_signs(&f.config);

	signing_key_init(&other, "node2", NULL);
	g_autofree char *foreign = put(&f, "foreign.pem", other.certificate_pem, 0644);
	f.config.signing_certificate_file = foreign;
	assert_refused(&f.config, "for the key in the token");
	f.config.signing_certificate_file = f.certificate_file;
	f.config.signing_key_uri = with_pin;
	assert_refused(&f.config, "holds a PIN");
	signing_key_finish(&other);
	fixture_finish(&f);
}

static void test_issued(void)
{
	struct signing_key ca;
	g_autoptr(GError) error = NULL, no_request = NULL, no_pair = NULL, is_ca = NULL;
	struct signing_key other;

	signing_key_init(&ca, "evidence CA", NULL);
	signing_key_init(&other, "another CA", NULL);
	autosecret key = key_generate();
	g_autofree char *request = key_request(key, "node1", &error);
	g_assert_no_error(error);
	g_autofree char *certificate =
		key_issue(request, ca.certificate_pem, ca.key_pem, 825, &error);
	g_assert_no_error(error);
	struct chain_key *pair = chain_key_create(key, certificate, &error);
	g_assert_no_error(error);
	chain_key_destroy(pair);
	g_assert_true(key_certificate_fits(certificate, &error));
	g_assert_null(key_issue("nonsense", ca.certificate_pem, ca.key_pem, 825, &no_request));
	g_assert_nonnull(no_request);
	g_assert_null(key_issue(request, ca.certificate_pem, other.key_pem, 825, &no_pair));
	g_assert_nonnull(strstr(no_pair->message, "do not belong together"));
	g_assert_false(key_certificate_fits(ca.certificate_pem, &is_ca));
	g_assert_nonnull(strstr(is_ca->message, "CA"));
	g_assert_false(key_certificate_fits("nonsense", NULL));
	signing_key_finish(&ca);
	signing_key_finish(&other);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(secret_init(), ==, 0);
	g_test_add_func("/key-source/file", test_file);
	g_test_add_func("/key-source/credential", test_credential);
	g_test_add_func("/key-source/previous", test_previous);
	g_test_add_func("/key-source/issued", test_issued);
	g_test_add_func("/key-source/token", test_token);
	return g_test_run();
}
