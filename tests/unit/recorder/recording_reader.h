/** Plays a recording from its files: every segment behind its init segment, all pictures decoded;
 *  the last one stays. Tests only. */
#pragma once

#include "tests/support/video_decode.h"

#include <glib.h>
#include <libavutil/frame.h>

struct recording_reader {
	AVFrame *last;
	GByteArray *corners; /**< luma of the upper left pixel of every picture */
	unsigned n_frames;
	int width, height;
	int64_t last_us;
};

void recording_reader_open(struct recording_reader *reader, const char *dir);
void recording_reader_close(struct recording_reader *reader);
int recording_reader_luma(const struct recording_reader *reader, unsigned x, unsigned y);
