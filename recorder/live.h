/** Watchers of running recordings, ipc/live_proto.h: the same access units that are archived, as they come.
 *
 *  A channel per recording. The recording publishes from its worker and never waits: who cannot keep up loses units until the next IDR. */
#pragma once

#include "recorder/encode/encoder.h"

#include <glib.h>

struct live_server;
struct live_channel;

/** Listens on the socket path, on the default main context. Returns 0 or -errno. */
int live_server_create(const char *socket_path, struct live_server **ret_server);
/** All channels must be closed. */
void live_server_destroy(struct live_server *server);

/** A watcher needs an IDR. Called on any thread with the server locked: it may only set a flag and wake somebody. */
typedef void (*live_key_fn)(void *user);

/** Any thread. `server` NULL: nobody can watch, every call does nothing. */
struct live_channel *live_channel_create(struct live_server *server, const char *session_id,
					 live_key_fn need_key, void *user);
/** Tells the watchers why (end reason key) and lets them go. After the return need_key is not called again. NULL is fine. */
void live_channel_close(struct live_channel *channel, const char *reason_key);

/** The picture from the next IDR on. */
void live_channel_format(struct live_channel *channel, uint32_t width, uint32_t height,
			 const char *codec);
void live_channel_publish(struct live_channel *channel, const struct access_unit *unit,
			  uint64_t pts_us);
