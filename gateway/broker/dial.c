/* Dials targets through GSocketClient, which tries all addresses of a name. It must not know
 * why somebody goes there. */
#include "gateway/broker/dial.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <unistd.h>

struct dial {
	char *host;
	uint16_t port;
	uint32_t timeout_ms;
	bool late;
	guint timer;
	GCancellable *cancellable;
	dial_done done; /* NULL: nobody wants to hear of it any more */
	void *user_data;
};

static void dial_free(struct dial *dial)
{
	g_clear_handle_id(&dial->timer, g_source_remove);
	g_object_unref(dial->cancellable);
	g_free(dial->host);
	g_free(dial);
}

static gboolean too_late(void *user_data)
{
	struct dial *dial = user_data;

	dial->timer = 0;
	dial->late = true;
	g_cancellable_cancel(dial->cancellable);
	return G_SOURCE_REMOVE;
}

static char *tell_error(const struct dial *dial, const GError *error)
{
	if (dial->late)
		return g_strdup_printf("%s port %u did not answer within %u ms", dial->host,
				       dial->port, dial->timeout_ms);
	if (error->domain == G_RESOLVER_ERROR)
		return g_strdup_printf("the name %s cannot be resolved: %s", dial->host,
				       error->message);
	return g_strdup_printf("%s port %u: %s", dial->host, dial->port, error->message);
}

static char *tell_address(GSocketConnection *connection)
{
	g_autoptr(GSocketAddress) remote = g_socket_connection_get_remote_address(connection, NULL);
	g_autofree char *text =
		remote == NULL ? NULL
			       : g_socket_connectable_to_string(G_SOCKET_CONNECTABLE(remote));

	return g_strdup_printf("connected to %s", text != NULL ? text : "the target");
}

/* A descriptor of our own, as a session process expects it: blocking, keystrokes not held back, a
 * dead target found out. */
static int take_fd(GSocketConnection *connection)
{
	GSocket *socket = g_socket_connection_get_socket(connection);
	int fd;

	g_socket_set_keepalive(socket, TRUE);
	g_socket_set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
	fd = fcntl(g_socket_get_fd(socket), F_DUPFD_CLOEXEC, 3);
	if (fd >= 0)
		g_unix_set_fd_nonblocking(fd, FALSE, NULL);
	return fd;
}

static void connected(GObject *client, GAsyncResult *result, void *user_data)
{
	struct dial *dial = user_data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GSocketConnection) connection =
		g_socket_client_connect_finish(G_SOCKET_CLIENT(client), result, &error);

	if (dial->done != NULL && connection != NULL) {
		g_autofree char *detail = tell_address(connection);
		int fd = take_fd(connection);
		dial->done(fd, fd >= 0 ? detail : "no descriptor is left", dial->user_data);
	} else if (dial->done != NULL) {
		g_autofree char *detail = tell_error(dial, error);
		dial->done(-1, detail, dial->user_data);
	}
	dial_free(dial);
}

struct dial *dial_start(const char *host, uint16_t port, uint32_t timeout_ms, dial_done done,
			void *user_data)
{
	g_autoptr(GSocketClient) client = g_socket_client_new();
	struct dial *dial = g_new0(struct dial, 1);

	dial->host = g_strdup(host);
	dial->port = port;
	dial->timeout_ms = timeout_ms;
	dial->done = done;
	dial->user_data = user_data;
	dial->cancellable = g_cancellable_new();
	dial->timer = g_timeout_add(timeout_ms, too_late, dial);
	g_socket_client_set_enable_proxy(client, FALSE);
	/* Not ..._connect_to_host_async: that would read a port out of the host's name. */
	g_autoptr(GSocketConnectable) where = g_network_address_new(host, port);
	g_socket_client_connect_async(client, where, dial->cancellable, connected, dial);
	return dial;
}

void dial_cancel(struct dial *dial)
{
	if (dial == NULL)
		return;
	dial->done = NULL;
	g_cancellable_cancel(dial->cancellable);
}
