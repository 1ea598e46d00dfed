/** The RDP front's graphics pipeline towards the viewer ([MS-RDPEGFX]). Front thread only. */
#pragma once

#include "gateway/rdp/rdp_encode.h"
#include "gateway/session/session.h"

#include <freerdp/channels/rdpgfx.h>
#include <stdbool.h>
#include <stdint.h>
#include <winpr/handle.h>

struct rdp_front;
struct rdp_gfx;

/** NULL when out of memory. The channel opens later, by itself, when the viewer's side is ready. */
struct rdp_gfx *rdp_gfx_create(struct rdp_front *front);
void rdp_gfx_destroy(struct rdp_gfx *gfx);

/** Adds the channel's event to `handles`; returns how many. */
unsigned rdp_gfx_handles(struct rdp_gfx *gfx, HANDLE *handles);
/** Opens the channel, reads what waits. False: the viewer broke the protocol. */
bool rdp_gfx_poll(struct rdp_gfx *gfx);
/** A dynamic channel was answered by the viewer; negative `status`: it does not know it. */
void rdp_gfx_channel_created(struct rdp_gfx *gfx, uint32_t channel_id, int32_t status);

enum rdp_gfx_state {
	RDP_GFX_WAITING, /**< not yet known whether the viewer's side comes up */
	RDP_GFX_READY,
	RDP_GFX_ABSENT, /**< use bitmaps */
};
enum rdp_gfx_state rdp_gfx_state(const struct rdp_gfx *gfx);
/** Until when RDP_GFX_WAITING may last; UINT64_MAX in the other states. */
uint64_t rdp_gfx_give_up_us(const struct rdp_gfx *gfx);
/** The viewer lost (or never had) the surface: rdp_gfx_resize first. */
bool rdp_gfx_has_surface(const struct rdp_gfx *gfx);
/** Fewer frames on their way than this viewer may have. */
bool rdp_gfx_may_send(const struct rdp_gfx *gfx);

/** Makes the viewer's desktop this large and black. */
bool rdp_gfx_resize(struct rdp_gfx *gfx, uint32_t width, uint32_t height);
bool rdp_gfx_send(struct rdp_gfx *gfx, const struct shadow *shadow,
		  const struct picture_update *update);
/** Sends a part of what was sent with loss and has been quiet since. */
bool rdp_gfx_refine(struct rdp_gfx *gfx, const struct shadow *shadow);
uint64_t rdp_gfx_refine_due_us(const struct rdp_gfx *gfx);

/** The best of the advertised capability sets and what it allows. False: none that we know. */
bool rdp_gfx_choose_caps(const RDPGFX_CAPSET *sets, unsigned n_sets, RDPGFX_CAPSET *ret_set,
			 struct rdp_encode_caps *ret_caps);
