/** Plays a segment and says what was seen: whether the recorder's bytes are pictures at all. Bytes
 *  come from a disk and are not trusted. Any thread. */
#pragma once

#include "recorder/mux/play.h"

struct play_result {
	uint32_t n_pictures;
	uint32_t width, height; /**< of the last one */
	uint8_t brightest;	/**< luma, over all pictures; 16 is black */
};

/** Returns as play() does. */
int play_check(const struct play_source *source, struct play_result *ret);
