/** Places in a recording as people write them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** "90", "1:30", "0:01:30.5": since the recording began; "2026-05-01T12:00:00Z": UTC, counted from
 *  `started_utc_us` (a time before it is 0). False: neither. */
bool time_span_parse(const char *text, uint64_t started_utc_us, uint64_t *ret_us);
