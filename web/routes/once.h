/** Lets something through once per key and span of time: a player asks for its playlist again and
 *  again, the audit trail wants to know of it once. Bounded in memory: when full it forgets
 *  everything, so at worst something is noted twice. Any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct once;

#define ONCE_MAX_KEYS 1024u

/** `span_us`: how long a noted key is known. */
struct once *once_create(uint64_t span_us);
/** NULL is fine. */
void once_destroy(struct once *once);

/** True when `key` was not noted within the span. */
bool once_is_new(struct once *once, const char *key);
/** Notes it, after the deed. */
void once_note(struct once *once, const char *key);
