/** The viewer's wish for another size ([MS-RDPEDISP]). Front thread only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <winpr/handle.h>

struct rdp_front;
struct rdp_display;

struct rdp_display *rdp_display_create(struct rdp_front *front);
void rdp_display_destroy(struct rdp_display *display);
unsigned rdp_display_handles(struct rdp_display *display, HANDLE *handles);
/** Opens the channel when dynamic channels are ready; hands wishes to the core. False: the
 *  viewer broke the protocol. */
bool rdp_display_poll(struct rdp_display *display);

/** The smallest rectangle around all monitors of a Monitor Layout message. False: it is none.
 *  Sizes are not clamped. */
bool rdp_display_parse(const uint8_t *bytes, size_t length, uint32_t *ret_width,
		       uint32_t *ret_height);
/** For the timeline: the monitors of a message that rdp_display_parse takes, as one
 *  JSON object. g_free it. */
char *rdp_display_describe(const uint8_t *bytes);
