/* The configuration file: what is read, what is refused, and whether the refusal says where. */
#include "tests/unit/base/test_base.h"

#include "base/config.h"
#include "base/secret.h"

#include <glib/gstdio.h>

static char *write_file(const char *text, int mode)
{
	char *path = NULL;
	int fd = g_file_open_tmp("vitrine-config-XXXXXX", &path, NULL);

	g_assert_cmpint(fd, >=, 0);
	g_close(fd, NULL);
	g_assert_true(g_file_set_contents(path, text, -1, NULL));
	g_assert_cmpint(g_chmod(path, mode), ==, 0);
	return path;
}

static struct config *load(const char *text, GError **error)
{
	g_autofree char *path = write_file(text, 0644);
	struct config *config = config_load(path, error);

	g_unlink(path);
	return config;
}

static void test_values_and_defaults(void)
{
	g_autoptr(GError) error = NULL;
	struct config *config = load("node: alpha\n"
				     "gateway:\n"
				     "  rdp: { address: 127.0.0.2, port: 13389 }\n"
				     "  max_sessions: 12\n"
				     "recorder: { quality: evidence }\n",
				     &error);

	g_assert_no_error(error);
	g_assert_cmpstr(config->node, ==, "alpha");
	g_assert_cmpstr(config->gateway.rdp.address, ==, "127.0.0.2");
	g_assert_cmpuint(config->gateway.rdp.port, ==, 13389);
	g_assert_cmpstr(config->gateway.vnc.address, ==, "127.0.0.1");
	g_assert_cmpuint(config->gateway.vnc.port, ==, 0);
	g_assert_cmpuint(config->gateway.max_sessions, ==, 12);
	g_assert_cmpuint(config->gateway.dial_timeout_ms, ==, 10000);
	g_assert_cmpstr(config->recorder.quality, ==, "evidence");
	g_assert_cmpstr(config->database.web_role, ==, "vitrine_web");
	config_free(config);
}

static void assert_refused(const char *text, const char *word, const char *place)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(load(text, &error));
	g_assert_nonnull(error);
	g_assert_nonnull(strstr(error->message, word));
	if (place != NULL)
		g_assert_nonnull(strstr(error->message, place));
}

static void test_refusals_say_where(void)
{
	assert_refused("gateway:\n  rdp:\n    prt: 3389\n", "prt", "line: 3");
	assert_refused("gateway:\n  max_sessions: many\n", "max_sessions", "line: 2");
	assert_refused("gateway:\n  rdp: { port: 70000 }\n", "port", "line: 2");
	assert_refused("gateway: [ 1, 2 ]\n", "gateway", "line: 1");
	assert_refused("recorder: { quality: best }\n", "evidence, standard or economy", NULL);
	assert_refused("# a comment alone\n", "nothing is set", NULL);
	assert_refused("gateway: { max_width_px: 100000 }\n", "gateway.max_width_px is 100000",
		       NULL);
}

static void test_missing_file(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(config_load("no/such/file.yaml", &error));
	g_assert_nonnull(strstr(error->message, "no/such/file.yaml"));
}

static void test_secret_file_modes(void)
{
	g_autofree char *open_to_all = write_file("secret\n", 0644);
	g_autofree char *private_file = write_file("secret\n", 0600);
	g_autoptr(GError) error = NULL;

	g_assert_null(config_read_secret_file(open_to_all, &error));
	g_assert_nonnull(strstr(error->message, "chmod 600"));
	g_clear_error(&error);
	char *secret = config_read_secret_file(private_file, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(secret, ==, "secret");
	secret_free(secret);
	g_unlink(open_to_all);
	g_unlink(private_file);
}

void test_config_register(void)
{
	g_test_add_func("/base/config/values", test_values_and_defaults);
	g_test_add_func("/base/config/refusals", test_refusals_say_where);
	g_test_add_func("/base/config/missing", test_missing_file);
	g_test_add_func("/base/config/secret-file", test_secret_file_modes);
}
