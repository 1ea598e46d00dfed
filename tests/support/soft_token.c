/* A token by the programs that come with SoftHSM. */
#include "tests/support/soft_token.h"

#include "tests/support/temp_dir.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <stdint.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ADDRESS_SANITIZER
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define WITH_ADDRESS_SANITIZER
#endif

#define CONF_VARIABLE "SOFTHSM2_CONF"

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

static bool is_usable(void)
{
#ifdef WITH_ADDRESS_SANITIZER
	return false;
#else
	g_autofree char *tool = g_find_program_in_path("softhsm2-util");

	return tool != NULL && g_file_test(SOFT_TOKEN_MODULE, G_FILE_TEST_EXISTS);
#endif
}

bool soft_token_make(void)
{
	const char *const init[] = {
		"softhsm2-util", "--init-token", "--free", "--label",	   "vitrine",
		"--so-pin",	 "928374",	 "--pin",  SOFT_TOKEN_PIN, NULL};

	if (!is_usable())
		return false;
	g_autofree char *dir = temp_dir_create();
	g_autofree char *tokens = g_build_filename(dir, "tokens", NULL);
	g_autofree char *conf = g_strdup_printf("directories.tokendir = %s\n", tokens);
	g_autofree char *conf_path = g_build_filename(dir, "softhsm2.conf", NULL);
	g_assert_true(g_file_set_contents(conf_path, conf, -1, NULL));
	g_assert_cmpint(g_mkdir(tokens, 0700), ==, 0);
	g_setenv(CONF_VARIABLE, conf_path, TRUE);
	run(init);
	return true;
}

void soft_token_remove(void)
{
	const char *conf_path = g_getenv(CONF_VARIABLE);

	if (!is_usable() || conf_path == NULL)
		return;
	g_autofree char *dir = g_path_get_dirname(conf_path);
	temp_dir_remove(dir);
	g_unsetenv(CONF_VARIABLE);
}

void soft_token_import(const char *key_file, const char *label, const char *id)
{
	const char *const argv[] = {"softhsm2-util", "--import", key_file, "--token", "vitrine",
				    "--label",	     label,	 "--id",   id,	      "--pin",
				    SOFT_TOKEN_PIN,  NULL};

	run(argv);
}
