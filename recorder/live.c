/* The live server: who watches what. Sockets are accepted and drained on the main loop; recordings
 * publish from their workers under one lock, which is held for as long as a
 * non-blocking send takes. */
#include "recorder/live.h"

#include "base/end_reason.h"
#include "base/wire.h"
#include "ipc/link.h"
#include "recorder/live_watcher.h"

#include <errno.h>
#include <glib-unix.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WATCHERS_MAX 256u

struct live_server {
	int fd;
	guint source;
	char *path;
	GMutex lock;
	GHashTable *channels; /**< session id -> struct live_channel */
	GHashTable *watchers; /**< set of struct live_watcher */
};

struct live_channel {
	struct live_server *server;
	char *session_id;
	const struct live_channel_ops *ops;
	void *user;
	unsigned n_joined;
	atomic_uint n_watchers; /**< read without the lock: nobody watches most recordings */
	uint32_t width, height;
	char codec[16];
};

/* A watcher on its way through GLib's callbacks, which carry one pointer. */
struct watcher_ref {
	struct live_server *server;
	struct live_watcher *watcher;
};

static gboolean drain_watcher(gint fd, GIOCondition condition, gpointer data);

static void detach(struct live_watcher *watcher)
{
	if (watcher->channel != NULL)
		atomic_fetch_sub(&watcher->channel->n_watchers, 1);
	watcher->channel = NULL;
}

static void leave(struct live_watcher *watcher)
{
	const struct live_channel *channel = watcher->channel;

	detach(watcher);
	if (channel != NULL)
		channel->ops->watched(channel->user, &watcher->who, watcher->number, false);
}

static void watcher_free(gpointer pointer)
{
	struct live_watcher *watcher = pointer;

	leave(watcher);
	message_clear(&live_request_type, &watcher->who);
	g_clear_handle_id(&watcher->in_source, g_source_remove);
	g_clear_handle_id(&watcher->out_source, g_source_remove);
	g_queue_clear_full(&watcher->packets, (GDestroyNotify)g_bytes_unref);
	close(watcher->fd);
	g_free(watcher);
}

static guint add_source(struct live_server *server, struct live_watcher *watcher,
			GIOCondition condition, GUnixFDSourceFunc function)
{
	struct watcher_ref *ref = g_new(struct watcher_ref, 1);

	*ref = (struct watcher_ref){server, watcher};
	return g_unix_fd_add_full(G_PRIORITY_DEFAULT, watcher->fd, condition, function, ref,
				  g_free);
}

/* Behind every push: what the socket did not take waits for it to become writable. g_unix_fd_add
 * may be called from any thread. */
static void settle(struct live_server *server, struct live_watcher *watcher)
{
	bool left = watcher->packets.length > 0;

	if ((left || watcher->broken || watcher->closing) && watcher->out_source == 0)
		watcher->out_source = add_source(server, watcher, G_IO_OUT, drain_watcher);
}

static gboolean drain_watcher(gint fd, GIOCondition condition, gpointer data)
{
	struct watcher_ref *ref = data;
	struct live_watcher *watcher = ref->watcher;
	struct live_server *server = ref->server;

	g_mutex_lock(&server->lock);
	bool left = live_watcher_flush(watcher);
	if (!left)
		watcher->out_source = 0;
	if (watcher->broken || (watcher->closing && !left))
		g_hash_table_remove(server->watchers, watcher);
	g_mutex_unlock(&server->lock);
	return left ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void push_format(struct live_watcher *watcher, const struct live_channel *channel)
{
	GByteArray *payload = g_byte_array_new();

	wire_put_u32(payload, channel->width);
	wire_put_u32(payload, channel->height);
	GBytes *packet = live_packet(LIVE_OPEN, 0, payload->data, payload->len, channel->codec,
				     strlen(channel->codec));
	live_watcher_push(watcher, packet);
	watcher->needs_format = false;
	g_bytes_unref(packet);
	g_byte_array_unref(payload);
}

static void push_end(struct live_server *server, struct live_watcher *watcher, const char *reason)
{
	GBytes *packet = live_packet(LIVE_END, 0, reason, strlen(reason), NULL, 0);

	live_watcher_push(watcher, packet);
	g_bytes_unref(packet);
	watcher->closing = true;
	settle(server, watcher);
}

static void attach(struct live_server *server, struct live_watcher *watcher)
{
	struct live_channel *channel =
		g_hash_table_lookup(server->channels, watcher->who.session_id);

	if (channel == NULL) {
		push_end(server, watcher, "no-such-session");
		return;
	}
	watcher->channel = channel;
	watcher->number = ++channel->n_joined;
	watcher->needs_key = true;
	channel->ops->watched(channel->user, &watcher->who, watcher->number, true);
	atomic_fetch_add(&channel->n_watchers, 1);
	if (channel->codec[0] != '\0')
		push_format(watcher, channel);
	settle(server, watcher);
	channel->ops->need_key(channel->user);
}

static void refresh(struct live_watcher *watcher)
{
	live_watcher_drop_queue(watcher);
	watcher->needs_key = watcher->needs_format = true;
	watcher->channel->ops->need_key(watcher->channel->user);
}

/* What a watcher sends is small enough to come in one piece on a local socket; anything else
 * is not our web program. */
static bool take_said(struct live_server *server, struct live_watcher *watcher)
{
	uint8_t bytes[LIVE_SAID_MAX_BYTES + 1];
	ssize_t n = recv(watcher->fd, bytes, sizeof bytes, MSG_DONTWAIT);

	if (n <= 0)
		return false;
	if (live_refresh_parse(bytes, (size_t)n)) {
		if (watcher->channel != NULL)
			refresh(watcher);
		return watcher->who.account != NULL;
	}
	if (watcher->who.account != NULL || !live_watch_parse(bytes, (size_t)n, &watcher->who))
		return false;
	attach(server, watcher);
	return true;
}

static gboolean hear_watcher(gint fd, GIOCondition condition, gpointer data)
{
	struct watcher_ref *ref = data;
	struct live_watcher *watcher = ref->watcher;
	struct live_server *server = ref->server;

	g_mutex_lock(&server->lock);
	bool ok = take_said(server, watcher);
	if (!ok) {
		watcher->in_source = 0;
		g_hash_table_remove(server->watchers, watcher);
	}
	g_mutex_unlock(&server->lock);
	return ok ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static gboolean accept_watcher(gint fd, GIOCondition condition, gpointer data)
{
	struct live_server *server = data;
	int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (peer < 0)
		return G_SOURCE_CONTINUE;
	g_mutex_lock(&server->lock);
	if (g_hash_table_size(server->watchers) < WATCHERS_MAX) {
		struct live_watcher *watcher = g_new0(struct live_watcher, 1);
		watcher->fd = peer;
		g_queue_init(&watcher->packets);
		g_hash_table_add(server->watchers, watcher);
		watcher->in_source =
			add_source(server, watcher, G_IO_IN | G_IO_HUP | G_IO_ERR, hear_watcher);
	} else {
		close(peer);
	}
	g_mutex_unlock(&server->lock);
	return G_SOURCE_CONTINUE;
}

int live_server_create(const char *socket_path, struct live_server **ret_server)
{
	int fd = link_listen(socket_path, SOCK_STREAM, 0660);

	if (fd < 0)
		return fd;
	struct live_server *server = g_new0(struct live_server, 1);
	server->fd = fd;
	server->path = g_strdup(socket_path);
	g_mutex_init(&server->lock);
	server->channels = g_hash_table_new(g_str_hash, g_str_equal);
	server->watchers = g_hash_table_new_full(NULL, NULL, watcher_free, NULL);
	server->source = g_unix_fd_add(fd, G_IO_IN, accept_watcher, server);
	*ret_server = server;
	return 0;
}

void live_server_destroy(struct live_server *server)
{
	if (server == NULL)
		return;
	g_source_remove(server->source);
	g_hash_table_unref(server->watchers);
	g_hash_table_unref(server->channels);
	g_mutex_clear(&server->lock);
	close(server->fd);
	unlink(server->path);
	g_free(server->path);
	g_free(server);
}

struct live_channel *live_channel_create(struct live_server *server, const char *session_id,
					 const struct live_channel_ops *ops, void *user)
{
	if (server == NULL)
		return NULL;
	struct live_channel *channel = g_new0(struct live_channel, 1);
	channel->server = server;
	channel->session_id = g_strdup(session_id);
	channel->ops = ops;
	channel->user = user;
	g_mutex_lock(&server->lock);
	g_hash_table_insert(server->channels, channel->session_id, channel);
	g_mutex_unlock(&server->lock);
	return channel;
}

void live_channel_close(struct live_channel *channel, const char *reason_key)
{
	GHashTableIter iter;
	gpointer item;

	if (channel == NULL)
		return;
	struct live_server *server = channel->server;
	g_mutex_lock(&server->lock);
	g_hash_table_remove(server->channels, channel->session_id);
	g_hash_table_iter_init(&iter, server->watchers);
	while (g_hash_table_iter_next(&iter, &item, NULL)) {
		struct live_watcher *watcher = item;
		if (watcher->channel != channel)
			continue;
		detach(watcher);
		push_end(server, watcher, reason_key);
	}
	g_mutex_unlock(&server->lock);
	g_free(channel->session_id);
	g_free(channel);
}

void live_channel_format(struct live_channel *channel, uint32_t width, uint32_t height,
			 const char *codec)
{
	GHashTableIter iter;
	gpointer item;

	if (channel == NULL)
		return;
	g_mutex_lock(&channel->server->lock);
	channel->width = width;
	channel->height = height;
	g_strlcpy(channel->codec, codec, sizeof channel->codec);
	g_hash_table_iter_init(&iter, channel->server->watchers);
	while (g_hash_table_iter_next(&iter, &item, NULL)) {
		struct live_watcher *watcher = item;
		if (watcher->channel != channel)
			continue;
		watcher->needs_key = true;
		push_format(watcher, channel);
		settle(channel->server, watcher);
	}
	g_mutex_unlock(&channel->server->lock);
}

/* Returns true when the watcher fell behind: it needs an IDR once it has taken what is under
 * way. */
static bool push_unit(struct live_watcher *watcher, GBytes *packet, bool key)
{
	if (watcher->queued_bytes + g_bytes_get_size(packet) > LIVE_QUEUE_MAX_BYTES &&
	    watcher->packets.length > 0) {
		live_watcher_drop_queue(watcher);
		watcher->needs_key = watcher->needs_format = true;
		return true;
	}
	if (watcher->needs_key && !key)
		return watcher->packets.length == 0;
	/* What was dropped may have told a new size. */
	if (watcher->needs_format)
		push_format(watcher, watcher->channel);
	watcher->needs_key = false;
	live_watcher_push(watcher, packet);
	return false;
}

void live_channel_publish(struct live_channel *channel, const struct access_unit *unit,
			  uint64_t pts_us)
{
	uint64_t pts_le = GUINT64_TO_LE(pts_us);
	GHashTableIter iter;
	gpointer item;
	bool need_key = false;

	if (channel == NULL || atomic_load(&channel->n_watchers) == 0 ||
	    unit->length > LIVE_MAX_BYTES - LIVE_HEADER_BYTES - sizeof pts_le)
		return;
	GBytes *packet = live_packet(LIVE_UNIT, unit->key ? LIVE_KEY : 0, &pts_le, sizeof pts_le,
				     unit->bytes, unit->length);
	g_mutex_lock(&channel->server->lock);
	g_hash_table_iter_init(&iter, channel->server->watchers);
	while (g_hash_table_iter_next(&iter, &item, NULL)) {
		struct live_watcher *watcher = item;
		if (watcher->channel != channel)
			continue;
		need_key |= push_unit(watcher, packet, unit->key);
		settle(channel->server, watcher);
	}
	if (need_key)
		channel->ops->need_key(channel->user);
	g_mutex_unlock(&channel->server->lock);
	g_bytes_unref(packet);
}
