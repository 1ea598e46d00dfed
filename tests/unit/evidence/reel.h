/** Real pictures for recordings, and real pictures out of files: the recorder's encoder and muxer
 *  on one side, its player on the other. */
#pragma once

#include "recorder/encode/convert.h"
#include "tests/unit/evidence/recording.h"

/** Where pictures show "text" that differs from picture to picture; the rest of them has text, too,
 *  that moves every second picture only. */
#define REEL_SECRET ((struct rect){48, 64, 112, 48})
#define REEL_STEP_US UINT64_C(100000)

/** Adds a segment of `frames` pictures, each REEL_STEP_US after the other, the first numbered
 *  `first`. */
void reel_record(struct recording *recording, uint32_t width, uint32_t height, unsigned first,
		 unsigned frames, bool resized);

struct reel_picture {
	uint64_t time_us;
	struct nv12 picture;
};

/** All pictures of the first `bytes` bytes of an MP4: GArray of struct reel_picture. */
GArray *reel_play(const void *mp4, gsize bytes);
/** The one that stands at a time; NULL: none yet. */
const struct nv12 *reel_at(const GArray *pictures, uint64_t time_us);

/** Peak signal to noise over luma in dB, within a region or (`outside`) around it; 100 when
 *  equal. */
double reel_psnr(const struct nv12 *a, const struct nv12 *b, struct rect region, bool outside);
