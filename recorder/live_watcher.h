/** One watcher's socket and its queue. All functions under the live server's lock.
 *  Private to recorder/live*.c. */
#pragma once

#include "ipc/live_proto.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct live_watcher {
	int fd;
	struct live_channel
		*channel;	 /**< NULL: has not said what to watch, or its recording ended */
	struct live_request who; /**< since it said what to watch */
	unsigned number;	 /**< among the channel's watchers, from 1 */
	GQueue packets;		 /**< GBytes */
	size_t queued_bytes, sent_of_head;
	bool needs_key;	   /**< delta units mean nothing to it until an IDR came */
	bool needs_format; /**< LIVE_OPEN was among what was dropped, perhaps */
	bool broken;	   /**< its socket failed */
	bool closing;	   /**< close it when the queue is empty */
	guint in_source, out_source;
};

/** Above this a watcher counts as slow. */
#define LIVE_QUEUE_MAX_BYTES (4u << 20)

/** {u32 length of the rest, u16 kind, u16 flags} and the two payload parts, little-endian. */
GBytes *live_packet(uint16_t kind, uint16_t flags, const void *first, size_t first_bytes,
		    const void *second, size_t second_bytes);

/** Longest packet that a watcher sends. */
#define LIVE_SAID_MAX_BYTES 1024u
/** LIVE_WATCH, whole. False: it is something else, names nobody, or holds more than it should;
 *  bytes are not trusted. On success free with message_clear. */
bool live_watch_parse(const uint8_t *bytes, size_t length, struct live_request *ret);
/** LIVE_REFRESH, whole. */
bool live_refresh_parse(const uint8_t *bytes, size_t length);

/** Queues a packet (shares it) and sends what the socket takes. */
void live_watcher_push(struct live_watcher *watcher, GBytes *packet);
/** Forgets what is not under way. */
void live_watcher_drop_queue(struct live_watcher *watcher);
/** Sends what the socket takes. Returns true while something is left. */
bool live_watcher_flush(struct live_watcher *watcher);
