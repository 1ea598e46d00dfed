/* The connection to the recorder. It must not know sessions: only recordings by their id. */
#include "gateway/recorder_link.h"

#include "base/clock.h"
#include "gateway/recorder_outbox.h"
#include "ipc/link.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <inttypes.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECONNECT_MS 250
/* A recorder that takes nothing for so long gets no new recordings: what waits for it then comes
 * from sessions that run, and is bounded with them. */
#define STUCK_US (2 * G_USEC_PER_SEC)

struct recorder_link {
	char *path;
	const struct recorder_listener *listener;
	void *user_data;
	int fd;		      /* -1: not connected */
	bool told, accepting; /* what STORAGE said last on this connection */
	bool complained;
	bool greeting; /* recordings are being opened anew: nothing is said about them before */
	guint source, writable, reconnect;
	uint64_t full_us; /* since when `writable` waits */
	GQueue openings;  /* struct opening: before everything else, on this connection */
	struct recorder_outbox *outbox;
	struct packet *packet;
};

struct opening {
	GByteArray *open; /* encoded */
	int session_end_fd;
};

static void opening_free(gpointer data)
{
	struct opening *opening = data;

	g_byte_array_unref(opening->open);
	close(opening->session_end_fd);
	g_free(opening);
}

static gboolean try_connect(void *user_data);

static void lose(struct recorder_link *link, const char *why)
{
	if (link->fd < 0)
		return;
	g_clear_handle_id(&link->source, g_source_remove);
	g_clear_handle_id(&link->writable, g_source_remove);
	close(link->fd);
	link->fd = -1;
	link->told = false;
	/* Whoever asked hears `down`, and asks again after `up`. */
	g_queue_clear_full(&link->openings, opening_free);
	recorder_outbox_rewind(link->outbox);
	g_warning("the recorder is gone (%s)", why);
	if (link->reconnect == 0)
		link->reconnect = g_timeout_add(RECONNECT_MS, try_connect, link);
	link->listener->down(link->user_data);
}

static gboolean flush(int fd, GIOCondition condition, void *user_data);

static int send_opening(struct recorder_link *link)
{
	const struct opening *opening = link->openings.head->data;
	const struct message_type *type = recorder_message_type(RECORDER_OPEN);
	struct recorder_open open;
	int result = message_decode(type, opening->open->data, opening->open->len, &open);

	if (result == 0) {
		result = link_send(link->fd, type, &open, &opening->session_end_fd, 1);
		message_clear(type, &open);
	}
	if (result == 0)
		opening_free(g_queue_pop_head(&link->openings));
	return result;
}

static int send_message(struct recorder_link *link)
{
	const void *message;
	const struct message_type *type = recorder_outbox_next(link->outbox, &message);
	int result = link_send(link->fd, type, message, NULL, 0);

	if (result == 0)
		recorder_outbox_sent(link->outbox);
	return result;
}

static void wait_for_room(struct recorder_link *link)
{
	if (link->writable != 0)
		return;
	link->full_us = clock_now_us();
	link->writable = g_unix_fd_add(link->fd, G_IO_OUT, flush, link);
}

/* Sends what waits, in order, until the socket is full. */
static void send_waiting(struct recorder_link *link)
{
	while (link->fd >= 0 &&
	       (link->openings.head != NULL || !recorder_outbox_all_said(link->outbox))) {
		int result = link->openings.head != NULL ? send_opening(link) : send_message(link);
		if (result == -EAGAIN) {
			wait_for_room(link);
			return;
		}
		if (result < 0) {
			lose(link, g_strerror(-result));
			return;
		}
	}
}

/* At once, unless something before it waits. */
static void send_soon(struct recorder_link *link)
{
	if (link->writable == 0 && !link->greeting)
		send_waiting(link);
}

static gboolean flush(int fd, GIOCondition condition, void *user_data)
{
	struct recorder_link *link = user_data;

	link->writable = 0;
	send_waiting(link);
	return G_SOURCE_REMOVE;
}

static void take_opened(struct recorder_link *link, const struct recorder_opened *opened)
{
	enum end_reason reason = opened->reason < END_REASON_COUNT ? opened->reason : END_FAULT;

	link->listener->opened(opened->session_id, reason, opened->detail, link->user_data);
}

static void take_storage(struct recorder_link *link, const struct recorder_storage *storage)
{
	bool accepting = storage->accepting != 0;

	if (link->told && accepting != link->accepting)
		g_message("the recorder %s new recordings (%" PRIu64 " MiB free)",
			  accepting ? "takes" : "refuses", storage->free_bytes >> 20);
	link->told = true;
	link->accepting = accepting;
}

/* On the record it is not, so at least in the audit trail. */
static void report_lost(struct recorder_link *link, const char *session_id, const char *json)
{
	g_critical("the recording of session %s does not hold %s", session_id, json);
	link->listener->lost(session_id, json, link->user_data);
}

static void take_taken(struct recorder_link *link, const struct recorder_taken *taken)
{
	g_autofree char *lost = recorder_outbox_taken(link->outbox, taken);

	if (lost != NULL)
		report_lost(link, taken->session_id, lost);
}

static void take_sealed(struct recorder_link *link, const struct recorder_sealed *sealed)
{
	g_autoptr(GPtrArray) lost = recorder_outbox_sealed(link->outbox, sealed->session_id);

	for (unsigned i = 0; i < lost->len; i++)
		report_lost(link, sealed->session_id, lost->pdata[i]);
	link->listener->sealed(sealed, link->user_data);
}

/* What only the recorder says. */
static bool is_answer(uint16_t type)
{
	return type == RECORDER_OPENED || type == RECORDER_TAKEN || type == RECORDER_SEALED ||
	       type == RECORDER_STORAGE;
}

static int take_packet(struct recorder_link *link, const struct packet *packet)
{
	const struct message_type *type = recorder_message_type(packet->type);
	union {
		struct recorder_opened opened;
		struct recorder_taken taken;
		struct recorder_sealed sealed;
		struct recorder_storage storage;
	} message;

	if (type == NULL || packet->n_fds != type->n_fds || !is_answer(packet->type) ||
	    message_decode(type, packet->bytes, packet->length, &message) != 0)
		return -EPROTO;
	if (packet->type == RECORDER_OPENED)
		take_opened(link, &message.opened);
	else if (packet->type == RECORDER_TAKEN)
		take_taken(link, &message.taken);
	else if (packet->type == RECORDER_SEALED)
		take_sealed(link, &message.sealed);
	else
		take_storage(link, &message.storage);
	message_clear(type, &message);
	return 0;
}

static gboolean hear(int fd, GIOCondition condition, void *user_data)
{
	struct recorder_link *link = user_data;
	int result = link_receive(fd, link->packet, 0);

	if (result == -ETIMEDOUT)
		return G_SOURCE_CONTINUE;
	if (result == 0) {
		result = take_packet(link, link->packet);
		packet_clear(link->packet);
	}
	if (result < 0 && link->fd == fd)
		lose(link, result == -ECONNRESET ? "it closed the link" : g_strerror(-result));
	/* lose() has removed this source already; removing it twice would hit a stranger's id. */
	return G_SOURCE_CONTINUE;
}

static gboolean try_connect(void *user_data)
{
	struct recorder_link *link = user_data;
	int fd = link_connect(link->path, SOCK_SEQPACKET);

	link->reconnect = 0;
	if (fd < 0) {
		if (!link->complained)
			g_warning("the recorder cannot be reached at %s: %s; sessions are refused "
				  "until it is there",
				  link->path, g_strerror(-fd));
		link->complained = true;
		link->reconnect = g_timeout_add(RECONNECT_MS, try_connect, link);
		return G_SOURCE_REMOVE;
	}
	g_unix_set_fd_nonblocking(fd, TRUE, NULL);
	g_message("connected to the recorder");
	link->fd = fd;
	link->complained = false;
	link->source = g_unix_fd_add(fd, G_IO_IN, hear, link);
	link->greeting = true;
	link->listener->up(link->user_data);
	link->greeting = false;
	send_waiting(link);
	return G_SOURCE_REMOVE;
}

struct recorder_link *
recorder_link_create(const char *path, const struct recorder_listener *listener, void *user_data)
{
	struct recorder_link *link = g_new0(struct recorder_link, 1);

	link->path = g_strdup(path);
	link->listener = listener;
	link->user_data = user_data;
	link->fd = -1;
	link->packet = g_new0(struct packet, 1);
	g_queue_init(&link->openings);
	link->outbox = recorder_outbox_create();
	/* From the loop, so that the caller holds the result before the first callback. */
	link->reconnect = g_timeout_add(0, try_connect, link);
	return link;
}

void recorder_link_destroy(struct recorder_link *link)
{
	if (link == NULL)
		return;
	send_waiting(link);
	g_clear_handle_id(&link->source, g_source_remove);
	g_clear_handle_id(&link->writable, g_source_remove);
	g_clear_handle_id(&link->reconnect, g_source_remove);
	if (link->fd >= 0)
		close(link->fd);
	unsigned unsaid = recorder_outbox_unsaid(link->outbox);
	if (unsaid > 0)
		g_warning("%u messages did not reach the recorder", unsaid);
	g_queue_clear_full(&link->openings, opening_free);
	recorder_outbox_destroy(link->outbox);
	g_free(link->packet);
	g_free(link->path);
	g_free(link);
}

enum end_reason recorder_link_refusal(const struct recorder_link *link)
{
	bool stuck = link->writable != 0 && clock_now_us() - link->full_us > STUCK_US;

	if (link->fd < 0 || !link->told || stuck)
		return END_RECORDER_LOST;
	return link->accepting ? END_NONE : END_STORAGE_FULL;
}

int recorder_link_open(struct recorder_link *link, const struct recorder_open *open,
		       int session_end_fd)
{
	if (link->fd < 0)
		return -ENOTCONN;
	int fd = fcntl(session_end_fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	struct opening *opening = g_new0(struct opening, 1);
	opening->session_end_fd = fd;
	opening->open = g_byte_array_new();
	message_encode(recorder_message_type(RECORDER_OPEN), open, opening->open);
	g_queue_push_tail(&link->openings, opening);
	send_soon(link);
	/* Sending may have found out that it is gone; then `down` has been called. */
	return link->fd >= 0 ? 0 : -ENOTCONN;
}

void recorder_link_event(struct recorder_link *link, const char *session_id, const char *json)
{
	recorder_outbox_event(link->outbox, session_id, json);
	send_soon(link);
}

void recorder_link_close(struct recorder_link *link, const char *session_id, enum end_reason reason,
			 const char *detail)
{
	recorder_outbox_close(link->outbox, session_id, reason, detail);
	send_soon(link);
}
