/* One division, shared by everybody who tells it: recorder, console, doctor. */
#include "base/forecast.h"

#define DAY_US (24 * 3600 * 1000000.0)

double forecast_days_left(uint64_t free_bytes, uint64_t reserve_bytes, uint64_t grown_bytes,
			  uint64_t span_us)
{
	if (free_bytes <= reserve_bytes)
		return 0;
	if (grown_bytes == 0 || span_us < FORECAST_SPAN_MIN_US)
		return -1;
	return (double)(free_bytes - reserve_bytes) / (double)grown_bytes * (double)span_us /
	       DAY_US;
}
