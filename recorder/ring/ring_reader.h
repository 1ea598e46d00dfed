/** Reader side of a canvas memfd (recorder only). The writer is hostile until proven otherwise:
 *  every field is read once into a local, checked, then used; a lie yields -EPROTO and
 *  harms only that recording.
 *
 *  One reader per canvas; all functions on the thread that owns the recording. */
#pragma once

#include "base/rect.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ring_kind {
	RING_PAINT = 1, /**< pixels inside a rectangle changed */
	/** a rectangle was moved inside the canvas (RDP SurfaceToSurface / ScrBlt, VNC CopyRect) */
	RING_COPY,
	RING_FILL,	   /**< a rectangle got one colour */
	RING_FRAME,	   /**< everything before this belongs to one consistent picture */
	RING_CURSOR_SHAPE, /**< new cursor picture */
	RING_CURSOR_MOVE,  /**< cursor position and visibility */
	RING_EVENT,	   /**< timeline event from the session, one JSON object */
};

#define RING_CURSOR_MAX_PX 384u
#define RING_EVENT_MAX_BYTES 8192u

/** One record. Pointers point into a buffer of the reader and are valid until the next call. */
struct ring_record {
	enum ring_kind kind;
	/** CLOCK_MONOTONIC as the writer says; the reader makes it non-decreasing and not in the
	 *  future */
	uint64_t time_us;
	union {
		struct rect paint; /**< PAINT, clipped to the canvas */
		struct {
			struct rect to;
			uint32_t from_x, from_y;
		} copy; /**< COPY, source and destination inside the canvas */
		struct {
			struct rect rect;
			uint32_t bgrx;
		} fill;
		struct {
			uint32_t width, height, hot_x, hot_y;
			const uint8_t *bgra; /**< straight alpha, tightly packed */
		} cursor_shape;
		struct {
			int32_t x, y;
			bool visible;
		} cursor_move;
		struct {
			const char *json; /**< NUL-terminated UTF-8, not yet parsed */
			size_t length;
		} event;
	};
};

struct ring_reader;

/** Maps a canvas. Takes neither descriptor: memfd and doorbell are duplicated or mapped as needed
 *  and may be closed afterwards.
 *  Refuses (-EPROTO) a memfd without F_SEAL_SHRINK and F_SEAL_GROW, or whose size or header
 *  does not fit width x height.
 *  Returns 0 and *ret_reader, or -errno. */
int ring_reader_open(int memfd, int doorbell_fd, uint32_t width, uint32_t height,
		     struct ring_reader **ret_reader);
void ring_reader_close(struct ring_reader *reader);

uint32_t ring_reader_width(const struct ring_reader *reader);
uint32_t ring_reader_height(const struct ring_reader *reader);

/** The eventfd to poll; readable when the writer rang since the last ring_reader_arm. */
int ring_reader_doorbell(const struct ring_reader *reader);

/** Empties the doorbell and asks to be rung at the next record. Returns true when records are there
 *  already (then do not wait). */
bool ring_reader_arm(struct ring_reader *reader);

/** Next record. Returns 1 and *ret, 0 when the ring is empty, -EPROTO when the writer
 *  lies (do not call again). */
int ring_reader_next(struct ring_reader *reader, struct ring_record *ret);

/** Bytes of all records taken so far, by this reader and those before it. */
uint64_t ring_reader_taken_bytes(const struct ring_reader *reader);

/** How many picture records the writer had to drop since the last call because the ring was full:
 *  more than none, and any tile may have changed. */
uint32_t ring_reader_take_overflow(struct ring_reader *reader);

#define RING_TILE_PX 64u
/** Copies a part of one 64x64 tile (they are smaller at the right and lower edge) out of
 *  the canvas without tearing.
 *  part  in pixels of the canvas, inside the tile; NULL: all of it
 *  dst   BGRX; it points at the tile's first pixel, whatever the part
 *  Returns 0; -EAGAIN when the writer is inside this tile or changed it meanwhile: try again later;
 *  -EINVAL: no such tile or part. */
int ring_reader_copy_tile(struct ring_reader *reader, uint32_t column, uint32_t row,
			  const struct rect *part, uint8_t *dst, size_t dst_stride_bytes);

/** Has a part of a tile, which ring_reader_copy_tile will be asked for soon, brought into the
 *  processor's cache. `part` is inside the canvas. */
void ring_reader_fetch(const struct ring_reader *reader, const struct rect *part);

/** Generation of a tile: changes whenever its pixels do; odd while being written. For rescans after
 *  an overflow or a restart. */
uint32_t ring_reader_tile_generation(const struct ring_reader *reader, uint32_t column,
				     uint32_t row);
