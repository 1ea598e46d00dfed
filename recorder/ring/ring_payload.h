/** What one record says, read from a private copy of its payload. Nothing shared is touched here,
 *  so the layout and limits of each kind can be checked by reading this file alone.
 *  Private to ring_reader.c. */
#pragma once

#include "recorder/ring/ring_reader.h"

/** Checks a payload against its kind and the size of the canvas.
 *  kind          as the writer says; one that is not in enum ring_kind is refused
 *  payload       8-byte aligned, with room for one byte more than `bytes`: an event gets its NUL
 *                there
 *  width, height of the canvas, in pixels
 *  ret           points into `payload` afterwards; kind and time_us are left to the caller
 *  Returns false when the writer lies; *ret is undefined then. */
bool ring_payload_read(uint32_t kind, uint8_t *payload, size_t bytes, uint32_t width,
		       uint32_t height, struct ring_record *ret);
