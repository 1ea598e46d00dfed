/* Waiting reads and writes on one socket, plain or TLS. It knows neither RFB nor who
 * is on the other side. */
#include "gateway/vnc/vnc_stream.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

void vnc_stream_init(struct vnc_stream *stream, int fd, uint32_t timeout_ms)
{
	*stream = (struct vnc_stream){.fd = fd, .wake_fd = -1};
	stream->deadline_us = clock_now_us() + (uint64_t)timeout_ms * 1000;
	g_unix_set_fd_nonblocking(fd, TRUE, NULL);
}

void vnc_stream_finish(struct vnc_stream *stream)
{
	if (stream->ssl != NULL) {
		ERR_clear_error();
		if (SSL_is_init_finished(stream->ssl))
			SSL_shutdown(stream->ssl);
		SSL_free(stream->ssl);
	}
	if (stream->fd >= 0)
		close(stream->fd);
	stream->ssl = NULL;
	stream->fd = -1;
}

/* Waits until the socket is ready for `events`. */
static int stream_wait(struct vnc_stream *stream, short events)
{
	for (;;) {
		struct pollfd fds[2] = {{stream->fd, events, 0}, {stream->wake_fd, POLLIN, 0}};
		uint64_t now_us = clock_now_us();
		int n;

		if (now_us >= stream->deadline_us)
			return -ETIMEDOUT;
		n = poll(fds, 2, (int)MIN((stream->deadline_us - now_us) / 1000 + 1, 60000));
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n <= 0)
			continue;
		if ((fds[1].revents & POLLIN) && stream->stopped(stream->user))
			return -ECANCELED;
		if (fds[0].revents != 0)
			return 0;
	}
}

/* What to do about an SSL call that returned `result` <= 0: wait and return 0, or say what
 * broke. */
static int stream_wait_tls(struct vnc_stream *stream, int result)
{
	switch (SSL_get_error(stream->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		return stream_wait(stream, POLLIN);
	case SSL_ERROR_WANT_WRITE:
		return stream_wait(stream, POLLOUT);
	case SSL_ERROR_ZERO_RETURN:
	case SSL_ERROR_SYSCALL:
		return -ECONNRESET;
	default:
		return -EPROTO;
	}
}

static int stream_wait_plain(struct vnc_stream *stream, ssize_t result, short events)
{
	if (result == 0)
		return -ECONNRESET;
	if (errno == EINTR)
		return 0;
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return stream_wait(stream, events);
	return -ECONNRESET;
}

int vnc_stream_read(struct vnc_stream *stream, void *bytes, size_t length)
{
	uint8_t *at = bytes;

	while (length > 0) {
		ssize_t n;
		int error = 0;

		ERR_clear_error();
		if (stream->ssl != NULL) {
			n = SSL_read(stream->ssl, at, (int)MIN(length, G_MAXINT));
			if (n <= 0)
				error = stream_wait_tls(stream, (int)n);
		} else {
			n = recv(stream->fd, at, length, 0);
			if (n <= 0)
				error = stream_wait_plain(stream, n, POLLIN);
		}
		if (error < 0)
			return error;
		if (n > 0) {
			at += n;
			length -= (size_t)n;
		}
	}
	return 0;
}

int vnc_stream_write(struct vnc_stream *stream, const void *bytes, size_t length)
{
	const uint8_t *at = bytes;

	while (length > 0) {
		ssize_t n;
		int error = 0;

		ERR_clear_error();
		if (stream->ssl != NULL) {
			n = SSL_write(stream->ssl, at, (int)MIN(length, G_MAXINT));
			if (n <= 0)
				error = stream_wait_tls(stream, (int)n);
		} else {
			n = send(stream->fd, at, length, MSG_NOSIGNAL);
			if (n <= 0)
				error = stream_wait_plain(stream, n, POLLOUT);
		}
		if (error < 0)
			return error;
		if (n > 0) {
			at += n;
			length -= (size_t)n;
		}
	}
	return 0;
}

int vnc_stream_read_u8(struct vnc_stream *stream, uint8_t *ret)
{
	return vnc_stream_read(stream, ret, 1);
}

int vnc_stream_read_u32(struct vnc_stream *stream, uint32_t *ret)
{
	uint32_t wire;
	int error = vnc_stream_read(stream, &wire, sizeof(wire));

	if (error == 0)
		*ret = ntohl(wire);
	return error;
}

int vnc_stream_write_u8(struct vnc_stream *stream, uint8_t value)
{
	return vnc_stream_write(stream, &value, 1);
}

int vnc_stream_write_u32(struct vnc_stream *stream, uint32_t value)
{
	uint32_t wire = htonl(value);

	return vnc_stream_write(stream, &wire, sizeof(wire));
}

int vnc_stream_handshake(struct vnc_stream *stream)
{
	for (;;) {
		int error, result;

		ERR_clear_error();
		result = SSL_do_handshake(stream->ssl);
		if (result == 1)
			return 0;
		error = stream_wait_tls(stream, result);
		if (error < 0)
			return error;
	}
}
