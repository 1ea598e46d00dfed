/* Budgets on a clock that is turned by hand. */
#include "recorder/budget.h"

#include <glib.h>

#define MIB (1ull << 20)
#define SECOND_US 1000000ull

/* 3600 MiB an hour: 1 MiB a second, 600 MiB at once. */
static const struct byte_budget_limits limits = {3600 * MIB, 2000 * MIB};

static void test_levels(void)
{
	struct byte_budget b;

	byte_budget_init(&b, &limits, 0, 0);
	g_assert_cmpint(byte_budget_spend(&b, 0, 290 * MIB), ==, BUDGET_KEPT);
	g_assert_cmpuint(b.level, ==, 0);
	g_assert_cmpint(byte_budget_spend(&b, 0, 310 * MIB), ==, BUDGET_KEPT);
	g_assert_cmpuint(b.level, ==, 1);
	g_assert_cmpint(byte_budget_spend(&b, 0, 460 * MIB), ==, BUDGET_KEPT);
	g_assert_cmpuint(b.level, ==, 2);
	g_assert_cmpint(byte_budget_spend(&b, 0, 599 * MIB), ==, BUDGET_KEPT);
	g_assert_cmpuint(b.level, ==, 3);
	g_assert_cmpint(byte_budget_spend(&b, 0, 602 * MIB), ==, BUDGET_RATE_SPENT);
}

/* At exactly the rate nothing is ever spent; a level is left only with three quarters in hand. */
static void test_refill(void)
{
	struct byte_budget b;
	uint64_t written = 500 * MIB;

	byte_budget_init(&b, &limits, 0, 0);
	byte_budget_spend(&b, 0, written);
	g_assert_cmpuint(b.level, ==, 2);
	for (uint64_t s = 1; s <= 1000; s++) {
		written += MIB;
		g_assert_cmpint(byte_budget_spend(&b, s * SECOND_US, written), ==, BUDGET_KEPT);
		g_assert_cmpuint(b.level, ==, 2);
	}
	g_assert_cmpint(byte_budget_spend(&b, 1340 * SECOND_US, written), ==, BUDGET_KEPT);
	g_assert_cmpuint(b.level, ==, 2);
	g_assert_cmpint(byte_budget_spend(&b, 1360 * SECOND_US, written), ==, BUDGET_KEPT);
	g_assert_cmpuint(b.level, ==, 0);
	/* Many small steps of time are as good as a large one. */
	uint64_t left = b.left_bytes;
	for (unsigned i = 1; i <= 1000; i++)
		byte_budget_spend(&b, 1360 * SECOND_US + i * 1000, written);
	g_assert_cmpuint(b.left_bytes - left, >=, MIB - 4096);
}

static void test_size(void)
{
	struct byte_budget b;
	const struct byte_budget_limits size_only = {0, 10 * MIB}, none = {0, 0};

	byte_budget_init(&b, &size_only, 0, 8 * MIB);
	g_assert_cmpint(byte_budget_spend(&b, 0, 10 * MIB), ==, BUDGET_KEPT);
	g_assert_cmpint(byte_budget_spend(&b, 0, 10 * MIB + 1), ==, BUDGET_SIZE_SPENT);
	byte_budget_init(&b, &none, 0, 0);
	g_assert_cmpint(byte_budget_spend(&b, 0, UINT64_MAX), ==, BUDGET_KEPT);
	g_assert_cmpuint(b.level, ==, 0);
}

static void test_canvases(void)
{
	struct canvas_budget b = {.max_bytes = 100, .max_each_bytes = 70};

	g_assert_true(canvas_budget_exchange(&b, 0, 60));
	g_assert_false(canvas_budget_exchange(&b, 0, 41));
	g_assert_false(canvas_budget_exchange(&b, 60, 71));
	g_assert_true(canvas_budget_exchange(&b, 60, 70));
	g_assert_true(canvas_budget_exchange(&b, 0, 30));
	g_assert_true(canvas_budget_exchange(&b, 70, 0));
	g_assert_cmpuint(b.used_bytes, ==, 30);
	g_assert_cmpuint(canvas_budget_cost(1920, 1080), ==, 1920 * 1080 * 12 + 4 * MIB);
	g_assert_cmpuint(canvas_budget_cost(UINT32_MAX, UINT32_MAX), ==, UINT64_MAX);
}

static void test_work(void)
{
	struct work_budget b;

	work_budget_init(&b, 0);
	g_assert_cmpuint(work_budget_spend(&b, 0, 1000000), ==, 0);
	/* One turn of three seconds: six are its half of a core. */
	g_assert_cmpuint(work_budget_spend(&b, 0, 3000000), ==, 6000000);
	g_assert_cmpuint(work_budget_spend(&b, 2000000, 0), ==, 4000000);
	g_assert_cmpuint(work_budget_spend(&b, 6000000, 0), ==, 0);
	/* What was saved is a second, however long the silence. */
	g_assert_cmpuint(work_budget_spend(&b, 3600000000, 1000001), ==, 2);
	/* A session that takes a third of a core never rests. */
	work_budget_init(&b, 0);
	for (uint64_t t_us = 0; t_us < 60000000; t_us += 60000)
		g_assert_cmpuint(work_budget_spend(&b, t_us, 20000), ==, 0);
}

static void test_steps(void)
{
	for (unsigned level = 1; level < BUDGET_LEVELS; level++) {
		g_assert_cmpuint(budget_step(level)->interval_factor, >,
				 budget_step(level - 1)->interval_factor);
		g_assert_cmpuint(budget_step(level)->qp_more, >, budget_step(level - 1)->qp_more);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/budget/levels", test_levels);
	g_test_add_func("/budget/refill", test_refill);
	g_test_add_func("/budget/size", test_size);
	g_test_add_func("/budget/canvases", test_canvases);
	g_test_add_func("/budget/work", test_work);
	g_test_add_func("/budget/steps", test_steps);
	return g_test_run();
}
