/** Writer side of a canvas memfd (vitrine-session only). One writer per canvas; callers serialise
 *  all calls with one lock.
 *
 *  Pixels are only changed between ring_writer_begin and ring_writer_end for the rectangle that
 *  covers them, so that a reader detects tearing by the generations of the 64x64 tiles. */
#pragma once

#include "base/rect.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring_writer;

/** Makes and seals a memfd for a picture of width x height and maps it. Returns 0 and *ret_writer;
 *  -EINVAL for a size that picture_size_ok refuses; -errno. Black canvas, empty ring. */
int ring_writer_create(uint32_t width, uint32_t height, struct ring_writer **ret_writer);
void ring_writer_destroy(struct ring_writer *writer);

int ring_writer_memfd(const struct ring_writer *writer);    /**< borrowed */
int ring_writer_doorbell(const struct ring_writer *writer); /**< borrowed */
uint64_t ring_writer_memfd_bytes(const struct ring_writer *writer);

/** The canvas: BGRX, first pixel, stride a multiple of 256 bytes (64 px). */
uint8_t *ring_writer_pixels(struct ring_writer *writer);
size_t ring_writer_stride_bytes(const struct ring_writer *writer);
uint32_t ring_writer_width(const struct ring_writer *writer);
uint32_t ring_writer_height(const struct ring_writer *writer);

/** Brackets a change of pixels inside `r` (already clipped): marks its tiles as being
 *  written, then as new. */
void ring_writer_begin(struct ring_writer *writer, const struct rect *r);
void ring_writer_end(struct ring_writer *writer, const struct rect *r);

/** Records. Picture records (paint, copy, fill, frame) are dropped and counted as overflow when the
 *  ring is nearly full; the reader then rescans.
 *  Cursor and event records use the space kept free for them; they return -ENOSPC only
 *  when even that is full. */
void ring_writer_paint(struct ring_writer *writer, uint64_t time_us, const struct rect *r);
void ring_writer_copy(struct ring_writer *writer, uint64_t time_us, const struct rect *to,
		      uint32_t from_x, uint32_t from_y);
void ring_writer_fill(struct ring_writer *writer, uint64_t time_us, const struct rect *r,
		      uint32_t bgrx);
void ring_writer_frame(struct ring_writer *writer, uint64_t time_us);
int ring_writer_cursor_shape(struct ring_writer *writer, uint64_t time_us, uint32_t width,
			     uint32_t height, uint32_t hot_x, uint32_t hot_y, const uint8_t *bgra);
int ring_writer_cursor_move(struct ring_writer *writer, uint64_t time_us, int32_t x, int32_t y,
			    bool visible);
int ring_writer_event(struct ring_writer *writer, uint64_t time_us, const char *json,
		      size_t length);

/** Rings the doorbell if the reader asked for it. Call after ring_writer_frame and after a lone
 *  cursor or event record. */
void ring_writer_ring(struct ring_writer *writer);
