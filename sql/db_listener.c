/* LISTEN on a GLib loop. It connects without waiting, hears, and connects again; it knows no
 * table. */
#include "sql/db_listener.h"

#include "sql/db.h"
#include "sql/db_connect.h"

#include <glib-unix.h>
#include <string.h>

#define RETRY_MS 1000

struct db_listener {
	char *conninfo, *role, *program, *channel;
	GMainContext *context;
	db_listener_called called;
	void *user_data;
	PGconn *connection;
	GSource *socket_source; /* readiness of the connection, while there is one */
	GSource *timer_source;	/* the next try, or the deadline of this one */
	gboolean hearing;	/* LISTEN has been answered */
	gboolean away_logged;
	gboolean *destroyed; /* set while `called` runs: it may destroy us */
};

static void start(struct db_listener *listener);

static void drop_source(GSource **source)
{
	if (*source == NULL)
		return;
	g_source_destroy(*source);
	g_source_unref(*source);
	*source = NULL;
}

static void drop_connection(struct db_listener *listener)
{
	drop_source(&listener->socket_source);
	drop_source(&listener->timer_source);
	PQfinish(listener->connection);
	listener->connection = NULL;
	listener->hearing = FALSE;
}

static void set_timer(struct db_listener *listener, guint after_ms, GSourceFunc expired)
{
	drop_source(&listener->timer_source);
	listener->timer_source = g_timeout_source_new(after_ms);
	g_source_set_callback(listener->timer_source, expired, listener, NULL);
	g_source_attach(listener->timer_source, listener->context);
}

/* The descriptor may change between two steps of connecting, so each step gets a source of its
 * own. */
static void watch(struct db_listener *listener, GIOCondition condition, GUnixFDSourceFunc ready)
{
	drop_source(&listener->socket_source);
	listener->socket_source = g_unix_fd_source_new(PQsocket(listener->connection),
						       condition | G_IO_HUP | G_IO_ERR);
	g_source_set_callback(listener->socket_source, G_SOURCE_FUNC(ready), listener, NULL);
	g_source_attach(listener->socket_source, listener->context);
}

static gboolean retry(gpointer user_data)
{
	start(user_data);
	return G_SOURCE_REMOVE;
}

static void lose(struct db_listener *listener, const char *reason)
{
	g_autofree char *line = db_error_line(reason);

	if (!listener->away_logged)
		g_warning("the database is away, notifications of %s wait: %s", listener->channel,
			  line);
	listener->away_logged = TRUE;
	drop_connection(listener);
	set_timer(listener, RETRY_MS, retry);
}

static gboolean give_up_connecting(gpointer user_data)
{
	lose(user_data, "no answer in time");
	return G_SOURCE_REMOVE;
}

/* Returns FALSE when the callback destroyed the listener. */
static gboolean tell(struct db_listener *listener, const char *payload)
{
	gboolean destroyed = FALSE;

	listener->destroyed = &destroyed;
	listener->called(payload, listener->user_data);
	if (destroyed)
		return FALSE;
	listener->destroyed = NULL;
	return TRUE;
}

/* Results first: LISTEN's answer means that from now on nothing is missed. */
static gboolean take_results(struct db_listener *listener)
{
	while (!PQisBusy(listener->connection)) {
		PGresult *result = PQgetResult(listener->connection);
		if (result == NULL)
			return TRUE;
		gboolean ok = PQresultStatus(result) == PGRES_COMMAND_OK;
		PQclear(result);
		if (!ok) {
			lose(listener, PQerrorMessage(listener->connection));
			return FALSE;
		}
		drop_source(&listener->timer_source);
		listener->hearing = TRUE;
		if (listener->away_logged)
			g_message("the database is back, hearing %s again", listener->channel);
		listener->away_logged = FALSE;
		if (!tell(listener, NULL))
			return FALSE;
	}
	return TRUE;
}

static gboolean on_readable(gint fd, GIOCondition condition, gpointer user_data)
{
	struct db_listener *listener = user_data;
	PGnotify *notification;

	if (!PQconsumeInput(listener->connection)) {
		lose(listener, PQerrorMessage(listener->connection));
		return G_SOURCE_REMOVE;
	}
	if (!take_results(listener))
		return G_SOURCE_REMOVE;
	while ((notification = PQnotifies(listener->connection)) != NULL) {
		gboolean alive = tell(listener, notification->extra);
		PQfreemem(notification);
		if (!alive)
			return G_SOURCE_REMOVE;
	}
	return G_SOURCE_CONTINUE;
}

static void say_listen(struct db_listener *listener)
{
	char *name = PQescapeIdentifier(listener->connection, listener->channel,
					strlen(listener->channel));
	g_autofree char *statement = g_strdup_printf("LISTEN %s", name != NULL ? name : "");

	PQfreemem(name);
	if (!PQsendQuery(listener->connection, statement))
		lose(listener, PQerrorMessage(listener->connection));
	else
		watch(listener, G_IO_IN, on_readable);
}

static gboolean on_connecting(gint fd, GIOCondition condition, gpointer user_data)
{
	struct db_listener *listener = user_data;

	switch (PQconnectPoll(listener->connection)) {
	case PGRES_POLLING_OK:
		say_listen(listener);
		break;
	case PGRES_POLLING_READING:
		watch(listener, G_IO_IN, on_connecting);
		break;
	case PGRES_POLLING_WRITING:
		watch(listener, G_IO_OUT, on_connecting);
		break;
	default:
		lose(listener, PQerrorMessage(listener->connection));
	}
	return G_SOURCE_REMOVE;
}

static void start(struct db_listener *listener)
{
	listener->connection =
		db_connect_start(listener->conninfo, listener->role, listener->program);
	if (PQstatus(listener->connection) == CONNECTION_BAD) {
		lose(listener, PQerrorMessage(listener->connection));
		return;
	}
	set_timer(listener, DB_CONNECT_MS, give_up_connecting);
	watch(listener, G_IO_OUT, on_connecting);
}

struct db_listener *db_listener_create(const char *conninfo, const char *role, const char *program,
				       const char *channel, GMainContext *context,
				       db_listener_called called, void *user_data)
{
	struct db_listener *listener = g_new0(struct db_listener, 1);

	listener->conninfo = g_strdup(conninfo);
	listener->role = g_strdup(role);
	listener->program = g_strdup(program);
	listener->channel = g_strdup(channel);
	listener->context =
		g_main_context_ref(context != NULL ? context : g_main_context_default());
	listener->called = called;
	listener->user_data = user_data;
	start(listener);
	return listener;
}

void db_listener_destroy(struct db_listener *listener)
{
	if (listener == NULL)
		return;
	if (listener->destroyed != NULL)
		*listener->destroyed = TRUE;
	drop_connection(listener);
	g_main_context_unref(listener->context);
	g_free(listener->conninfo);
	g_free(listener->role);
	g_free(listener->program);
	g_free(listener->channel);
	g_free(listener);
}
