/* Budgets of bytes and memory. It must not know what the bytes are. */
#include "recorder/budget.h"

#include "base/rect.h"

#include <glib.h>

#define HOUR_US 3600000000ull
#define BURST_PART_OF_HOUR 6u
#define WORK_BURST_US 1000000
/* Of one core. */
#define WORK_PART 2
/* BGRX shared with the session, NV12 here, and what encoders keep: a reference, a picture
 * being made, their tables. */
#define CANVAS_BYTES_PER_PX 12u
#define CANVAS_FIXED_BYTES (4u << 20)

const struct budget_step *budget_step(unsigned level)
{
	static const struct budget_step steps[BUDGET_LEVELS] = {{1, 0}, {2, 3}, {5, 6}, {15, 10}};

	return &steps[level];
}

static uint64_t burst_of(const struct byte_budget *budget)
{
	return budget->limits.bytes_per_hour / BURST_PART_OF_HOUR;
}

void byte_budget_init(struct byte_budget *budget, const struct byte_budget_limits *limits,
		      uint64_t now_us, uint64_t written_bytes)
{
	*budget = (struct byte_budget){
		.limits = *limits, .filled_us = now_us, .seen_bytes = written_bytes};
	budget->left_bytes = burst_of(budget);
}

/* Whole bytes only; the rest of the time is kept for the next call. */
static void refill(struct byte_budget *b, uint64_t now_us)
{
	uint64_t passed_us = MIN(now_us - MIN(now_us, b->filled_us), HOUR_US);
	uint64_t gained =
		(uint64_t)((double)b->limits.bytes_per_hour * (double)passed_us / (double)HOUR_US);

	if (gained == 0)
		return;
	b->left_bytes = MIN(b->left_bytes + gained, burst_of(b));
	b->filled_us = now_us;
}

/* A level is left only when three quarters are there again: otherwise it would change all the time,
 * and each change costs an IDR. */
static unsigned level_for(const struct byte_budget *b)
{
	uint64_t burst = burst_of(b), left = b->left_bytes;
	unsigned level = left >= burst / 2 ? 0 : left >= burst / 4 ? 1 : left >= burst / 8 ? 2 : 3;

	return level < b->level && left < burst / 4 * 3 ? b->level : level;
}

enum byte_budget_verdict byte_budget_spend(struct byte_budget *budget, uint64_t now_us,
					   uint64_t written_bytes)
{
	struct byte_budget *b = budget;
	uint64_t spent = written_bytes - MIN(written_bytes, b->seen_bytes);

	b->seen_bytes = written_bytes;
	if (b->limits.bytes != 0 && written_bytes > b->limits.bytes)
		return BUDGET_SIZE_SPENT;
	if (b->limits.bytes_per_hour == 0)
		return BUDGET_KEPT;
	refill(b, now_us);
	bool enough = spent <= b->left_bytes;
	b->left_bytes -= MIN(spent, b->left_bytes);
	b->level = level_for(b);
	return enough ? BUDGET_KEPT : BUDGET_RATE_SPENT;
}

void work_budget_init(struct work_budget *budget, uint64_t now_us)
{
	*budget = (struct work_budget){WORK_BURST_US, now_us};
}

uint64_t work_budget_spend(struct work_budget *budget, uint64_t now_us, uint64_t spent_us)
{
	struct work_budget *b = budget;
	uint64_t passed_us = MIN(now_us - MIN(now_us, b->filled_us), HOUR_US);

	b->left_us = MIN(b->left_us + (int64_t)(passed_us / WORK_PART), WORK_BURST_US) -
		     (int64_t)MIN(spent_us, HOUR_US);
	b->filled_us = MAX(b->filled_us, now_us);
	return b->left_us < 0 ? (uint64_t)-b->left_us * WORK_PART : 0;
}

uint64_t canvas_budget_cost(uint32_t width, uint32_t height)
{
	return picture_size_ok(width, height)
		       ? (uint64_t)width * height * CANVAS_BYTES_PER_PX + CANVAS_FIXED_BYTES
		       : UINT64_MAX;
}

bool canvas_budget_exchange(struct canvas_budget *budget, uint64_t held, uint64_t wanted)
{
	uint64_t used = atomic_load(&budget->used_bytes), next;

	if (budget->max_each_bytes != 0 && wanted > budget->max_each_bytes)
		return false;
	do {
		next = used - held + wanted;
		if (wanted > held && budget->max_bytes != 0 && next > budget->max_bytes)
			return false;
	} while (!atomic_compare_exchange_weak(&budget->used_bytes, &used, next));
	return true;
}
