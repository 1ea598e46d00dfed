/* Where the signing key may lie: a file or a systemd credential (a token: test_key_token.c). Each
 * signs what the certificate verifies; a file that others can read is refused with words
 * that say what to type. */
#include "base/secret.h"
#include "recorder/chain/key_request.h"
#include "recorder/chain/key_source.h"
#include "tests/support/signing_key.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/chain/key_checks.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
	char *dir, *key_file, *certificate_file;
	struct signing_key pem;
	struct config_recorder config;
};

static void fixture_init(struct fixture *f)
{
	*f = (struct fixture){.dir = temp_dir_create()};
	signing_key_init(&f->pem, "node1", NULL);
	f->key_file = temp_dir_put(f->dir, "recorder.key", f->pem.key_pem, -1, 0600);
	f->certificate_file =
		temp_dir_put(f->dir, "recorder.pem", f->pem.certificate_pem, -1, 0644);
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
	const struct key_place place = key_place_of_recorder(config);

	key_checks_signs(&place);
}

static void assert_refused(const struct config_recorder *config, const char *text)
{
	const struct key_place place = key_place_of_recorder(config);

	g_free(key_checks_refused(&place, text));
}

static void test_file(void)
{
	struct fixture f;
	g_autoptr(GError) none = NULL, two = NULL;

	fixture_init(&f);
	struct key_place place = key_place_of_recorder(&f.config);
	g_assert_false(key_source_check(&place, &none));
	g_assert_nonnull(strstr(none->message, "recorder.signing_key_uri"));
	place.file = f.config.signing_key_file = f.key_file;
	g_assert_true(key_source_check(&place, NULL));
	assert_signs(&f.config);
	place.credential = f.key_file;
	g_assert_false(key_source_check(&place, &two));
	fixture_finish(&f);
}

/* Whoever can read the key can sign: the words say which command mends it. */
static void test_open_file(void)
{
	static const int modes[] = {0644, 0640, 0660, 0602};
	struct fixture f;

	fixture_init(&f);
	f.config.signing_key_file = f.key_file;
	for (unsigned i = 0; i < G_N_ELEMENTS(modes); i++) {
		g_assert_cmpint(g_chmod(f.key_file, modes[i]), ==, 0);
		assert_refused(&f.config, "run chmod 600 on it");
		assert_refused(&f.config, f.key_file);
	}
	g_assert_cmpint(g_chmod(f.key_file, 0400), ==, 0);
	assert_signs(&f.config);
	/* Another's, and a way around the check. */
	g_autofree char *link = g_build_filename(f.dir, "link.key", NULL);
	g_assert_cmpint(symlink(f.key_file, link), ==, 0);
	f.config.signing_key_file = link;
	assert_refused(&f.config, "cannot open");
	f.config.signing_key_file = f.dir;
	assert_refused(&f.config, "not a regular file");
	fixture_finish(&f);
}

/* root gives the file to somebody else and becomes a third. */
static void test_foreign_file(void)
{
	struct fixture f;

	if (geteuid() != 0) {
		g_test_skip("only root can give files away");
		return;
	}
	fixture_init(&f);
	f.config.signing_key_file = f.key_file;
	g_assert_cmpint(g_chmod(f.dir, 0755), ==, 0);
	g_assert_cmpint(chown(f.key_file, 65533, 65533), ==, 0);
	assert_signs(&f.config); /* root may: the command line runs as root */
	g_assert_cmpint(g_chmod(f.key_file, 0604), ==, 0);
	g_assert_cmpint(seteuid(65534), ==, 0);
	assert_refused(&f.config, "give it to the user this program runs as");
	g_assert_cmpint(seteuid(0), ==, 0);
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

static void assert_previous(const struct key_place *place, const char *certificate_pem)
{
	g_autoptr(GError) error = NULL;
	struct chain_key *key = key_source_load_previous(place, &error);

	g_assert_no_error(error);
	g_assert_cmpstr(chain_key_certificate_pem(key), ==, certificate_pem);
	chain_key_destroy(key);
}

static void test_previous(void)
{
	struct fixture f;
	g_autoptr(GError) error = NULL;

	fixture_init(&f);
	f.config.signing_key_file = f.key_file;
	struct key_place place = key_place_of_recorder(&f.config);
	g_assert_null(key_source_load_previous(&place, &error));
	g_assert_no_error(error);
	g_free(temp_dir_put(f.dir, "recorder.key.previous", f.pem.key_pem, -1, 0600));
	g_free(temp_dir_put(f.dir, "recorder.pem.previous", f.pem.certificate_pem, -1, 0644));
	assert_previous(&place, f.pem.certificate_pem);
	/* A credential of that name, or, where the certificate alone was renewed, the same key. */
	place.file = NULL;
	place.credential = "recorder.key";
	g_setenv("CREDENTIALS_DIRECTORY", f.dir, TRUE);
	assert_previous(&place, f.pem.certificate_pem);
	g_autofree char *previous = g_build_filename(f.dir, "recorder.key.previous", NULL);
	g_assert_cmpint(g_unlink(previous), ==, 0);
	assert_previous(&place, f.pem.certificate_pem);
	g_unsetenv("CREDENTIALS_DIRECTORY");
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
	g_test_add_func("/key-source/open-file", test_open_file);
	g_test_add_func("/key-source/foreign-file", test_foreign_file);
	g_test_add_func("/key-source/credential", test_credential);
	g_test_add_func("/key-source/previous", test_previous);
	g_test_add_func("/key-source/issued", test_issued);
	return g_test_run();
}
