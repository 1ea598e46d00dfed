/** Who may come in at all: counts connections per source and in all, and keeps bad ones from
 *  flooding the log. Main loop only. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct admission;

/** `max_total` and `max_per_source`: connections at the same time. */
struct admission *admission_create(unsigned max_total, unsigned max_per_source);
void admission_destroy(struct admission *admission); /**< NULL is fine */

/** Counts a connection from `source` (address.source) in. False when it must be closed at
 *  once: nothing was counted. */
bool admission_enter(struct admission *admission, const char *source);

/** Counts it out again; once for each true of admission_enter. */
void admission_leave(struct admission *admission, const char *source);

/** Connections that are counted in now. */
unsigned admission_count(const struct admission *admission);

/** Logs that a connection from `source` was dropped and why: the first one of a source at once,
 *  then at most one line a minute that says how many there were. `now_us` is clock_now_us(). */
void admission_complain(struct admission *admission, const char *source, const char *why,
			uint64_t now_us);
