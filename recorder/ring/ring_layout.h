/** What lies where in a canvas memfd. Included by ring_writer.c, ring_reader.c
 *  and ring_payload.c (and by tests that forge canvases), by nobody else.
 *
 *      byte 0      +--------------------------------------------------+
 *                  | header page (4096 bytes)                         |
 *                  |     0 magic, version, width, height, stride | written once by
 *                        the writer, then constant
 *                  |    32  offsets and sizes of the parts below      |
 *                  |   256  head u64, overflows u32                   |  the writer's cache lines
 *                  |   512  tail u64, reader_waits u32                |  the reader's cache lines
 *      4096        +--------------------------------------------------+
 *                  | pixels: height rows of stride bytes, BGRX;       |
 *                  |   stride = width rounded up to 64 px, times 4    |
 *      page start  +--------------------------------------------------+
 *                  | generations: one u32 per 64x64 tile, row by row; |
 *                  |   odd while the tile is being written            |
 *      page start  +--------------------------------------------------+
 *                  | ring: 1 MiB of records; byte p of the stream     |
 *                  |   lies at p modulo 1 MiB, records may wrap       |
 *      end         +--------------------------------------------------+
 *
 *  One record, 8-byte aligned, native byte order (both processes run on one machine):
 *
 *       0        4        8                16
 *      +--------+--------+----------------+---------------------------+
 *      | bytes  | kind   | time_us        | payload, zero padding     |
 *      +--------+--------+----------------+---------------------------+
 *        bytes = whole record, a multiple of 8
 *
 *  docs/ring.md tells the rest: who writes what, and what is dropped when the ring is full. */
#pragma once

#include "base/rect.h"
#include "recorder/ring/ring_reader.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define RING_MAGIC 0x676e7276u /* "vrng" */
#define RING_VERSION 1u
#define RING_PAGE_BYTES 4096u
#define RING_BYTES (1u << 20)

/** Picture records leave this much free, so that the largest cursor and all events still fit. */
#define RING_KEEP_FOR_CURSOR_BYTES (656u << 10)
/** Cursor records leave this much free for events. */
#define RING_KEEP_FOR_EVENTS_BYTES (64u << 10)

struct ring_header {
	uint32_t magic, version, width, height;
	uint32_t stride_bytes, tile_columns, tile_rows, ring_bytes;
	uint64_t pixels_offset, generations_offset, ring_offset, total_bytes;
	uint8_t reserved_a[192];
	_Atomic uint64_t head;	    /**< end of the newest record; only grows */
	_Atomic uint32_t overflows; /**< picture records dropped so far */
	uint8_t reserved_b[244];
	_Atomic uint64_t tail;	       /**< everything before it was read */
	_Atomic uint32_t reader_waits; /**< 1: ring the doorbell after the next record */
	uint8_t reserved_c[3572];
};

_Static_assert(offsetof(struct ring_header, head) == 256, "the picture above says so");
_Static_assert(offsetof(struct ring_header, tail) == 512, "the picture above says so");
_Static_assert(sizeof(struct ring_header) == RING_PAGE_BYTES, "one page");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2,
	       "a lock hidden in one process does not guard the other");

struct ring_record_head {
	uint32_t bytes, kind;
	uint64_t time_us;
};

/** Payloads by kind. FRAME has none. */
struct ring_paint {
	uint32_t x, y, width, height;
};
struct ring_copy {
	uint32_t x, y, width, height, from_x, from_y;
};
struct ring_fill {
	uint32_t x, y, width, height, bgrx, reserved;
};
struct ring_cursor_shape {
	uint32_t width, height, hot_x, hot_y; /* width * height BGRA pixels follow */
};
struct ring_cursor_move {
	int32_t x, y;
	uint32_t visible, reserved;
};
struct ring_event {
	uint32_t length, reserved; /* `length` bytes of JSON follow */
};

#define RING_CURSOR_MAX_BYTES (RING_CURSOR_MAX_PX * RING_CURSOR_MAX_PX * 4u)
#define RING_RECORD_MAX_BYTES                                                                      \
	(sizeof(struct ring_record_head) + sizeof(struct ring_cursor_shape) + RING_CURSOR_MAX_BYTES)

_Static_assert(RING_RECORD_MAX_BYTES + RING_KEEP_FOR_EVENTS_BYTES <= RING_KEEP_FOR_CURSOR_BYTES,
	       "a full ring of pictures still takes the largest cursor");

/** Sizes and places that follow from width and height alone; the reader computes them anew instead
 *  of believing the header. */
struct ring_layout {
	uint32_t stride_bytes, tile_columns, tile_rows;
	uint64_t pixels_offset, generations_offset, ring_offset, total_bytes;
};

static inline uint64_t ring_page_up(uint64_t bytes)
{
	return (bytes + RING_PAGE_BYTES - 1) & ~(uint64_t)(RING_PAGE_BYTES - 1);
}

/** `width` and `height` have passed picture_size_ok: nothing here can overflow. */
static inline struct ring_layout ring_layout_of(uint32_t width, uint32_t height)
{
	struct ring_layout l;

	l.tile_columns = (width + RING_TILE_PX - 1) / RING_TILE_PX;
	l.tile_rows = (height + RING_TILE_PX - 1) / RING_TILE_PX;
	l.stride_bytes = l.tile_columns * RING_TILE_PX * 4;
	l.pixels_offset = RING_PAGE_BYTES;
	l.generations_offset = l.pixels_offset + ring_page_up((uint64_t)l.stride_bytes * height);
	l.ring_offset = l.generations_offset + ring_page_up(4ull * l.tile_columns * l.tile_rows);
	l.total_bytes = l.ring_offset + RING_BYTES;
	return l;
}

static inline uint32_t ring_record_bytes(size_t payload_bytes)
{
	return (uint32_t)((sizeof(struct ring_record_head) + payload_bytes + 7) & ~(size_t)7);
}
