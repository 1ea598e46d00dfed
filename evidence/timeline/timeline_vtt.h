/** A timeline as subtitles (WebVTT): keys as the words they make, window titles, notices and what a
 *  supervisor did. Times are the recording's own, as those of the pictures in an evidence file.
 *  One thread at a time. */
#pragma once

#include <glib.h>

struct timeline_vtt;

/** `out` is borrowed and gets the head at once. */
struct timeline_vtt *timeline_vtt_create(GString *out);
/** Appends the cues that are complete. `line` is a line of a timeline; what is not shown, or is no
 *  event, is passed over. */
void timeline_vtt_add(struct timeline_vtt *vtt, const char *line, size_t length);
/** Appends what is left, and frees it. */
void timeline_vtt_finish(struct timeline_vtt *vtt);
