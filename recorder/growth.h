/** Watches the store's free bytes and says now and then how many days they last. Main thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define GROWTH_HOURS 24u

struct growth {
	uint64_t free_bytes[GROWTH_HOURS]; /**< at the beginning of the last hours, a circle */
	uint64_t begun_us[GROWTH_HOURS];
	unsigned n, newest;
	bool warned;
};

/** Takes a look at the store into account. True when it is time for a word: once an hour, and when
 *  the forecast falls below a week. `ret_days` is then what forecast_days_left says of the last
 *  day. */
bool growth_note(struct growth *growth, uint64_t now_us, uint64_t free_bytes,
		 uint64_t reserve_bytes, double *ret_days);
