/* Runs the tests of the ground floor. */
#include "tests/unit/base/test_base.h"

#include "base/clock.h"
#include "base/end_reason.h"
#include "base/rect.h"
#include "base/secret.h"

static void test_utc_text(void)
{
	g_autofree char *text = clock_format_utc(1767225600123456u);

	g_assert_cmpstr(text, ==, "2026-01-01T00:00:00.123456Z");
}

static void test_clock_replaced(void)
{
	uint64_t before = clock_now_us();
	g_assert_cmpuint(clock_now_us(), >=, before);
	clock_test_set(17, 23);
	g_assert_cmpuint(clock_now_us(), ==, 17);
	g_assert_cmpuint(clock_utc_us(), ==, 23);
}

static void test_reasons_go_both_ways(void)
{
	for (uint32_t reason = 1; reason < END_REASON_COUNT; reason++) {
		g_assert_cmpuint(end_reason_from_key(end_reason_key(reason)), ==, reason);
		g_assert_cmpuint(strlen(end_reason_text(reason)), >, 10);
	}
	g_assert_cmpstr(end_reason_key(9999), ==, "unknown");
	g_assert_cmpuint(end_reason_from_key("no such reason"), ==, END_NONE);
}

static void test_rect_clip(void)
{
	struct rect inside = {10, 10, UINT32_MAX, 5};
	struct rect outside = {100, 0, 1, 1};

	g_assert_true(rect_clip(&inside, 100, 100));
	g_assert_cmpuint(inside.width, ==, 90);
	g_assert_cmpuint(inside.height, ==, 5);
	g_assert_false(rect_clip(&outside, 100, 100));
	g_assert_false(picture_size_ok(65535, 65535));
	g_assert_true(picture_size_ok(1920, 1080));
}

static void test_secret_is_a_copy(void)
{
	char *secret = secret_new("abc", 3);

	g_assert_cmpstr(secret, ==, "abc");
	secret_free(secret);
	secret_free(NULL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(secret_init(), ==, 0);
	g_test_add_func("/base/clock/utc-text", test_utc_text);
	g_test_add_func("/base/clock/replaced", test_clock_replaced);
	g_test_add_func("/base/end-reason/both-ways", test_reasons_go_both_ways);
	g_test_add_func("/base/rect/clip", test_rect_clip);
	g_test_add_func("/base/secret/copy", test_secret_is_a_copy);
	test_config_register();
	test_wire_register();
	return g_test_run();
}
