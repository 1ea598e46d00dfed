/* The byte carrier between a peer and a library; it knows nothing of RFB. One thread, no lock: what
 * others ask it is atomic. */
#include "gateway/vnc/vnc_pump.h"

#include "base/clock.h"

#include <errno.h>
#include <glib-unix.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK_BYTES 65536u
#define BUSY_POLL_MS 100

/** Bytes on their way in one direction. */
struct queue {
	uint8_t *bytes;
	size_t at, end, size;
};

struct vnc_pump {
	struct vnc_stream peer;
	int library_fd; /**< the pump's end of the pair; -1 once closed */
	struct vnc_pump_options options;
	struct queue to_peer, to_library;
	size_t discard_bytes;
	short peer_events; /**< what TLS waits for beyond what the queues want */
	int stop_fd;
	uint32_t linger_ms; /**< written before stop_fd rings */
	atomic_uint_fast64_t delivered,
		idle_at; /**< equal: the library has read everything and waits for no more */
	atomic_size_t queued_bytes;
	atomic_bool patient;
	/** when the library was last given something, or silence last did not count */
	uint64_t heard_us;
	atomic_int ended;
	GThread *thread;
};

static size_t queue_length(const struct queue *queue)
{
	return queue->end - queue->at;
}

/* Room for one chunk at the end; grows to twice its size at most `max` + a chunk. */
static uint8_t *queue_room(struct queue *queue)
{
	if (queue->at == queue->end)
		queue->at = queue->end = 0;
	if (queue->size - queue->end < CHUNK_BYTES && queue->at > 0) {
		memmove(queue->bytes, queue->bytes + queue->at, queue_length(queue));
		queue->end -= queue->at;
		queue->at = 0;
	}
	if (queue->size - queue->end < CHUNK_BYTES) {
		queue->size = MAX(queue->size * 2, queue->end + CHUNK_BYTES);
		queue->bytes = g_realloc(queue->bytes, queue->size);
	}
	return queue->bytes + queue->end;
}

/* A queue that once held a burst gives its memory back. */
static void queue_shrink(struct queue *queue)
{
	if (queue->at != queue->end || queue->size <= 4 * CHUNK_BYTES)
		return;
	g_free(queue->bytes);
	*queue = (struct queue){0};
}

static void pump_end(struct vnc_pump *pump, enum vnc_pump_end why)
{
	int running = VNC_PUMP_RUNNING;

	atomic_compare_exchange_strong(&pump->ended, &running, (int)why);
}

static bool pump_running(struct vnc_pump *pump)
{
	return atomic_load(&pump->ended) == VNC_PUMP_RUNNING;
}

/* After a failed TLS call: true when it only has to wait. */
static bool tls_waits(struct vnc_pump *pump, int result)
{
	switch (SSL_get_error(pump->peer.ssl, result)) {
	case SSL_ERROR_WANT_READ:
		pump->peer_events |= POLLIN;
		return true;
	case SSL_ERROR_WANT_WRITE:
		pump->peer_events |= POLLOUT;
		return true;
	case SSL_ERROR_ZERO_RETURN:
	case SSL_ERROR_SYSCALL:
		pump_end(pump, VNC_PUMP_PEER_CLOSED);
		return false;
	default:
		pump_end(pump, VNC_PUMP_BROKEN);
		return false;
	}
}

static bool plain_waits(struct vnc_pump *pump, ssize_t n, enum vnc_pump_end closed)
{
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return true;
	pump_end(pump, closed);
	return false;
}

/* Each mover carries what it can without waiting and returns true when it moved something. */
static bool read_peer(struct vnc_pump *pump)
{
	struct queue *queue = &pump->to_library;
	ssize_t n;

	if (queue_length(queue) > 0)
		return false;
	ERR_clear_error();
	if (pump->peer.ssl != NULL) {
		n = SSL_read(pump->peer.ssl, queue_room(queue), CHUNK_BYTES);
		if (n <= 0)
			tls_waits(pump, (int)n);
	} else {
		n = recv(pump->peer.fd, queue_room(queue), CHUNK_BYTES, 0);
		if (n <= 0)
			plain_waits(pump, n, VNC_PUMP_PEER_CLOSED);
	}
	if (n > 0)
		queue->end += (size_t)n;
	return n > 0;
}

static bool write_library(struct vnc_pump *pump)
{
	struct queue *queue = &pump->to_library;
	size_t length = queue_length(queue);
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
		plain_waits(pump, n, VNC_PUMP_LIBRARY_CLOSED);
	if (n > 0) {
		queue->at += (size_t)n;
		pump->heard_us = clock_now_us();
	}
	return n > 0;
}

static bool read_library(struct vnc_pump *pump)
{
	struct queue *queue = &pump->to_peer;
	size_t drop;
	ssize_t n;

	if (queue_length(queue) >= pump->options.queue_max_bytes)
		return false;
	n = recv(pump->library_fd, queue_room(queue), CHUNK_BYTES, 0);
	if (n <= 0) {
		plain_waits(pump, n, VNC_PUMP_LIBRARY_CLOSED);
		return false;
	}
	drop = MIN((size_t)n, pump->discard_bytes);
	pump->discard_bytes -= drop;
	if (drop > 0)
		memmove(queue->bytes + queue->end, queue->bytes + queue->end + drop,
			(size_t)n - drop);
	queue->end += (size_t)n - drop;
	atomic_store(&pump->queued_bytes, queue_length(queue));
	return true;
}

static bool write_peer(struct vnc_pump *pump)
{
	struct queue *queue = &pump->to_peer;
	ssize_t n;

	if (queue_length(queue) == 0)
		return false;
	ERR_clear_error();
	if (pump->peer.ssl != NULL) {
		n = SSL_write(pump->peer.ssl, queue->bytes + queue->at,
			      (int)MIN(queue_length(queue), G_MAXINT));
		if (n <= 0)
			tls_waits(pump, (int)n);
	} else {
		n = send(pump->peer.fd, queue->bytes + queue->at, queue_length(queue),
			 MSG_NOSIGNAL);
		if (n <= 0)
			plain_waits(pump, n, VNC_PUMP_PEER_CLOSED);
	}
	if (n > 0)
		queue->at += (size_t)n;
	queue_shrink(queue);
	atomic_store(&pump->queued_bytes, queue_length(queue));
	return n > 0;
}

/* An entry that waits for nothing must not be polled: a hung-up socket would be reported for
 * ever. */
static struct pollfd poll_entry(int fd, short events)
{
	return (struct pollfd){events == 0 ? -1 : fd, events, 0};
}

/* Only asked while the library may be waiting inside a message. */
static void check_silence(struct vnc_pump *pump)
{
	uint64_t now_us = clock_now_us();

	if (atomic_load(&pump->patient))
		pump->heard_us = now_us;
	if (pump->options.silence_ms > 0 &&
	    now_us - pump->heard_us > (uint64_t)pump->options.silence_ms * 1000)
		pump_end(pump, VNC_PUMP_SILENT);
}

/* Sleeps until something can move. Returns false when the pump was told to stop. */
static bool pump_wait(struct vnc_pump *pump)
{
	bool full = queue_length(&pump->to_peer) >= pump->options.queue_max_bytes;
	bool reading = atomic_load(&pump->delivered) != atomic_load(&pump->idle_at);
	bool busy = full || reading;
	short peer = pump->peer_events, library = full ? 0 : POLLIN;
	struct pollfd fds[3];

	/* A plain socket has no wants of its own; a TLS one said them when a call could not go
	 * on. */
	if (pump->peer.ssl == NULL && queue_length(&pump->to_library) == 0)
		peer |= POLLIN;
	if (pump->peer.ssl == NULL && queue_length(&pump->to_peer) > 0)
		peer |= POLLOUT;
	if (queue_length(&pump->to_library) > 0)
		library |= POLLOUT;
	fds[0] = poll_entry(pump->peer.fd, peer);
	fds[1] = poll_entry(pump->library_fd, library);
	fds[2] = poll_entry(pump->stop_fd, POLLIN);
	if (poll(fds, 3, busy ? BUSY_POLL_MS : -1) < 0 && errno != EINTR)
		pump_end(pump, VNC_PUMP_BROKEN);
	if (busy && pump->options.cancelled(pump->options.user))
		pump_end(pump, VNC_PUMP_CANCELLED);
	if (reading)
		check_silence(pump);
	return (fds[2].revents & POLLIN) == 0;
}

/* What the library wrote before it closed still belongs to the peer: a goodbye, a refusal. */
static void pump_linger(struct vnc_pump *pump)
{
	uint64_t deadline_us = clock_now_us() + (uint64_t)pump->linger_ms * 1000;

	atomic_store(&pump->ended, VNC_PUMP_RUNNING);
	while (read_library(pump))
		;
	atomic_store(&pump->ended, VNC_PUMP_RUNNING);
	while (queue_length(&pump->to_peer) > 0 && pump_running(pump)) {
		struct pollfd peer = {pump->peer.fd, POLLOUT, 0};
		uint64_t now_us = clock_now_us();

		if (write_peer(pump))
			continue;
		if (now_us >= deadline_us ||
		    poll(&peer, 1, (int)((deadline_us - now_us) / 1000 + 1)) <= 0)
			break;
	}
}

static void pump_drain_to_library(struct vnc_pump *pump)
{
	/* The peer is gone; the library should see everything it said before its end. */
	while (queue_length(&pump->to_library) > 0) {
		struct pollfd library = {pump->library_fd, POLLOUT, 0};

		if (!write_library(pump) && (poll(&library, 1, BUSY_POLL_MS) < 0 ||
					     pump->options.cancelled(pump->options.user) ||
					     (library.revents & (POLLERR | POLLHUP))))
			break;
	}
}

static gpointer pump_thread(gpointer data)
{
	struct vnc_pump *pump = data;
	bool told_to_stop = false;

	while (pump_running(pump)) {
		bool moved;

		pump->peer_events = 0;
		moved = read_peer(pump);
		moved |= write_library(pump);
		moved |= read_library(pump);
		moved |= write_peer(pump);
		if (!moved && pump_running(pump) && !pump_wait(pump)) {
			told_to_stop = true;
			break;
		}
	}
	if (!told_to_stop && atomic_load(&pump->ended) == VNC_PUMP_PEER_CLOSED)
		pump_drain_to_library(pump);
	/* Whoever is blocked in the library wakes up now. */
	shutdown(pump->library_fd, SHUT_RDWR);
	if (!told_to_stop) {
		struct pollfd stop = {pump->stop_fd, POLLIN, 0};

		while (poll(&stop, 1, -1) < 0 && errno == EINTR)
			;
	}
	return NULL;
}

struct vnc_pump *vnc_pump_start(struct vnc_stream *stream, const struct vnc_pump_options *options,
				int *ret_library_fd)
{
	struct vnc_pump *pump;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
		return NULL;
	pump = g_new0(struct vnc_pump, 1);
	pump->peer = *stream;
	stream->fd = -1;
	stream->ssl = NULL;
	pump->library_fd = pair[0];
	*ret_library_fd = pair[1];
	pump->options = *options;
	pump->discard_bytes = options->discard_bytes;
	pump->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pump->heard_us = clock_now_us();
	if (options->greeting_bytes > 0) {
		memcpy(queue_room(&pump->to_library), options->greeting, options->greeting_bytes);
		pump->to_library.end += options->greeting_bytes;
	}
	pump->thread = g_thread_new(options->name, pump_thread, pump);
	return pump;
}

uint64_t vnc_pump_delivered(struct vnc_pump *pump)
{
	return atomic_load(&pump->delivered);
}

void vnc_pump_set_patient(struct vnc_pump *pump, bool patient)
{
	atomic_store(&pump->patient, patient);
}

void vnc_pump_set_idle(struct vnc_pump *pump, uint64_t delivered)
{
	atomic_store(&pump->idle_at, delivered);
}

size_t vnc_pump_queued_bytes(struct vnc_pump *pump)
{
	return atomic_load(&pump->queued_bytes);
}

enum vnc_pump_end vnc_pump_ended(struct vnc_pump *pump)
{
	return (enum vnc_pump_end)atomic_load(&pump->ended);
}

void vnc_pump_stop(struct vnc_pump *pump, uint32_t linger_ms)
{
	uint64_t one = 1;

	if (pump == NULL)
		return;
	pump->linger_ms = linger_ms;
	if (write(pump->stop_fd, &one, sizeof(one)) != sizeof(one))
		g_warning("vnc: cannot wake the pump");
	g_thread_join(pump->thread);
	if (linger_ms > 0 && atomic_load(&pump->ended) != VNC_PUMP_PEER_CLOSED &&
	    atomic_load(&pump->ended) != VNC_PUMP_BROKEN)
		pump_linger(pump);
	vnc_stream_finish(&pump->peer);
	close(pump->library_fd);
	close(pump->stop_fd);
	g_free(pump->to_peer.bytes);
	g_free(pump->to_library.bytes);
	g_free(pump);
}
