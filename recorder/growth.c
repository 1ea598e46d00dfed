/* A day's worth of free bytes, hour by hour. It must not know who writes: whatever
 * takes the room counts. */
#include "recorder/growth.h"

#include "base/forecast.h"

#include <glib.h>

#define HOUR_US 3600000000ull
#define WEEK_DAYS 7.0

static unsigned oldest(const struct growth *g)
{
	return g->n < GROWTH_HOURS ? 0 : (g->newest + 1) % GROWTH_HOURS;
}

static void begin_hour(struct growth *g, uint64_t now_us, uint64_t free_bytes)
{
	g->newest = g->n == 0 ? 0 : (g->newest + 1) % GROWTH_HOURS;
	g->n = MIN(g->n + 1, GROWTH_HOURS);
	g->begun_us[g->newest] = now_us;
	g->free_bytes[g->newest] = free_bytes;
}

bool growth_note(struct growth *growth, uint64_t now_us, uint64_t free_bytes,
		 uint64_t reserve_bytes, double *ret_days)
{
	struct growth *g = growth;
	bool new_hour = g->n == 0 || now_us >= g->begun_us[g->newest] + HOUR_US;
	unsigned from = oldest(g);
	uint64_t before = g->n > 0 ? g->free_bytes[from] : free_bytes;
	uint64_t span_us = g->n > 0 ? now_us - g->begun_us[from] : 0;

	*ret_days = forecast_days_left(free_bytes, reserve_bytes, before - MIN(before, free_bytes),
				       span_us);
	bool soon = *ret_days >= 0 && *ret_days < WEEK_DAYS;
	bool due = (new_hour && g->n > 0) || (soon && !g->warned);
	g->warned = soon;
	if (new_hour)
		begin_hour(g, now_us, free_bytes);
	return due && *ret_days >= 0;
}
