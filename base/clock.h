/** One monotonic clock, tied to UTC once per process; tests replace it. */
#pragma once

#include <stdint.h>

/** Microseconds of CLOCK_MONOTONIC, the clock every `_us` field on a ring or a timeline is in. All
 *  processes of one machine share it. Any thread. */
uint64_t clock_now_us(void);

/** Microseconds of processor time that the calling thread took so far. Tests do not replace it. */
uint64_t clock_thread_us(void);

/** Microseconds since 1970-01-01 UTC. Any thread. */
uint64_t clock_utc_us(void);

/** "2026-05-01T12:00:00.123456Z" for a UTC time in microseconds. The caller frees it with
 *  g_free. */
char *clock_format_utc(uint64_t utc_us);

/** Tests only: from now on both clocks return what `clock_test_set` was given last. */
void clock_test_set(uint64_t now_us, uint64_t utc_us);
