/** Keys and pointer of a session in RDP's input flags. Pure arithmetic: knows no connection. */
#pragma once

#include "gateway/session/session.h"

#include <stdbool.h>
#include <stdint.h>

/** keyboardFlags of [MS-RDPBCGR] 2.2.8.1.1.3.1.1.1 for a KEY_SCANCODE or KEY_UNICODE event. */
uint16_t rdp_key_flags(const struct key_event *event);

/** What the target was told last. All zero: nothing yet. */
struct rdp_mouse {
	int32_t x, y;
	uint32_t buttons; /**< enum pointer_button */
	bool placed;	  /**< x and y are known to the target */
};

/** One mouse event: [MS-RDPBCGR] 2.2.8.1.1.3.1.1.3, or ...1.1.4 (side buttons) when `extended`. */
struct rdp_mouse_event {
	bool extended;
	uint16_t flags, x, y;
};

/** Longest wheel turn one event may hold: about 34 notches. More is not a hand, it is cut. */
#define RDP_WHEEL_MAX_UNITS (16 * 255)
#define RDP_MOUSE_MAX_EVENTS 40u

/** Writes only what changed since the last call: move, buttons, wheel. Returns how many events
 *  were written to `ret`. */
unsigned rdp_mouse_events(struct rdp_mouse *mouse, const struct pointer_event *event,
			  struct rdp_mouse_event ret[RDP_MOUSE_MAX_EVENTS]);
