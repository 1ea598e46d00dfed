/* The gateway's connection. Who may connect is the socket's mode (0660) and its directory's; the
 * peer's uid is logged. It must not know recordings: the registry does. */
#include "recorder/gateway_link.h"

#include "base/clock.h"
#include "ipc/link.h"
#include "recorder/growth.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/socket.h>
#include <unistd.h>

#define STORAGE_INTERVAL_S 3u
#define FEW_DAYS 7.0
#define STORAGE_STEP_BYTES (64ull << 20)

struct gateway_link {
	int listen_fd, fd; /**< fd -1: nobody is connected */
	guint listen_source, source, storage_source;
	char *path;
	struct registry *registry;
	struct growth growth;
	struct recorder_storage told; /**< what the gateway heard last */
	struct packet packet;
};

static void drop(struct gateway_link *link)
{
	if (link->fd < 0)
		return;
	g_clear_handle_id(&link->source, g_source_remove);
	close(link->fd);
	link->fd = -1;
}

void gateway_link_send(void *user, enum recorder_type type, const void *message)
{
	struct gateway_link *link = user;

	if (link->fd < 0)
		return;
	int result = link_send(link->fd, recorder_message_type((uint16_t)type), message, NULL, 0);
	/* A gateway that does not read would otherwise miss an answer and wait for ever: it
	 * connects again and asks again. */
	if (result < 0) {
		g_warning("the gateway does not take a message: %s", g_strerror(-result));
		shutdown(link->fd, SHUT_RDWR);
	}
}

static void say_forecast(struct gateway_link *link, uint64_t free_bytes)
{
	double days;

	if (!growth_note(&link->growth, clock_now_us(), free_bytes,
			 registry_reserve_bytes(link->registry), &days))
		return;
	if (days < FEW_DAYS)
		g_warning("the store reaches its reserve in %.1f days, as the last day went", days);
	else
		g_message("the store reaches its reserve in %.1f days, as the last day went", days);
}

static gboolean tell_storage(gpointer data)
{
	struct gateway_link *link = data;
	struct recorder_storage now;

	registry_storage(link->registry, &now);
	say_forecast(link, now.free_bytes);
	uint64_t moved = MAX(now.free_bytes, link->told.free_bytes) -
			 MIN(now.free_bytes, link->told.free_bytes);
	if (now.accepting == link->told.accepting && moved < STORAGE_STEP_BYTES)
		return G_SOURCE_CONTINUE;
	if (!now.accepting && link->told.accepting)
		g_warning("the store has %" G_GUINT64_FORMAT
			  " MiB left: new recordings are refused",
			  now.free_bytes >> 20);
	link->told = now;
	gateway_link_send(link, RECORDER_STORAGE, &now);
	return G_SOURCE_CONTINUE;
}

static int take_packet(struct gateway_link *link)
{
	const struct message_type *type = recorder_message_type(link->packet.type);
	union {
		struct recorder_open open;
		struct recorder_event event;
		struct recorder_close close;
	} message;

	if (type == NULL || type->number > RECORDER_CLOSE || link->packet.n_fds != type->n_fds ||
	    message_decode(type, link->packet.bytes, link->packet.length, &message) < 0)
		return -EPROTO;
	if (type->number == RECORDER_OPEN)
		registry_open(link->registry, &message.open, packet_take_fd(&link->packet, 0));
	else if (type->number == RECORDER_EVENT)
		registry_event(link->registry, &message.event);
	else
		registry_close(link->registry, &message.close);
	message_clear(type, &message);
	return 0;
}

static gboolean hear(gint fd, GIOCondition condition, gpointer data)
{
	struct gateway_link *link = data;
	int result = link_receive(fd, &link->packet, 0);

	if (result == -ETIMEDOUT)
		return G_SOURCE_CONTINUE;
	if (result == 0) {
		result = take_packet(link);
		packet_clear(&link->packet);
	}
	if (result == 0)
		return G_SOURCE_CONTINUE;
	g_message("the gateway is gone (%s); recordings go on", g_strerror(-result));
	link->source = 0;
	drop(link);
	return G_SOURCE_REMOVE;
}

/* A gateway that was restarted connects while the kernel still holds its old connection:
 * the newer one counts. */
static gboolean accept_gateway(gint fd, GIOCondition condition, gpointer data)
{
	struct gateway_link *link = data;
	int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	uint32_t uid = 0;

	if (peer < 0)
		return G_SOURCE_CONTINUE;
	drop(link);
	if (link_peer_uid(peer, &uid) == 0)
		g_message("the gateway is connected (uid %u)", uid);
	link->fd = peer;
	link->source = g_unix_fd_add(peer, G_IO_IN | G_IO_HUP | G_IO_ERR, hear, link);
	registry_storage(link->registry, &link->told);
	gateway_link_send(link, RECORDER_STORAGE, &link->told);
	return G_SOURCE_CONTINUE;
}

int gateway_link_create(const char *socket_path, struct gateway_link **ret_link)
{
	int fd = link_listen(socket_path, SOCK_SEQPACKET, 0660);

	if (fd < 0)
		return fd;
	struct gateway_link *link = g_new0(struct gateway_link, 1);
	link->listen_fd = fd;
	link->fd = -1;
	link->path = g_strdup(socket_path);
	*ret_link = link;
	return 0;
}

void gateway_link_serve(struct gateway_link *link, struct registry *registry)
{
	link->registry = registry;
	link->listen_source = g_unix_fd_add(link->listen_fd, G_IO_IN, accept_gateway, link);
	link->storage_source = g_timeout_add_seconds(STORAGE_INTERVAL_S, tell_storage, link);
}

void gateway_link_destroy(struct gateway_link *link)
{
	if (link == NULL)
		return;
	g_clear_handle_id(&link->listen_source, g_source_remove);
	g_clear_handle_id(&link->storage_source, g_source_remove);
	drop(link);
	close(link->listen_fd);
	unlink(link->path);
	g_free(link->path);
	g_free(link);
}
