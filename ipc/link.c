/* Packets over unix sockets, with descriptors. It must not know any message; callers look types up
 * in their protocol's table. */
#include "ipc/link.h"

#include "base/secret.h"
#include "base/wire.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define HEADER_BYTES 8u

union fd_control {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int) * LINK_MAX_FDS)];
};

static GByteArray *build_packet(const struct message_type *type, const void *message)
{
	GByteArray *out = g_byte_array_sized_new(512);

	wire_put_u32(out, type->number | LINK_VERSION << 16);
	wire_put_u32(out, 0);
	message_encode(type, message, out);
	return out;
}

static void attach_fds(struct msghdr *header, union fd_control *control, const int *fds,
		       unsigned n_fds)
{
	memset(control, 0, sizeof *control);
	header->msg_control = control->space;
	header->msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
	struct cmsghdr *c = CMSG_FIRSTHDR(header);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
	memcpy(CMSG_DATA(c), fds, sizeof(int) * n_fds);
}

int link_send(int socket_fd, const struct message_type *type, const void *message, const int *fds,
	      unsigned n_fds)
{
	union fd_control control;

	g_assert(n_fds == type->n_fds && n_fds <= LINK_MAX_FDS);
	GByteArray *out = build_packet(type, message);
	int result = -EMSGSIZE;
	if (out->len <= LINK_MAX_BYTES) {
		struct iovec iov = {out->data, out->len};
		struct msghdr header = {.msg_iov = &iov, .msg_iovlen = 1};
		ssize_t sent;
		if (n_fds > 0)
			attach_fds(&header, &control, fds, n_fds);
		do
			sent = sendmsg(socket_fd, &header, MSG_NOSIGNAL);
		while (sent < 0 && errno == EINTR);
		result = sent >= 0 ? 0 : errno == ECONNRESET ? -EPIPE : -errno;
	}
	secret_wipe(out->data, out->len);
	g_byte_array_unref(out);
	return result;
}

static void collect_fds(struct msghdr *header, struct packet *ret)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c != NULL; c = CMSG_NXTHDR(header, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		unsigned n = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		for (unsigned i = 0; i < n; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
			if (ret->n_fds < LINK_MAX_FDS)
				ret->fds[ret->n_fds++] = fd;
			else
				close(fd);
		}
	}
}

static int wait_readable(int fd, int timeout_ms)
{
	struct pollfd p = {fd, POLLIN, 0};
	int n;

	if (timeout_ms < 0)
		return 0;
	do
		n = poll(&p, 1, timeout_ms);
	while (n < 0 && errno == EINTR);
	return n > 0 ? 0 : n == 0 ? -ETIMEDOUT : -errno;
}

/* Checks the header and moves the fields to the front of `bytes`. */
static int unwrap(struct packet *packet, size_t received, int msg_flags)
{
	uint32_t head[2];

	if ((msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 || received < HEADER_BYTES)
		return -EPROTO;
	memcpy(head, packet->bytes, sizeof head);
	head[0] = GUINT32_FROM_LE(head[0]);
	if (head[0] >> 16 != LINK_VERSION || head[1] != 0)
		return -EPROTO;
	packet->type = (uint16_t)head[0];
	packet->length = (uint32_t)(received - HEADER_BYTES);
	memmove(packet->bytes, packet->bytes + HEADER_BYTES, packet->length);
	return 0;
}

int link_receive(int socket_fd, struct packet *ret, int timeout_ms)
{
	union fd_control control;
	struct iovec iov = {ret->bytes, sizeof ret->bytes};
	struct msghdr header = {.msg_iov = &iov,
				.msg_iovlen = 1,
				.msg_control = control.space,
				.msg_controllen = sizeof control.space};
	ssize_t received;

	ret->n_fds = 0;
	ret->length = 0;
	int result = wait_readable(socket_fd, timeout_ms);
	if (result < 0)
		return result;
	do
		received = recvmsg(socket_fd, &header,
				   MSG_CMSG_CLOEXEC | (timeout_ms >= 0 ? MSG_DONTWAIT : 0));
	while (received < 0 && errno == EINTR);
	if (received < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	collect_fds(&header, ret);
	result = received == 0 ? -ECONNRESET : unwrap(ret, (size_t)received, header.msg_flags);
	if (result < 0)
		packet_clear(ret);
	return result;
}

int packet_take_fd(struct packet *packet, unsigned index)
{
	if (index >= packet->n_fds)
		return -1;
	int fd = packet->fds[index];
	packet->fds[index] = -1;
	return fd;
}

void packet_clear(struct packet *packet)
{
	for (unsigned i = 0; i < packet->n_fds; i++)
		if (packet->fds[i] >= 0)
			close(packet->fds[i]);
	packet->n_fds = 0;
	secret_wipe(packet->bytes, packet->length);
	packet->length = 0;
}

int link_pair(int ret_fds[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_fds) == 0 ? 0 : -errno;
}

static int unix_address(const char *path, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (g_strlcpy(ret->sun_path, path, sizeof ret->sun_path) >= sizeof ret->sun_path)
		return -ENAMETOOLONG;
	return 0;
}

int link_connect(const char *path, int socket_type)
{
	struct sockaddr_un address;
	int result = unix_address(path, &address);

	if (result < 0)
		return result;
	int fd = socket(AF_UNIX, socket_type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	result = -errno;
	close(fd);
	return result;
}

/* A socket file left by a process that is gone would make bind fail for ever; one that
 * answers belongs to somebody. */
static int remove_stale(const char *path, int socket_type)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	int fd = link_connect(path, socket_type);
	if (fd >= 0) {
		close(fd);
		return -EADDRINUSE;
	}
	return unlink(path) == 0 ? 0 : -errno;
}

int link_listen(const char *path, int socket_type, unsigned mode)
{
	struct sockaddr_un address;
	int result = unix_address(path, &address);

	if (result == 0)
		result = remove_stale(path, socket_type);
	if (result < 0)
		return result;
	int fd = socket(AF_UNIX, socket_type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	mode_t before = umask(0777);
	result = bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 ? 0 : -errno;
	umask(before);
	if (result == 0 && (chmod(path, mode) != 0 || listen(fd, 64) != 0))
		result = -errno;
	if (result == 0)
		return fd;
	close(fd);
	return result;
}

int link_peer_uid(int socket_fd, uint32_t *ret_uid)
{
	struct ucred peer;
	socklen_t size = sizeof peer;

	if (getsockopt(socket_fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
		return -errno;
	*ret_uid = peer.uid;
	return 0;
}
