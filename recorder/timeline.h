/** Lines of the timeline: JSON Lines, one event each, beside the video of the segment it belongs
 *  to. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Who says so. What the gateway says cannot be forged by a session. */
#define TIMELINE_SESSION "session"
#define TIMELINE_GATEWAY "gateway"
#define TIMELINE_RECORDER "recorder"
/** That and when is the recorder's word, who and where from the web program's. */
#define TIMELINE_WEB "web"

/** One line with its newline: {"t_us":..., "origin":..., and the members of `json`}. `json` is not
 *  trusted; members called t_us or origin are dropped.
 *  NULL when it is not one JSON object, or longer than a line may be. g_free it. */
char *timeline_line(const char *json, const char *origin, uint64_t t_us);

/** A line of timeline_line: does it say what was typed? */
bool timeline_is_keystroke(const char *line);

/** Keeps a flood of events from filling the disk: about 64 kB a second, 1 MB at once; short
 *  ones cost 128 bytes, too. */
struct timeline_budget {
	uint64_t left_bytes, filled_us;
	uint64_t n_dropped;
};
void timeline_budget_init(struct timeline_budget *budget, uint64_t now_us);
/** True when `bytes` more may be written now; otherwise it is counted in n_dropped. */
bool timeline_budget_take(struct timeline_budget *budget, uint64_t now_us, size_t bytes);
