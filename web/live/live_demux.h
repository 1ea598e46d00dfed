/** Takes the recorder's live packets (ipc/live_proto.h) out of a byte stream, however it was
 *  cut. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct live_packet {
	uint16_t kind,
		/** enum live_kind, enum live_flag; kinds unknown to us are passed through */
		flags;
	const uint8_t
		*payload; /**< borrowed until the next call of live_demux_feed or live_demux_next */
	size_t length;
};

struct live_demux {
	GByteArray *bytes;
	size_t taken; /**< of bytes, by packets already handed out */
};

void live_demux_init(struct live_demux *demux);
void live_demux_finish(struct live_demux *demux);

/** Adds bytes from the socket. */
void live_demux_feed(struct live_demux *demux, const void *bytes, size_t length);

/** 1 and *ret: a packet; 0: needs more bytes; -EPROTO: a length no recorder sends (do not call
 *  again). */
int live_demux_next(struct live_demux *demux, struct live_packet *ret);

/** LIVE_OPEN: size and codec string. False when malformed or out of bounds. `*ret_codec`
 *  is a copy, g_free it. */
bool live_packet_open(const struct live_packet *packet, uint32_t *ret_width, uint32_t *ret_height,
		      char **ret_codec);
/** LIVE_UNIT: time and access unit. False when malformed. */
bool live_packet_unit(const struct live_packet *packet, uint64_t *ret_pts_us,
		      const uint8_t **ret_unit, size_t *ret_length);
