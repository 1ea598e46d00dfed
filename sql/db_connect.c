/* Making connections to PostgreSQL: parameters, deadline, what goes wrong in words.
 * It knows no statement. */
#include "sql/db_connect.h"

#include "base/clock.h"
#include "sql/db.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

/* The server ends what takes too long before the client gives up on it, so that a slow statement
 * costs one error and not a connection. Nothing is looked up outside our schema: pg_temp last, or a
 * temporary table could stand in for one of ours. */
#define SERVER_OPTIONS                                                                             \
	"-c search_path=vitrine,pg_temp -c statement_timeout=4000 -c lock_timeout=3000 "           \
	"-c idle_in_transaction_session_timeout=30000 -c timezone=UTC"
G_STATIC_ASSERT(DB_STATEMENT_MS > 4000);

static void ignore_notice(void *user_data, const PGresult *notice)
{
	g_debug("database: %s", PQresultErrorMessage(notice));
}

PGconn *db_connect_start(const char *conninfo, const char *role, const char *program)
{
	/* Over TCP a server that vanished without a word is noticed after a minute. */
	const char *keys[] = {"dbname",
			      "application_name",
			      "options",
			      "client_encoding",
			      "keepalives_idle",
			      "keepalives_interval",
			      "keepalives_count",
			      role != NULL ? "user" : NULL,
			      NULL};
	const char *values[] = {conninfo, program, SERVER_OPTIONS, "UTF8", "30",
				"10",	  "3",	   role,	   NULL};
	/* expand_dbname: the conninfo stands in for dbname; what follows it in the list wins over
	 * it. */
	PGconn *connection = PQconnectStartParams(keys, values, 1);

	if (connection == NULL)
		g_error("out of memory for a database connection");
	PQsetNoticeReceiver(connection, ignore_notice, NULL);
	return connection;
}

int db_wait(PGconn *connection, gboolean for_writing, guint64 deadline_us)
{
	struct pollfd p = {.fd = PQsocket(connection),
			   .events = for_writing ? POLLOUT | POLLIN : POLLIN};

	for (;;) {
		guint64 now_us = clock_now_us();
		if (now_us >= deadline_us)
			return -ETIMEDOUT;
		int n = poll(&p, 1, (int)((deadline_us - now_us + 999) / 1000));
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
	}
}

char *db_error_line(const char *text)
{
	if (text == NULL || text[0] == '\0')
		return g_strdup("no reason given");
	return g_strchomp(g_strndup(text, strcspn(text, "\n")));
}

static bool finish_connecting(PGconn *connection, guint64 deadline_us)
{
	PostgresPollingStatusType wanted = PGRES_POLLING_WRITING;

	while (wanted != PGRES_POLLING_OK) {
		if (wanted == PGRES_POLLING_FAILED || PQstatus(connection) == CONNECTION_BAD)
			return false;
		if (db_wait(connection, wanted == PGRES_POLLING_WRITING, deadline_us) != 0)
			return false;
		wanted = PQconnectPoll(connection);
	}
	return true;
}

PGconn *db_connect(const char *conninfo, const char *role, const char *program, GError **error)
{
	PGconn *connection = db_connect_start(conninfo, role, program);

	if (finish_connecting(connection, clock_now_us() + DB_CONNECT_MS * 1000u))
		return connection;
	g_autofree char *reason =
		PQstatus(connection) == CONNECTION_BAD
			? db_error_line(PQerrorMessage(connection))
			: g_strdup_printf("no answer within %d s", DB_CONNECT_MS / 1000);
	g_set_error(error, DB_ERROR, DB_ERROR_AWAY, "cannot reach the database (%s%s%s): %s",
		    conninfo, role != NULL ? " user=" : "", role != NULL ? role : "", reason);
	PQfinish(connection);
	return NULL;
}
