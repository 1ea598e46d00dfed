/** What vnc_pump.c (thread, sleeping, stopping) and vnc_pump_move.c (reading and writing) share.
 *  Private to these two. */
#pragma once

#include "gateway/vnc/byte_queue.h"
#include "gateway/vnc/vnc_pump.h"

#include <glib.h>
#include <stdatomic.h>

struct vnc_pump {
	struct vnc_stream peer;
	int library_fd; /**< the pump's end of the pair; -1 once closed */
	struct vnc_pump_options options;
	struct byte_queue to_peer, to_library;
	size_t discard_bytes;
	short peer_events; /**< what TLS waits for beyond what the queues want */
	int stop_fd;
	uint32_t linger_ms; /**< written before stop_fd rings */
	atomic_uint_fast64_t delivered,
		idle_at; /**< equal: the library has read everything and waits for no more */
	atomic_size_t queued_bytes;
	atomic_bool patient;
	/** when the library was last given something, or silence last did not count */
	uint64_t heard_us;
	atomic_int ended;
	GThread *thread;
};

/** Notes why bytes stopped flowing; the first reason stays. Any thread. */
void vnc_pump_end_with(struct vnc_pump *pump, enum vnc_pump_end why);

/** Each carries what it can without waiting and returns true when it moved something. An end of
 *  either side is noted with vnc_pump_end_with; what TLS waits for goes into `peer_events`. The
 *  pump's thread, or whoever joined it. */
bool vnc_pump_read_peer(struct vnc_pump *pump);
bool vnc_pump_write_library(struct vnc_pump *pump);
bool vnc_pump_read_library(struct vnc_pump *pump);
bool vnc_pump_write_peer(struct vnc_pump *pump);
