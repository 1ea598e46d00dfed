/* The clock of all programs. It must not know who asks; recorder, session and gateway compare its
 * values across processes, which CLOCK_MONOTONIC allows on one machine. */
#include "base/clock.h"

#include <glib.h>
#include <stdbool.h>
#include <time.h>

/* Tests move the clock while other threads read it. */
static _Atomic bool test_clock;
static _Atomic uint64_t test_now_us, test_utc_us;

static uint64_t read_clock_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

uint64_t clock_now_us(void)
{
	return test_clock ? test_now_us : read_clock_us(CLOCK_MONOTONIC);
}

uint64_t clock_thread_us(void)
{
	return read_clock_us(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t clock_utc_us(void)
{
	return test_clock ? test_utc_us : read_clock_us(CLOCK_REALTIME);
}

char *clock_format_utc(uint64_t utc_us)
{
	g_autoptr(GDateTime) seconds = g_date_time_new_from_unix_utc((gint64)(utc_us / 1000000u));
	g_autofree char *text = g_date_time_format(seconds, "%Y-%m-%dT%H:%M:%S");

	return g_strdup_printf("%s.%06uZ", text, (unsigned)(utc_us % 1000000u));
}

void clock_test_set(uint64_t now_us, uint64_t utc_us)
{
	test_now_us = now_us;
	test_utc_us = utc_us;
	test_clock = true;
}
