/** HLS media playlists (RFC 8216) over the segments of a recording. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/** The playlist of `segments` (struct segment_row, in order). `complete`: the recording is closed,
 *  nothing will follow. Names are relative to the playlist. `started_utc_us` becomes
 *  EXT-X-PROGRAM-DATE-TIME. Free with g_free. */
char *hls_playlist(const GPtrArray *segments, uint64_t started_utc_us, bool complete);

/** True when `name` is an init or media file of one of these segments. */
bool hls_knows_file(const GPtrArray *segments, const char *name);
