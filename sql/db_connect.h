/** Inside sql/: how a connection is asked for. Shared by struct db, which waits, and struct
 *  db_listener, which does not. */
#pragma once

#include <glib.h>
#include <libpq-fe.h>

/** Starts connecting without waiting (PQconnectPoll next). Parameters as in db_open. Never
 *  NULL; look at PQstatus. */
PGconn *db_connect_start(const char *conninfo, const char *role, const char *program);

/** Connects and waits, at most DB_CONNECT_MS. NULL and DB_ERROR_AWAY otherwise. */
PGconn *db_connect(const char *conninfo, const char *role, const char *program, GError **error);

/** Waits until the socket can be read (or written). 0; -ETIMEDOUT after `deadline_us`
 *  (clock_now_us); -errno. */
int db_wait(PGconn *connection, gboolean for_writing, guint64 deadline_us);

/** The first line of libpq's text; the others guess at causes. g_free it. */
char *db_error_line(const char *text);
