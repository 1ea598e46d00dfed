/** Names of recordings that a start of the recorder need not look at any more: sealed, and the
 *  database has all their rows. Kept in a file of the store, so that a start costs what happened
 *  lately and not what the store holds. The file is a shortcut: without it the next start looks at
 *  everything and writes it anew. */
#pragma once

#include <glib.h>
#include <stdbool.h>

struct settled;

/** Reads the list below `store_dir`. Never fails: a list that cannot be read is empty. `present`:
 *  names of recordings in the store, the rest is dropped from the file. */
struct settled *settled_open(const char *store_dir, const GPtrArray *present);
/** NULL is fine. */
void settled_close(struct settled *settled);

bool settled_has(struct settled *settled, const char *session_id);
/** Any thread. A list that cannot be written is said once in the log; nothing else depends on
 *  it. */
void settled_add(struct settled *settled, const char *session_id);
