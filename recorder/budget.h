/** What one session may cost: bytes in the store, memory for its canvas. It first gets fewer and
 *  coarser pictures, then its end; the others never notice. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/** 0: as its quality says; each step up to BUDGET_LEVELS - 1 costs less. */
#define BUDGET_LEVELS 4u

/** What a step means: pictures come at most every `interval_factor` fifteenths of a second, and are
 *  quantised `qp_more` steps coarser. */
struct budget_step {
	uint32_t interval_factor, qp_more;
};
/** `level` below BUDGET_LEVELS. */
const struct budget_step *budget_step(unsigned level);

struct byte_budget_limits {
	uint64_t bytes_per_hour; /**< 0: no limit */
	uint64_t bytes;		 /**< of the whole recording; 0: no limit */
};

/** A bucket that holds ten minutes' worth and is filled at the rate. One thread at a time. */
struct byte_budget {
	struct byte_budget_limits limits;
	uint64_t left_bytes, seen_bytes, filled_us;
	unsigned level;
};

/** `written_bytes`: what was written before and is not to be counted against the rate. */
void byte_budget_init(struct byte_budget *budget, const struct byte_budget_limits *limits,
		      uint64_t now_us, uint64_t written_bytes);

enum byte_budget_verdict {
	BUDGET_KEPT,	   /**< `level` says how; it may have changed */
	BUDGET_RATE_SPENT, /**< the coarsest level did not help either */
	BUDGET_SIZE_SPENT,
};
/** `written_bytes` so far, in all. Times do not fall. */
enum byte_budget_verdict byte_budget_spend(struct byte_budget *budget, uint64_t now_us,
					   uint64_t written_bytes);

/** Processor time: half a core in the long run, a second at once. A worker cannot be interrupted,
 *  so a session that makes dear work without end (a huge canvas that changes as a whole, paints
 *  that change nothing, canvas after canvas) rests between its turns. One thread at a time. */
struct work_budget {
	int64_t left_us;
	uint64_t filled_us;
};
void work_budget_init(struct work_budget *budget, uint64_t now_us);
/** `spent_us` were spent up to `now_us`; times do not fall. How long to rest from now on; 0: not at
 *  all. */
uint64_t work_budget_spend(struct work_budget *budget, uint64_t now_us, uint64_t spent_us);

/** Memory for canvases over all recordings. Any thread. */
struct canvas_budget {
	_Atomic uint64_t used_bytes;
	uint64_t max_bytes, max_each_bytes; /**< 0: no limit */
};

/** What a canvas of this size costs session and recorder together: shared pixels, the recorder's
 *  pictures, the encoder's. Sizes out of range: UINT64_MAX. */
uint64_t canvas_budget_cost(uint32_t width, uint32_t height);
/** Exchanges `held` bytes for `wanted`. False: there is no room, nothing changed. */
bool canvas_budget_exchange(struct canvas_budget *budget, uint64_t held, uint64_t wanted);
