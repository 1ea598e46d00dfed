/** Watchers of running recordings, ipc/live_proto.h: the same access units that are archived, as
 *  they come.
 *
 *  A channel per recording. The recording publishes from its worker and never waits: who cannot
 *  keep up loses units until the next IDR. */
#pragma once

#include "ipc/live_proto.h"
#include "recorder/encode/encoder.h"

#include <glib.h>

struct live_server;
struct live_channel;

/** Listens on the socket path, on the default main context. Returns 0 or -errno. */
int live_server_create(const char *socket_path, struct live_server **ret_server);
/** All channels must be closed. */
void live_server_destroy(struct live_server *server);

/** What a recording hears of its watchers, on any thread and with the server locked: it may only
 *  note it and wake somebody. */
struct live_channel_ops {
	/** A watcher needs an IDR. */
	void (*need_key)(void *user);
	/** Somebody begins to watch, before the first picture goes there, or is gone. `watcher` is
	 *  a number that pairs the two. Who is there at the end of the recording is not told to be
	 *  gone. */
	void (*watched)(void *user, const struct live_request *who, unsigned watcher, bool begins);
};

/** Any thread. `server` NULL: nobody can watch, every call does nothing. `ops` is borrowed for
 *  ever. */
struct live_channel *live_channel_create(struct live_server *server, const char *session_id,
					 const struct live_channel_ops *ops, void *user);
/** Tells the watchers why (end reason key) and lets them go. After the return nothing is
 *  called again. NULL is fine. */
void live_channel_close(struct live_channel *channel, const char *reason_key);

/** The picture from the next IDR on. */
void live_channel_format(struct live_channel *channel, uint32_t width, uint32_t height,
			 const char *codec);
void live_channel_publish(struct live_channel *channel, const struct access_unit *unit,
			  uint64_t pts_us);
