/* The pump's four movements between sockets and queues. It must not sleep, and not know why the
 * bytes travel. */
#include "gateway/vnc/vnc_pump_internal.h"

#include "base/clock.h"

#include <errno.h>
#include <openssl/err.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

void vnc_pump_end_with(struct vnc_pump *pump, enum vnc_pump_end why)
{
	int running = VNC_PUMP_RUNNING;

	atomic_compare_exchange_strong(&pump->ended, &running, (int)why);
}

/* After a TLS call that moved nothing: it only has to wait, or this is the end. */
static void judge_tls(struct vnc_pump *pump, int result)
{
	switch (SSL_get_error(pump->peer.ssl, result)) {
	case SSL_ERROR_WANT_READ:
		pump->peer_events |= POLLIN;
		break;
	case SSL_ERROR_WANT_WRITE:
		pump->peer_events |= POLLOUT;
		break;
	case SSL_ERROR_ZERO_RETURN:
	case SSL_ERROR_SYSCALL:
		vnc_pump_end_with(pump, VNC_PUMP_PEER_CLOSED);
		break;
	default:
		vnc_pump_end_with(pump, VNC_PUMP_BROKEN);
	}
}

/* The same for a plain socket; `closed` says whose. */
static void judge_plain(struct vnc_pump *pump, ssize_t n, enum vnc_pump_end closed)
{
	if (n >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
		vnc_pump_end_with(pump, closed);
}

bool vnc_pump_read_peer(struct vnc_pump *pump)
{
	struct byte_queue *queue = &pump->to_library;
	ssize_t n;

	if (byte_queue_length(queue) > 0)
		return false;
	ERR_clear_error();
	if (pump->peer.ssl != NULL) {
		n = SSL_read(pump->peer.ssl, byte_queue_room(queue), BYTE_QUEUE_CHUNK_BYTES);
		if (n <= 0)
			judge_tls(pump, (int)n);
	} else {
		n = recv(pump->peer.fd, byte_queue_room(queue), BYTE_QUEUE_CHUNK_BYTES, 0);
		if (n <= 0)
			judge_plain(pump, n, VNC_PUMP_PEER_CLOSED);
	}
	if (n > 0)
		queue->end += (size_t)n;
	return n > 0;
}

bool vnc_pump_write_library(struct vnc_pump *pump)
{
	struct byte_queue *queue = &pump->to_library;
	size_t length = byte_queue_length(queue);
	ssize_t n;

	if (length == 0)
		return false;
	/* Counted before they are sent: a library that is done with them at once would else say
	 * that it is idle at the count before, look as if it waited inside a message for ever, and
	 * lose a quiet target as one that fell silent. */
	atomic_fetch_add(&pump->delivered, (uint64_t)length);
	n = send(pump->library_fd, queue->bytes + queue->at, length, MSG_NOSIGNAL);
	if (n < (ssize_t)length)
		atomic_fetch_sub(&pump->delivered, (uint64_t)(length - (n > 0 ? (size_t)n : 0)));
	if (n <= 0)
		judge_plain(pump, n, VNC_PUMP_LIBRARY_CLOSED);
	if (n > 0) {
		queue->at += (size_t)n;
		pump->heard_us = clock_now_us();
	}
	return n > 0;
}

bool vnc_pump_read_library(struct vnc_pump *pump)
{
	struct byte_queue *queue = &pump->to_peer;
	size_t drop;
	ssize_t n;

	if (byte_queue_length(queue) >= pump->options.queue_max_bytes)
		return false;
	n = recv(pump->library_fd, byte_queue_room(queue), BYTE_QUEUE_CHUNK_BYTES, 0);
	if (n <= 0) {
		judge_plain(pump, n, VNC_PUMP_LIBRARY_CLOSED);
		return false;
	}
	drop = MIN((size_t)n, pump->discard_bytes);
	pump->discard_bytes -= drop;
	if (drop > 0)
		memmove(queue->bytes + queue->end, queue->bytes + queue->end + drop,
			(size_t)n - drop);
	queue->end += (size_t)n - drop;
	atomic_store(&pump->queued_bytes, byte_queue_length(queue));
	return true;
}

bool vnc_pump_write_peer(struct vnc_pump *pump)
{
	struct byte_queue *queue = &pump->to_peer;
	ssize_t n;

	if (byte_queue_length(queue) == 0)
		return false;
	ERR_clear_error();
	if (pump->peer.ssl != NULL) {
		n = SSL_write(pump->peer.ssl, queue->bytes + queue->at,
			      (int)MIN(byte_queue_length(queue), G_MAXINT));
		if (n <= 0)
			judge_tls(pump, (int)n);
	} else {
		n = send(pump->peer.fd, queue->bytes + queue->at, byte_queue_length(queue),
			 MSG_NOSIGNAL);
		if (n <= 0)
			judge_plain(pump, n, VNC_PUMP_PEER_CLOSED);
	}
	if (n > 0)
		queue->at += (size_t)n;
	byte_queue_shrink(queue);
	atomic_store(&pump->queued_bytes, byte_queue_length(queue));
	return n > 0;
}
