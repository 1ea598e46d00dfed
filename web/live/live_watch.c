/* Watches one session at the recorder. The recorder is trusted to be ours but not to be there, nor
 * to be free of faults: a bad packet ends this connection only. It must not know the browser. */
#include "web/live/live_watch.h"

#include "base/clock.h"
#include "base/wire.h"
#include "ipc/live_proto.h"
#include "web/live/live_socket.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RETRY_MS 1000u
/* A session that is being opened, or whose recorder has just come back, is unknown there for a
 * moment. */
#define UNKNOWN_RETRIES 15u
#define READ_BYTES 65536u

struct live_watch {
	char *socket_path;
	struct live_request request;
	const struct live_watch_ops *ops;
	void *user_data;
	int fd; /* -1: not connected */
	guint read_source, retry_source, refresh_source;
	struct live_demux demux;
	unsigned unknown; /* "no-such-session" answers in a row */
	bool told_away, ended;
	uint64_t asked_us; /* for a key picture, last */
};

static void connect_now(struct live_watch *watch);

static void disconnect(struct live_watch *watch)
{
	if (watch->read_source != 0)
		g_source_remove(watch->read_source);
	watch->read_source = 0;
	if (watch->fd >= 0)
		close(watch->fd);
	watch->fd = -1;
	live_demux_finish(&watch->demux);
}

static gboolean retry(void *user_data)
{
	struct live_watch *watch = user_data;

	watch->retry_source = 0;
	connect_now(watch);
	return G_SOURCE_REMOVE;
}

static void connect_later(struct live_watch *watch, unsigned delay_ms)
{
	disconnect(watch);
	if (watch->retry_source == 0)
		watch->retry_source = g_timeout_add(delay_ms, retry, watch);
}

static void lost(struct live_watch *watch)
{
	connect_later(watch, RETRY_MS);
	if (!watch->told_away)
		watch->ops->away(watch->user_data);
	watch->told_away = true;
}

static void take_end(struct live_watch *watch, const struct live_packet *packet)
{
	g_autofree char *reason = g_strndup((const char *)packet->payload, packet->length);

	if (strcmp(reason, "no-such-session") == 0 && watch->unknown++ < UNKNOWN_RETRIES) {
		lost(watch);
		return;
	}
	disconnect(watch);
	watch->ended = true;
	watch->ops->end(g_utf8_validate(reason, -1, NULL) ? reason : "unknown", watch->user_data);
}

/* False when the connection is gone and its packets with it. */
static bool take_packet(struct live_watch *watch, const struct live_packet *packet)
{
	switch (packet->kind) {
	case LIVE_OPEN:
	case LIVE_UNIT:
		watch->unknown = 0;
		watch->told_away = false;
		watch->ops->packet(packet, watch->user_data);
		return true;
	case LIVE_END:
		take_end(watch, packet);
		return false;
	default:
		return true; /* a newer recorder: skip what we do not know */
	}
}

static gboolean readable(int fd, GIOCondition condition, void *user_data)
{
	struct live_watch *watch = user_data;
	uint8_t buffer[READ_BYTES];
	struct live_packet packet;
	int result;

	ssize_t n = read(fd, buffer, sizeof(buffer));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return G_SOURCE_CONTINUE;
	if (n <= 0) {
		lost(watch); /* removes this source */
		return G_SOURCE_CONTINUE;
	}
	live_demux_feed(&watch->demux, buffer, (size_t)n);
	while ((result = live_demux_next(&watch->demux, &packet)) > 0)
		if (!take_packet(watch, &packet))
			return G_SOURCE_CONTINUE;
	if (result < 0) {
		g_warning("live: the recorder sent a malformed packet for session %s",
			  watch->request.session_id);
		lost(watch);
	}
	return G_SOURCE_CONTINUE;
}

/* Far smaller than an empty socket's buffer, so it goes out whole or the recorder is gone. */
static bool send_packet(struct live_watch *watch, enum live_kind kind, const GByteArray *payload)
{
	g_autoptr(GByteArray) packet = g_byte_array_new();

	wire_put_u32(packet, LIVE_HEADER_BYTES - 4 + payload->len);
	wire_put_u32(packet, kind);
	g_byte_array_append(packet, payload->data, payload->len);
	return send(watch->fd, packet->data, packet->len, MSG_NOSIGNAL) == (ssize_t)packet->len;
}

static bool send_request(struct live_watch *watch)
{
	g_autoptr(GByteArray) payload = g_byte_array_new();

	message_encode(&live_request_type, &watch->request, payload);
	return send_packet(watch, LIVE_WATCH, payload);
}

static void connect_now(struct live_watch *watch)
{
	watch->asked_us = clock_now_us();
	live_demux_init(&watch->demux);
	watch->fd = live_socket_connect(watch->socket_path);
	if (watch->fd < 0 || !send_request(watch)) {
		lost(watch);
		return;
	}
	watch->read_source =
		g_unix_fd_add(watch->fd, G_IO_IN | G_IO_HUP | G_IO_ERR, readable, watch);
}

struct live_watch *live_watch_create(const char *socket_path, const struct live_request *request,
				     const struct live_watch_ops *ops, void *user_data)
{
	struct live_watch *watch = g_new0(struct live_watch, 1);

	watch->socket_path = g_strdup(socket_path);
	watch->request =
		(struct live_request){g_strdup(request->session_id), g_strdup(request->account),
				      g_strdup(request->address)};
	watch->ops = ops;
	watch->user_data = user_data;
	watch->fd = -1;
	connect_now(watch);
	return watch;
}

static gboolean refresh(void *user_data)
{
	struct live_watch *watch = user_data;
	g_autoptr(GByteArray) nothing = g_byte_array_new();

	watch->refresh_source = 0;
	watch->asked_us = clock_now_us();
	/* A connection that is being made again begins with a key picture anyway. */
	if (watch->fd >= 0 && !send_packet(watch, LIVE_REFRESH, nothing))
		lost(watch);
	return G_SOURCE_REMOVE;
}

void live_watch_refresh(struct live_watch *watch)
{
	uint64_t age_us = clock_now_us() - watch->asked_us;
	unsigned wait_ms = age_us >= RETRY_MS * 1000u ? 0 : RETRY_MS - (unsigned)(age_us / 1000u);

	if (!watch->ended && watch->refresh_source == 0)
		watch->refresh_source = g_timeout_add(wait_ms, refresh, watch);
}

void live_watch_destroy(struct live_watch *watch)
{
	if (watch == NULL)
		return;
	disconnect(watch);
	g_clear_handle_id(&watch->retry_source, g_source_remove);
	g_clear_handle_id(&watch->refresh_source, g_source_remove);
	g_free(watch->socket_path);
	message_clear(&live_request_type, &watch->request);
	g_free(watch);
}
