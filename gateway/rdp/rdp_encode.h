/** Pixels into RDPGFX codecs ([MS-RDPEGFX] 2.2.4), chosen by how much changed. Knows no channel:
 *  commands go to a sink. */
#pragma once

#include "gateway/rdp/rdp_planar.h"

#include <stdbool.h>
#include <stdint.h>

struct rdp_encode;

/** What this viewer can decode besides planar. */
struct rdp_encode_caps {
	bool avc420, progressive;
};

enum rdp_codec { RDP_CODEC_PLANAR, RDP_CODEC_PROGRESSIVE, RDP_CODEC_AVC420 };

/** Small changes are text and must be exact at once; large ones are motion and must be quick. */
enum rdp_codec rdp_encode_choose(const struct rdp_encode_caps *caps, uint64_t painted_px);

/** NULL when out of memory. */
struct rdp_encode *rdp_encode_create(const struct rdp_encode_caps *caps, uint32_t width,
				     uint32_t height);
void rdp_encode_destroy(struct rdp_encode *encode);

/** Where the surface was moved inside itself: what was lossy at the source is lossy at the
 *  destination. */
void rdp_encode_copied(struct rdp_encode *encode, const struct picture_copy *copy);

/** Encodes `painted` of the picture: the first whole one without loss when that costs little, later
 *  ones as rdp_encode_choose says. now_us is remembered for what was sent with loss. */
bool rdp_encode_paint(struct rdp_encode *encode, const struct shadow *shadow,
		      const pixman_region32_t *painted, uint64_t now_us, rdp_encode_sink *sink,
		      void *user);

/** When the oldest lossy area will have been quiet for long enough to be sent again without loss;
 *  UINT64_MAX: nothing is lossy. */
uint64_t rdp_encode_refine_due_us(const struct rdp_encode *encode);
/** Sends part of what is due, without loss: at most about a quarter of a million pixels, so that
 *  new changes need not wait. */
bool rdp_encode_refine(struct rdp_encode *encode, const struct shadow *shadow, uint64_t now_us,
		       rdp_encode_sink *sink, void *user);
