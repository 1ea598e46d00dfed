/* The connection to the recorder. It must not know sessions: only recordings by their id. */
#include "gateway/recorder_link.h"

#include "ipc/link.h"

#include <errno.h>
#include <glib-unix.h>
#include <inttypes.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECONNECT_MS 250
/* More waiting messages than this means that the recorder has stopped reading, or is away for very
 * long. */
#define WAITING_MAX 4096u

struct recorder_link {
	char *path;
	const struct recorder_listener *listener;
	void *user_data;
	int fd;		      /* -1: not connected */
	bool told, accepting; /* what STORAGE said last on this connection */
	bool complained;
	guint source, writable, reconnect;
	GQueue waiting; /* struct outgoing */
	struct packet *packet;
};

struct outgoing {
	const struct message_type *type;
	union {
		struct recorder_event event;
		struct recorder_close close;
	} message;
};

static void outgoing_free(struct outgoing *outgoing)
{
	message_clear(outgoing->type, &outgoing->message);
	g_free(outgoing);
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
	g_warning("the recorder is gone (%s)", why);
	if (link->reconnect == 0)
		link->reconnect = g_timeout_add(RECONNECT_MS, try_connect, link);
	link->listener->down(link->user_data);
}

static gboolean flush(int fd, GIOCondition condition, void *user_data);

/* Sends what waits, in order, until the socket is full. */
static void send_waiting(struct recorder_link *link)
{
	while (link->fd >= 0 && link->waiting.head != NULL) {
		struct outgoing *outgoing = link->waiting.head->data;
		int result = link_send(link->fd, outgoing->type, &outgoing->message, NULL, 0);
		if (result == -EAGAIN) {
			if (link->writable == 0)
				link->writable = g_unix_fd_add(link->fd, G_IO_OUT, flush, link);
			return;
		}
		if (result < 0) {
			lose(link, g_strerror(-result));
			return;
		}
		outgoing_free(g_queue_pop_head(&link->waiting));
	}
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

static int take_packet(struct recorder_link *link, const struct packet *packet)
{
	const struct message_type *type = recorder_message_type(packet->type);
	union {
		struct recorder_opened opened;
		struct recorder_sealed sealed;
		struct recorder_storage storage;
	} message;

	if (type == NULL || packet->n_fds != type->n_fds ||
	    (packet->type != RECORDER_OPENED && packet->type != RECORDER_SEALED &&
	     packet->type != RECORDER_STORAGE) ||
	    message_decode(type, packet->bytes, packet->length, &message) != 0)
		return -EPROTO;
	if (packet->type == RECORDER_OPENED)
		take_opened(link, &message.opened);
	else if (packet->type == RECORDER_SEALED)
		link->listener->sealed(&message.sealed, link->user_data);
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
	link->listener->up(link->user_data);
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
	g_queue_init(&link->waiting);
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
	if (link->waiting.length > 0)
		g_warning("%u messages did not reach the recorder", link->waiting.length);
	while (link->waiting.length > 0)
		outgoing_free(g_queue_pop_head(&link->waiting));
	g_free(link->packet);
	g_free(link->path);
	g_free(link);
}

enum end_reason recorder_link_refusal(const struct recorder_link *link)
{
	if (link->fd < 0 || !link->told)
		return END_RECORDER_LOST;
	return link->accepting ? END_NONE : END_STORAGE_FULL;
}

int recorder_link_open(struct recorder_link *link, const struct recorder_open *open,
		       int session_end_fd)
{
	if (link->fd < 0)
		return -ENOTCONN;
	return link_send(link->fd, recorder_message_type(RECORDER_OPEN), open, &session_end_fd, 1);
}

static void enqueue(struct recorder_link *link, struct outgoing *outgoing)
{
	if (link->waiting.length >= WAITING_MAX) {
		g_critical("the recorder does not take messages: the oldest one is dropped");
		outgoing_free(g_queue_pop_head(&link->waiting));
	}
	g_queue_push_tail(&link->waiting, outgoing);
	if (link->writable == 0)
		send_waiting(link);
}

void recorder_link_event(struct recorder_link *link, const char *session_id, const char *json)
{
	struct outgoing *outgoing = g_new0(struct outgoing, 1);

	outgoing->type = recorder_message_type(RECORDER_EVENT);
	outgoing->message.event.session_id = g_strdup(session_id);
	outgoing->message.event.json = g_strdup(json);
	enqueue(link, outgoing);
}

void recorder_link_close(struct recorder_link *link, const char *session_id, enum end_reason reason,
			 const char *detail)
{
	struct outgoing *outgoing = g_new0(struct outgoing, 1);

	outgoing->type = recorder_message_type(RECORDER_CLOSE);
	outgoing->message.close.session_id = g_strdup(session_id);
	outgoing->message.close.reason = reason;
	outgoing->message.close.detail = g_strdup(detail);
	enqueue(link, outgoing);
}
