/** JSON as docs/evidence-format.md allows it ("Entries"), for everything that is signed. Any
 *  thread. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/** One object (json_decref it): UTF-8, no key twice, whole numbers that every language can hold, 32
 *  levels at most. NULL: it is something else. */
json_t *strict_json_load(const char *text, size_t length);

/** "2026-05-01T12:00:00.123456Z" and no other form. */
bool strict_json_is_utc(const char *text);
