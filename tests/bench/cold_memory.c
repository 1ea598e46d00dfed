/* The memory of many pictures, read in the orders that a recorder could choose. It must not know
 * the recorder: this is what the machine gives. */
#include "tests/bench/cold_memory.h"

#include "tests/bench/recorder_cost.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

#define STRIDE_BYTES 1920u
#define ROWS 1088u
#define PICTURE_BYTES ((size_t)STRIDE_BYTES * ROWS)
#define MB 16u
#define LINE_BYTES 64u
#define AHEAD_BYTES (4 * LINE_BYTES)
#define ROUNDS 9u
/* One is read so often in a round that the clock can tell. */
#define PASSES 32u

typedef uint64_t (*read_fn)(const uint8_t *picture);

static uint64_t sum_16(const uint8_t *at)
{
	uint64_t two[2];

	memcpy(two, at, sizeof two);
	return two[0] + two[1];
}

static uint64_t read_rows(const uint8_t *picture)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < PICTURE_BYTES; i += MB)
		sum += sum_16(picture + i);
	return sum;
}

static uint64_t read_macroblock(const uint8_t *at)
{
	uint64_t sum = 0;

	for (unsigned y = 0; y < MB; y++)
		sum += sum_16(at + (size_t)y * STRIDE_BYTES);
	return sum;
}

static uint64_t read_macroblocks(const uint8_t *picture)
{
	uint64_t sum = 0;

	for (unsigned y = 0; y < ROWS; y += MB)
		for (unsigned x = 0; x < STRIDE_BYTES; x += MB)
			sum += read_macroblock(picture + (size_t)y * STRIDE_BYTES + x);
	return sum;
}

/* Four macroblocks share their lines, and ask for a quarter each of those that come. */
static uint64_t read_macroblocks_fetched(const uint8_t *picture)
{
	uint64_t sum = 0;

	for (unsigned y = 0; y < ROWS; y += MB)
		for (unsigned x = 0; x < STRIDE_BYTES; x += MB) {
			const uint8_t *at = picture + (size_t)y * STRIDE_BYTES + x;
			unsigned first = x % LINE_BYTES / MB * (LINE_BYTES / MB);
			for (unsigned i = first; i < first + LINE_BYTES / MB; i++)
				__builtin_prefetch(at + (size_t)i * STRIDE_BYTES + AHEAD_BYTES);
			sum += read_macroblock(at);
		}
	return sum;
}

/* The cheapest of some rounds, in microseconds a picture. */
static double least_us(read_fn read, uint8_t *const *pictures, unsigned n)
{
	volatile uint64_t sum = 0;
	double least = 0;

	for (unsigned round = 0; round < ROUNDS; round++) {
		uint64_t from_us = cost_read_us(CLOCK_THREAD_CPUTIME_ID);
		for (unsigned i = 0; i < PASSES; i++)
			sum += read(pictures[i % n]);
		double us = (double)(cost_read_us(CLOCK_THREAD_CPUTIME_ID) - from_us) / PASSES;
		if (round == 0 || us < least)
			least = us;
	}
	return least;
}

void cold_memory_print(unsigned n_pictures)
{
	static const struct {
		const char *name;
		read_fn read;
	} orders[] = {{"rows", read_rows},
		      {"macroblocks", read_macroblocks},
		      {"and fetched", read_macroblocks_fetched}};
	g_autoptr(GPtrArray) pictures = g_ptr_array_new_with_free_func(g_free);

	for (unsigned i = 0; i < n_pictures; i++) {
		/* What is asked for ahead of the last macroblock lies behind the picture. */
		uint8_t *picture = g_malloc(PICTURE_BYTES + AHEAD_BYTES);
		memset(picture, (int)i, PICTURE_BYTES + AHEAD_BYTES);
		g_ptr_array_add(pictures, picture);
	}
	for (unsigned i = 0; i < G_N_ELEMENTS(orders); i++) {
		uint8_t *const *all = (uint8_t *const *)pictures->pdata;
		double warm_us = least_us(orders[i].read, all, 1);
		double cold_us = least_us(orders[i].read, all, n_pictures);
		printf("%-14s %8.3f %8.3f %7.1f %8.1f\n", orders[i].name, warm_us / 1000,
		       cold_us / 1000, (double)PICTURE_BYTES / warm_us / 1000,
		       (double)PICTURE_BYTES / cold_us / 1000);
	}
}
