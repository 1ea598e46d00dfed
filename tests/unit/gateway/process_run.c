/* What every test of the whole gateway process does: installation and first start, and
 * checks on words and ends. */
#include "tests/unit/gateway/process_fixture.h"

#include "base/secret.h"
#include "sql/session_store.h"

#include <string.h>
#include <unistd.h>

void assert_has(const char *text, const char *part)
{
	if (text == NULL || strstr(text, part) == NULL)
		g_error("\"%s\" is not in \"%s\"", part, text != NULL ? text : "(nothing)");
}

void assert_line(int fd, const char *expected)
{
	g_autofree char *line = viewer_expect(fd, expected);

	g_assert_cmpstr(line, ==, expected);
}

void assert_end(int fd)
{
	g_autofree char *line = viewer_hear(fd);

	g_assert_cmpstr(line, ==, NULL);
	close(fd);
}

unsigned count_text(const char *text, const char *part)
{
	unsigned n = 0;

	for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part))
		n++;
	return n;
}

void order_end(const char *id, const char *words)
{
	GError *error = NULL;

	session_store_terminate(fixture_admin(), id, words, "carol", &error);
	g_assert_no_error(error);
}

int process_test_run(int argc, char **argv, void (*add_tests)(void))
{
	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(secret_init(), ==, 0);
	installation_create();
	recorder_start();
	installation_configure(g_getenv("VITRINE_TEST_SESSION"), "");
	gateway_start();
	add_tests();
	int failures = g_test_run();
	recorder_stop();
	installation_destroy();
	return failures;
}
