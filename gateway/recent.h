/** A table of fixed size that remembers what was used most recently: memory stays
 *  bounded whatever peers do. */
#pragma once

#include <stddef.h>

struct recent;

/** Keeps at most `max_entries` records of `record_bytes` zeroed bytes each. */
struct recent *recent_create(unsigned max_entries, size_t record_bytes);
void recent_destroy(struct recent *recent); /**< NULL is fine */

/** The record of `key`, or NULL. It becomes the most recent one. Valid until the next
 *  recent_add or recent_remove. */
void *recent_find(struct recent *recent, const char *key);

/** The record of `key`, made when there is none; the least recent one gives way when the table is
 *  full. */
void *recent_add(struct recent *recent, const char *key);

/** Forgets `key`, when it is there. */
void recent_remove(struct recent *recent, const char *key);
/** Records kept now. */
unsigned recent_count(const struct recent *recent);
