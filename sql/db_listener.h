/** Waiting for NOTIFY on a GLib main loop, with a connection of its own that is made again whenever
 *  it breaks.
 *
 *  A notification only says "look at the table": some may be lost while the connection is away.
 *  Therefore `called` also runs, with payload NULL, after every successful connect. */
#pragma once

#include <glib.h>

struct db_listener;

/** Trigger on session_command: payload is the name of the node whose gateway must act. */
#define DB_CHANNEL_COMMAND "vitrine_command"
/** Trigger on session and recording: payload is the session id. At most one per change, for live
 *  lists. */
#define DB_CHANNEL_SESSION "vitrine_session"

/** Runs on the thread of the loop. `payload` is borrowed until return; NULL: (re)connected, look at
 *  everything. */
typedef void (*db_listener_called)(const char *payload, void *user_data);

/** Starts listening on `context` (NULL: the default one). Never fails: while the database is away
 *  it tries again every second, and logs once when it goes away and once when it is back. `channel`
 *  is one of DB_CHANNEL_*; conninfo, role, program as in db_open. */
struct db_listener *db_listener_create(const char *conninfo, const char *role, const char *program,
				       const char *channel, GMainContext *context,
				       db_listener_called called, void *user_data);

/** Stops; `called` does not run any more. Same thread as the loop. NULL is fine. */
void db_listener_destroy(struct db_listener *listener);
