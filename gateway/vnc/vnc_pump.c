/* The byte carrier between a peer and a library; it knows nothing of RFB. One thread, no lock: what
 * others ask it is atomic. */
#include "gateway/vnc/vnc_pump_internal.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUSY_POLL_MS 100

static bool pump_running(struct vnc_pump *pump)
{
	return atomic_load(&pump->ended) == VNC_PUMP_RUNNING;
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
		vnc_pump_end_with(pump, VNC_PUMP_SILENT);
}

/* Sleeps until something can move. Returns false when the pump was told to stop. */
static bool pump_wait(struct vnc_pump *pump)
{
	bool full = byte_queue_length(&pump->to_peer) >= pump->options.queue_max_bytes;
	bool reading = atomic_load(&pump->delivered) != atomic_load(&pump->idle_at);
	bool busy = full || reading;
	short peer = pump->peer_events, library = full ? 0 : POLLIN;
	struct pollfd fds[3];

	/* A plain socket has no wants of its own; a TLS one said them when a call could not go
	 * on. */
	if (pump->peer.ssl == NULL && byte_queue_length(&pump->to_library) == 0)
		peer |= POLLIN;
	if (pump->peer.ssl == NULL && byte_queue_length(&pump->to_peer) > 0)
		peer |= POLLOUT;
	if (byte_queue_length(&pump->to_library) > 0)
		library |= POLLOUT;
	fds[0] = poll_entry(pump->peer.fd, peer);
	fds[1] = poll_entry(pump->library_fd, library);
	fds[2] = poll_entry(pump->stop_fd, POLLIN);
	if (poll(fds, 3, busy ? BUSY_POLL_MS : -1) < 0 && errno != EINTR)
		vnc_pump_end_with(pump, VNC_PUMP_BROKEN);
	if (busy && pump->options.cancelled(pump->options.user))
		vnc_pump_end_with(pump, VNC_PUMP_CANCELLED);
	if (reading)
		check_silence(pump);
	return (fds[2].revents & POLLIN) == 0;
}

/* What the library wrote before it closed still belongs to the peer: a goodbye, a refusal. */
static void pump_linger(struct vnc_pump *pump)
{
	uint64_t deadline_us = clock_now_us() + (uint64_t)pump->linger_ms * 1000;

	atomic_store(&pump->ended, VNC_PUMP_RUNNING);
	while (vnc_pump_read_library(pump))
		;
	atomic_store(&pump->ended, VNC_PUMP_RUNNING);
	while (byte_queue_length(&pump->to_peer) > 0 && pump_running(pump)) {
		struct pollfd peer = {pump->peer.fd, POLLOUT, 0};
		uint64_t now_us = clock_now_us();

		if (vnc_pump_write_peer(pump))
			continue;
		if (now_us >= deadline_us ||
		    poll(&peer, 1, (int)((deadline_us - now_us) / 1000 + 1)) <= 0)
			break;
	}
}

static void pump_drain_to_library(struct vnc_pump *pump)
{
	/* The peer is gone; the library should see everything it said before its end. */
	while (byte_queue_length(&pump->to_library) > 0) {
		struct pollfd library = {pump->library_fd, POLLOUT, 0};

		if (!vnc_pump_write_library(pump) && (poll(&library, 1, BUSY_POLL_MS) < 0 ||
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
		moved = vnc_pump_read_peer(pump);
		moved |= vnc_pump_write_library(pump);
		moved |= vnc_pump_read_library(pump);
		moved |= vnc_pump_write_peer(pump);
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
		memcpy(byte_queue_room(&pump->to_library), options->greeting,
		       options->greeting_bytes);
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
	byte_queue_finish(&pump->to_peer);
	byte_queue_finish(&pump->to_library);
	g_free(pump);
}
