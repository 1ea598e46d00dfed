/* What the web service reads from requests: ranges, paths, cookies. */
#include "web/http/cookie.h"
#include "web/http/path.h"
#include "web/http/range.h"

#include <glib.h>

struct range_case {
	const char *header;
	uint64_t size_bytes;
	enum range_result result;
	uint64_t offset, length;
};

static void ranges(void)
{
	static const struct range_case cases[] = {
		{NULL, 100, RANGE_NONE, 0, 0},
		{"bytes=0-0", 100, RANGE_PART, 0, 1},
		{"bytes=0-", 100, RANGE_PART, 0, 100},
		{"BYTES=10-19", 100, RANGE_PART, 10, 10},
		{"bytes=90-1000", 100, RANGE_PART, 90, 10},
		{"bytes=-30", 100, RANGE_PART, 70, 30},
		{"bytes=-300", 100, RANGE_PART, 0, 100},
		{"bytes=100-", 100, RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=-0", 100, RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=0-", 0, RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=18446744073709551615-", 100, RANGE_UNSATISFIABLE, 0, 0},
		/* Malformed, several, or another unit: the header does not count (RFC 9110
		 * 14.2). */
		{"bytes=18446744073709551616-", 100, RANGE_NONE, 0, 0},
		{"bytes=5-4", 100, RANGE_NONE, 0, 0},
		{"bytes=0-1,5-6", 100, RANGE_NONE, 0, 0},
		{"bytes= 0-1", 100, RANGE_NONE, 0, 0},
		{"bytes=+0-1", 100, RANGE_NONE, 0, 0},
		{"bytes=", 100, RANGE_NONE, 0, 0},
		{"bytes=-", 100, RANGE_NONE, 0, 0},
		{"bytes=1", 100, RANGE_NONE, 0, 0},
		{"bytes=1-2x", 100, RANGE_NONE, 0, 0},
		{"bytes=--5", 100, RANGE_NONE, 0, 0},
		{"lines=0-1", 100, RANGE_NONE, 0, 0},
		{"", 100, RANGE_NONE, 0, 0},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		uint64_t offset = 0, length = 0;
		g_test_message("%s", cases[i].header ? cases[i].header : "(none)");
		g_assert_cmpint(range_parse(cases[i].header, cases[i].size_bytes, &offset, &length),
				==, cases[i].result);
		g_assert_cmpuint(offset, ==, cases[i].offset);
		g_assert_cmpuint(length, ==, cases[i].length);
	}
}

static void paths_acceptable(void)
{
	static const char *const good[] = {"/", "/a", "/api/sessions", "/console/a..b.js", "/a/.b"};
	static const char *const bad[] = {"",	     "a",    "//",	"/a//b",  "/a/",
					  "/.",	     "/..",  "/a/../b", "/a/./b", "/a\\b",
					  "/a%2e",   "/a b", "/a\nb",	"/\x7f",  "/\xc3\xa4",
					  "/../etc", "/a/.."};

	for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
		g_assert_true(path_ok(good[i]));
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autofree char *shown = g_strescape(bad[i], NULL);
		g_test_message("\"%s\"", shown);
		g_assert_false(path_ok(bad[i]));
	}
	g_autofree char *longest = g_strnfill(PATH_MAX_BYTES, 'a');
	longest[0] = '/';
	g_assert_true(path_ok(longest));
	g_autofree char *longer = g_strconcat(longest, "a", NULL);
	g_assert_false(path_ok(longer));
}

static void paths_match(void)
{
	struct path_parts parts = {.n_parts = 7};

	g_assert_false(path_match("/api/sessions", "/api/session", &parts));
	g_assert_false(path_match("/api/sessions", "/api/sessionss", &parts));
	g_assert_false(path_match("/api/sessions/*", "/api/sessions", &parts));
	g_assert_false(path_match("/api/sessions/*", "/api/sessions/x/y", &parts));
	g_assert_cmpuint(parts.n_parts, ==, 7);
	g_assert_true(
		path_match("/api/sessions/*/terminate", "/api/sessions/42/terminate", &parts));
	g_assert_cmpuint(parts.n_parts, ==, 1);
	g_assert_cmpstr(parts.part[0], ==, "42");
	g_assert_true(path_match("/a/*/*", "/a/b/c", &parts));
	g_assert_cmpstr(parts.part[1], ==, "c");
	g_assert_true(path_match("/", "/", &parts));
	g_assert_cmpuint(parts.n_parts, ==, 0);
	g_autofree char *part = g_strnfill(PATH_PART_BYTES, 'x');
	g_autofree char *path = g_strconcat("/a/", part, "/c", NULL);
	g_assert_false(path_match("/a/*/*", path, &parts));
}

static void names(void)
{
	g_assert_true(path_is_uuid("01234567-89ab-cdef-0123-456789abcdef"));
	g_assert_false(path_is_uuid("01234567-89AB-cdef-0123-456789abcdef"));
	g_assert_false(path_is_uuid("01234567-89ab-cdef-0123-456789abcde"));
	g_assert_false(path_is_uuid("01234567-89ab-cdef-0123-456789abcdef0"));
	g_assert_false(path_is_uuid("0123456789ab-cdef-0123-456789abcdef--"));
	g_assert_true(path_is_file_name("seg-00001.mp4"));
	g_assert_false(path_is_file_name(""));
	g_assert_false(path_is_file_name(".hidden"));
	g_assert_false(path_is_file_name(".."));
	g_assert_false(path_is_file_name("a/b"));
	g_assert_false(path_is_file_name("a b"));
}

static void assert_cookie(const char *header, const char *expected)
{
	g_autofree char *value = cookie_get(header, COOKIE_LOGIN);

	g_assert_cmpstr(value, ==, expected);
}

static void cookies(void)
{
	assert_cookie(NULL, NULL);
	assert_cookie("", NULL);
	assert_cookie("__Host-vitrine=abc", "abc");
	assert_cookie("a=b; __Host-vitrine=abc; c=d", "abc");
	assert_cookie("a=__Host-vitrine=x", NULL);
	assert_cookie("X__Host-vitrine=abc", NULL);
	assert_cookie("__Host-vitrine2=abc", NULL);
	assert_cookie("__Host-vitrine", NULL);
	assert_cookie("__Host-vitrine=", "");
	/* Two of them: one was planted, and nobody can tell which. */
	assert_cookie("__Host-vitrine=abc; __Host-vitrine=def", NULL);
	g_autofree char *set = cookie_set_login("abc", 60);
	g_assert_cmpstr(
		set, ==,
		"__Host-vitrine=abc; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Strict");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/web/http/ranges", ranges);
	g_test_add_func("/web/http/paths-acceptable", paths_acceptable);
	g_test_add_func("/web/http/paths-match", paths_match);
	g_test_add_func("/web/http/names", names);
	g_test_add_func("/web/http/cookies", cookies);
	return g_test_run();
}
