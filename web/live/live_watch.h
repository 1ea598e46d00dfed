/** One watched session: a connection to the recorder's live socket that is made again when it
 *  breaks.
 *
 *  Lives on the thread of the default GMainContext; all calls and callbacks there. */
#pragma once

#include "ipc/live_proto.h"
#include "web/live/live_demux.h"

#include <glib.h>

struct live_watch;

struct live_watch_ops {
	/** A checked LIVE_OPEN or LIVE_UNIT packet. */
	void (*packet)(const struct live_packet *packet, void *user_data);
	/** The recorder cannot be reached for the moment; it is tried again. */
	void (*away)(void *user_data);
	/** It is over: end reason key, borrowed. The watch does nothing any more; destroy it
	 *  later, not from here. */
	void (*end)(const char *reason, void *user_data);
};

/** Starts to watch for whom `request` says. `ops` is borrowed for ever, the strings are copied. */
struct live_watch *live_watch_create(const char *socket_path, const struct live_request *request,
				     const struct live_watch_ops *ops, void *user_data);
void live_watch_destroy(struct live_watch *watch);

/** Has the recorder begin anew with a key picture. At most once a second: more often it is put
 *  off. */
void live_watch_refresh(struct live_watch *watch);
