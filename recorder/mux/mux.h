/** Fragmented MP4 (CMAF): one moof + mdat per access unit, so that every byte on disk up to the
 *  last whole fragment plays.
 *
 *  One muxer per picture size; its init segment goes into a file of its own. Decode times are true:
 *  microseconds since the recording began, in a track time scale of 1 000 000. SPS and PPS stay in
 *  front of every IDR (sample entry avc3, ISO/IEC 14496-15 5.4.2.1.2).
 *  One thread per muxer. */
#pragma once

#include "recorder/encode/encoder.h"

#include <stddef.h>
#include <stdint.h>

#define MUX_TIME_SCALE 1000000u

struct mux;

/** Makes a muxer and its init segment (ftyp + moov).
 *  first_key       an IDR with SPS and PPS in front, borrowed until return
 *  first_fragment  sequence number of the first moof, from 1; a muxer that continues a
 *                  recording continues the count
 *  Returns 0, -EINVAL when first_key has no parameter sets, -EIO when libavformat refuses. */
int mux_create(uint32_t width, uint32_t height, const struct access_unit *first_key,
	       uint32_t first_fragment, struct mux **ret_mux);
void mux_destroy(struct mux *mux);

struct mux_bytes {
	const uint8_t *bytes; /**< owned by the muxer until its next call */
	size_t length;
};

/** The init segment; its bytes live as long as the muxer. */
struct mux_bytes mux_init_segment(const struct mux *mux);

/** Wraps one access unit.
 *  dts_us       since the recording began; must rise
 *  duration_us  how long the picture may stand when nothing follows; longer than the truth is
 *               harmless, shorter makes Chromium's MSE drop everything up to the next IDR
 *  Returns 0 and the moof + mdat bytes, -EIO. */
int mux_fragment(struct mux *mux, const struct access_unit *unit, int64_t dts_us,
		 int64_t duration_us, struct mux_bytes *ret);
