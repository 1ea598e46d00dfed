/** What recording a trace costs: our way, and the plain way beside it. */
#pragma once

#include "tests/bench/recorder_traces.h"

#include <time.h>

/** What is replayed. */
struct replay {
	const struct trace *trace;
	unsigned n_sessions;
	uint32_t ms;
	uint32_t skip_ms; /**< so long at the beginning nothing is measured but bytes */
	/** Whose segments are encrypted, as they are by default: everybody's, or only those of
	 *  sessions with even or odd numbers. */
	enum replay_encrypted { REPLAY_ALL, REPLAY_EVEN, REPLAY_ODD } encrypted;
};

struct cost {
	uint64_t cpu_us, bytes;
	uint64_t plain_cpu_us; /**< of the sessions that are not encrypted; not in cpu_us */
	double seconds;	       /**< measured */
	/** Of each picture, uint32_t: from look to bytes in the store, and the processor's part of
	 *  it; NULL: not wanted. */
	GArray *latencies_us, *cpu_of_pictures_us;
	double rss_mib;
};

uint64_t cost_read_us(clockid_t id);

/** Replays sessions, all in one thread, through the real ring, pipeline and store on a clock that
 *  is turned by hand. Costs are of all of them together. `cost` is zero but for the arrays. */
void cost_ours(const struct replay *replay, struct cost *cost);

/** Whole pictures through swscale and libavcodec's veryfast at a fixed ten a second. */
void cost_plain(const struct trace *trace, uint32_t seconds, struct cost *cost);

/** Processor time of making a data key and sealing it to an archive certificate. */
double cost_data_key_ms(void);
