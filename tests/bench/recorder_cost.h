/** What recording a trace costs: our way, and the plain way beside it. */
#pragma once

#include "tests/bench/recorder_traces.h"

#include <time.h>

struct cost {
	uint64_t cpu_us, bytes;
	uint32_t seconds; /**< measured */
	uint32_t
		skip_seconds; /**< to be set: so long at the beginning nothing is measured but bytes */
	/** Of each picture, uint32_t: from look to bytes in the store, and the processor's part of it; NULL: not wanted. */
	GArray *latencies_us, *cpu_of_pictures_us;
	double rss_mib;
};

uint64_t cost_read_us(clockid_t id);

/** Replays so many seconds in `n_sessions` sessions at once, in one thread, through the real ring, pipeline and store on a clock that is turned by
 *  hand. Costs are of all of them together. */
void cost_ours(const struct trace *trace, unsigned n_sessions, uint32_t seconds, struct cost *cost);

/** Whole pictures through swscale and libavcodec's veryfast at a fixed ten a second. */
void cost_plain(const struct trace *trace, uint32_t seconds, struct cost *cost);
