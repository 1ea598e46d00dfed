/** A QR code (ISO/IEC 18004) as squares on a page. */
#pragma once

#include <cairo.h>
#include <stdbool.h>

/** Draws `text` in black into a square of `size` points at x, y; the quiet zone of four modules
 *  around it is the caller's. False: the text is too long for a code. */
bool qr_draw(cairo_t *cr, const char *text, double x, double y, double size);
