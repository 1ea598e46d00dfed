/** Which recordings the node log knows to be whole. Any thread. */
#pragma once

#include <glib.h>

/** The sessions that have a seal leaf, as a set of texts; a store without a log has none. What
 *  cannot be read is told and counts as not there. Never NULL. Reads every leaf once, parses only
 *  seals. */
GHashTable *sealed_sessions_read(const char *store_dir);
