/** How long the store lasts. Any thread. */
#pragma once

#include <stdint.h>

/** Growth over a shorter time says nothing about days. */
#define FORECAST_SPAN_MIN_US (600 * 1000000ull)

/** Days until what is free above the reserve is used up, when it goes on as in the last `span_us`,
 *  which took `grown_bytes`. 0 when the reserve is reached; negative: nobody can tell, because
 *  nothing grew or the span is too short. */
double forecast_days_left(uint64_t free_bytes, uint64_t reserve_bytes, uint64_t grown_bytes,
			  uint64_t span_us);
