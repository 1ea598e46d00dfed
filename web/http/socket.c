/* Opens the listening socket. It knows nothing of HTTP. */
#include "web/http/socket.h"

#include "web/http/server.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int bind_first(const struct addrinfo *info)
{
	int on = 1;
	int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, info->ai_addr, info->ai_addrlen) < 0 || listen(fd, SOMAXCONN) < 0) {
		int code = -errno;
		close(fd);
		return code;
	}
	return fd;
}

int socket_listen(const char *address, uint16_t port, GError **error)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *info = NULL;
	g_autofree char *service = g_strdup_printf("%u", port);

	int code = getaddrinfo(address, service, &hints, &info);
	if (code != 0) {
		g_set_error(error, HTTP_ERROR, HTTP_ERROR_LISTEN,
			    "web.https.address \"%s\" is no numeric address: %s", address,
			    gai_strerror(code));
		return -1;
	}
	int fd = bind_first(info);
	freeaddrinfo(info);
	if (fd >= 0)
		return fd;
	g_set_error(error, HTTP_ERROR, HTTP_ERROR_LISTEN, "cannot listen on %s port %u: %s",
		    address, port, g_strerror(-fd));
	return -1;
}
