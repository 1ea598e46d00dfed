/** Live frames: what one streaming response to a browser is made of. Several sessions share it,
 *  because a browser opens only six HTTP/1.1 connections to a host.
 *
 *      u32 length      bytes behind this field, at most LIVE_FRAME_MAX_BYTES
 *      u8  kind        enum live_frame_kind
 *      u8  flags       LIVE_FRAME_KEY
 *      u16 slot        index into the request's `sessions=` list; 0xffff: the page as a whole
 *      u64 pts_us      of UNIT: microseconds, the recording's clock; else 0
 *      payload
 *
 *  All little-endian. Kinds and payloads:
 *
 *      OPEN   u32 width, u32 height, codec string before the first UNIT, after a
 *             resize and after each AWAY
 *      UNIT   Annex B access unit; with KEY an IDR behind SPS and PPS
 *      END    end reason key; nothing follows for this slot. When all slots have
 *             ended the response ends.
 *      AWAY   empty: the recorder cannot be reached; it is tried again, OPEN follows
 *      SKIP   empty: the browser was too slow, pictures were dropped; a KEY unit follows
 *      ALIVE  empty, slot 0xffff, each LIVE_FRAME_ALIVE_S seconds: the connection still stands
 *      LEAVE  text, slot 0xffff, last frame: the page may not watch any longer
 *             ("logged-out", "stopping")
 *
 *  web/console/live/demux.js is the other end. */
#pragma once

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

enum live_frame_kind {
	LIVE_FRAME_OPEN = 1,
	LIVE_FRAME_UNIT,
	LIVE_FRAME_END,
	LIVE_FRAME_AWAY,
	LIVE_FRAME_SKIP,
	LIVE_FRAME_ALIVE,
	LIVE_FRAME_LEAVE,
};

#define LIVE_FRAME_KEY 1u
#define LIVE_FRAME_PAGE 0xffffu
#define LIVE_FRAME_HEADER_BYTES 16u
#define LIVE_FRAME_MAX_BYTES ((8u << 20) + LIVE_FRAME_HEADER_BYTES)
#define LIVE_FRAME_ALIVE_S 5u

/** A frame, ready to be sent. `payload` may be NULL when length is 0. */
GBytes *live_frame_new(enum live_frame_kind kind, uint8_t flags, uint16_t slot, uint64_t pts_us,
		       const void *payload, size_t length);
