/* How many days the store lasts, on a clock that is turned by hand. */
#include "base/forecast.h"
#include "recorder/growth.h"

#include <glib.h>

#define GIB (1ull << 30)
#define HOUR_US 3600000000ull

static void test_division(void)
{
	g_assert_cmpfloat_with_epsilon(forecast_days_left(11 * GIB, GIB, GIB, 24 * HOUR_US), 10,
				       1e-9);
	g_assert_cmpfloat_with_epsilon(forecast_days_left(11 * GIB, GIB, GIB, 12 * HOUR_US), 5,
				       1e-9);
	g_assert_cmpfloat(forecast_days_left(GIB, GIB, GIB, 24 * HOUR_US), ==, 0);
	g_assert_cmpfloat(forecast_days_left(11 * GIB, GIB, 0, 24 * HOUR_US), <, 0);
	g_assert_cmpfloat(forecast_days_left(11 * GIB, GIB, GIB, FORECAST_SPAN_MIN_US - 1), <, 0);
}

/* Every minute a look; an hour takes a GiB. A word an hour, none before there is something to
 * tell. */
static void test_words(void)
{
	struct growth g = {0};
	unsigned words = 0;
	double days = 0;

	for (uint64_t minute = 0; minute <= 240; minute++)
		words += growth_note(&g, minute * HOUR_US / 60, 1000 * GIB - minute * GIB / 60, GIB,
				     &days);
	g_assert_cmpuint(words, ==, 4);
	g_assert_cmpfloat_with_epsilon(days, (1000 - 4 - 1) / 24.0, 0.01);
}

/* Below a week it is said at once, and not again until the hour. A deletion is no growth. */
static void test_soon(void)
{
	struct growth g = {0};
	double days;

	g_assert_false(growth_note(&g, 0, 100 * GIB, 0, &days));
	g_assert_true(growth_note(&g, HOUR_US / 2, 50 * GIB, 0, &days));
	g_assert_cmpfloat_with_epsilon(days, 0.5 / 24, 1e-6);
	g_assert_false(growth_note(&g, HOUR_US / 2 + 1000000, 50 * GIB, 0, &days));
	g_assert_false(growth_note(&g, HOUR_US, 200 * GIB, 0, &days));
	g_assert_cmpfloat(days, <, 0);
}

/* Only the last day counts. */
static void test_day(void)
{
	struct growth g = {0};
	double days = 0;

	for (uint64_t hour = 0; hour <= 10; hour++)
		growth_note(&g, hour * HOUR_US, 10000 * GIB - hour * 100 * GIB, 0, &days);
	for (uint64_t hour = 11; hour <= 60; hour++)
		growth_note(&g, hour * HOUR_US, 9000 * GIB - hour * GIB, 0, &days);
	g_assert_cmpfloat_with_epsilon(days, (9000 - 60) / 24.0, 1);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/growth/division", test_division);
	g_test_add_func("/growth/words", test_words);
	g_test_add_func("/growth/soon", test_soon);
	g_test_add_func("/growth/day", test_day);
	return g_test_run();
}
