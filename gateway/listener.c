/* Accepts TCP connections. It must not know who may come in, nor read a byte. */
#include "gateway/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 512
/* Connections taken per turn of the loop, so that a flood does not keep sessions waiting. */
#define ACCEPTS_PER_TURN 32
/* With no descriptor left, accept would fail again at once: look again a little later. */
#define PAUSE_MS 200

struct listener {
	int fd;
	guint source, pause;
	listener_accepted accepted;
	void *user_data;
};

/* A viewer that vanished without a word is found after about two minutes. */
static void tune(int fd)
{
	const struct {
		int level, option, value;
	} options[] = {
		{IPPROTO_TCP, TCP_NODELAY, 1},	 {SOL_SOCKET, SO_KEEPALIVE, 1},
		{IPPROTO_TCP, TCP_KEEPIDLE, 60}, {IPPROTO_TCP, TCP_KEEPINTVL, 15},
		{IPPROTO_TCP, TCP_KEEPCNT, 4},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(options); i++)
		if (setsockopt(fd, options[i].level, options[i].option, &options[i].value,
			       sizeof options[i].value) != 0)
			g_debug("socket option %d: %s", options[i].option, g_strerror(errno));
}

static gboolean accept_some(int fd, GIOCondition condition, void *user_data);

static gboolean resume(void *user_data)
{
	struct listener *listener = user_data;

	listener->pause = 0;
	listener->source = g_unix_fd_add(listener->fd, G_IO_IN, accept_some, listener);
	return G_SOURCE_REMOVE;
}

static gboolean accept_some(int fd, GIOCondition condition, void *user_data)
{
	struct listener *listener = user_data;

	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		struct sockaddr_storage from = {0};
		socklen_t length = sizeof from;
		struct address address;
		int viewer = accept4(fd, (struct sockaddr *)&from, &length, SOCK_CLOEXEC);
		if (viewer < 0 &&
		    (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
			g_critical("cannot accept connections: %s", g_strerror(errno));
			listener->source = 0;
			listener->pause = g_timeout_add(PAUSE_MS, resume, listener);
			return G_SOURCE_REMOVE;
		}
		if (viewer < 0)
			return G_SOURCE_CONTINUE; /* nothing there, or it was gone already */
		tune(viewer);
		address_describe(&from, &address);
		listener->accepted(viewer, &address, listener->user_data);
	}
	return G_SOURCE_CONTINUE;
}

static int bind_and_listen(const struct addrinfo *at)
{
	const int on = 1;
	int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
	    bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	int result = -errno;
	close(fd);
	return result;
}

static int open_socket(const struct config_listen *where, GError **error)
{
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
				       .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	char port[8];

	g_snprintf(port, sizeof port, "%u", where->port);
	int wrong = getaddrinfo(where->address, port, &hints, &found);
	if (wrong != 0) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
			    "cannot listen on \"%s\": write a numeric address (%s)", where->address,
			    gai_strerror(wrong));
		return -1;
	}
	int fd = bind_and_listen(found);
	freeaddrinfo(found);
	if (fd < 0)
		g_set_error(error, G_IO_ERROR, g_io_error_from_errno(-fd),
			    "cannot listen on %s port %u: %s", where->address, where->port,
			    g_strerror(-fd));
	return fd;
}

struct listener *listener_create(const struct config_listen *where, listener_accepted accepted,
				 void *user_data, GError **error)
{
	int fd = open_socket(where, error);

	if (fd < 0)
		return NULL;
	struct listener *listener = g_new0(struct listener, 1);
	listener->fd = fd;
	listener->accepted = accepted;
	listener->user_data = user_data;
	listener->source = g_unix_fd_add(fd, G_IO_IN, accept_some, listener);
	return listener;
}

void listener_destroy(struct listener *listener)
{
	if (listener == NULL)
		return;
	if (listener->source != 0)
		g_source_remove(listener->source);
	if (listener->pause != 0)
		g_source_remove(listener->pause);
	close(listener->fd);
	g_free(listener);
}

uint16_t listener_port(const struct listener *listener)
{
	struct sockaddr_storage at = {0};
	socklen_t length = sizeof at;
	struct sockaddr_in in;

	if (getsockname(listener->fd, (struct sockaddr *)&at, &length) != 0)
		return 0;
	memcpy(&in, &at, sizeof in); /* the port lies at the same place in sockaddr_in6 */
	return ntohs(in.sin_port);
}
