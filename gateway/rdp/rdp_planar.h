/** Exact pixels for RDPGFX: RDP 6.0 planar ([MS-RDPEGDI] 2.2.2.5.1) in stripes, raw where planar
 *  gives up. Knows no channel and no choice of codec. */
#pragma once

#include "gateway/session/session.h"

#include <freerdp/channels/rdpgfx.h>
#include <stdbool.h>
#include <stddef.h>

/** Takes one finished surface command; false ends the encoding. `command` is valid during the
 *  call. */
typedef bool rdp_encode_sink(void *user, RDPGFX_SURFACE_COMMAND *command);

struct rdp_planar;

/** For pictures of this width. NULL when out of memory. */
struct rdp_planar *rdp_planar_create(uint32_t width);
/** NULL is fine. */
void rdp_planar_destroy(struct rdp_planar *planar);

/** Sends the pixels of a box that lies in the picture. False: out of memory, or the sink said
 *  so. */
bool rdp_planar_send(struct rdp_planar *planar, const struct shadow *shadow,
		     const pixman_box32_t *box, rdp_encode_sink *sink, void *user);

/** As rdp_planar_send for the whole picture, when that takes no more than `max_bytes`; `ret_sent`
 *  tells. Nothing is sent otherwise. */
bool rdp_planar_send_whole(struct rdp_planar *planar, const struct shadow *shadow, size_t max_bytes,
			   rdp_encode_sink *sink, void *user, bool *ret_sent);

/** Says what part of the surface a command is about, in our pixel format. */
void rdp_command_place(RDPGFX_SURFACE_COMMAND *command, uint32_t x, uint32_t y, uint32_t width,
		       uint32_t height);
