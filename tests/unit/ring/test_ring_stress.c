/* The canvas ring between two processes: no torn tile passes, no event is lost or overtakes
 * another, no wake-up is missed. */
#include "base/clock.h"
#include "recorder/ring/ring_reader.h"
#include "recorder/ring/ring_writer.h"
#include "tests/support/patience.h"

#include <glib.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define WIDTH 500u
#define HEIGHT 300u
#define COLUMNS ((WIDTH + 63) / 64)
#define ROWS ((HEIGHT + 63) / 64)
#define ROUNDS 20000u
#define PINGS 5000u

/* One colour per round in whole tiles, so that a torn tile shows as two colours. */
static void paint_round(struct ring_writer *w, unsigned seed, uint32_t value)
{
	uint32_t column = seed % COLUMNS, row = seed / COLUMNS % ROWS;
	struct rect r = {column * 64, row * 64, 64 * (1 + seed / 64 % 3),
			 64 * (1 + seed / 256 % 2)};

	rect_clip(&r, WIDTH, HEIGHT);
	ring_writer_begin(w, &r);
	for (uint32_t y = r.y; y < r.y + r.height; y++) {
		uint32_t *line = (void *)(ring_writer_pixels(w) + y * ring_writer_stride_bytes(w));
		for (uint32_t x = r.x; x < r.x + r.width; x++)
			line[x] = value;
	}
	ring_writer_end(w, &r);
	ring_writer_fill(w, clock_now_us(), &r, value);
	ring_writer_frame(w, clock_now_us());
}

static void put_event(struct ring_writer *w, unsigned n)
{
	char json[32];
	int length = snprintf(json, sizeof json, "{\"n\":%u}", n);

	while (ring_writer_event(w, clock_now_us(), json, (size_t)length) < 0) {
		ring_writer_ring(w);
		sched_yield();
	}
}

static void run_writer(struct ring_writer *w)
{
	unsigned seed = 1;

	for (unsigned n = 0; n < ROUNDS; n++) {
		seed = seed * 1103515245u + 12345u;
		paint_round(w, seed >> 8, n + 1);
		put_event(w, n);
		ring_writer_ring(w);
	}
	_exit(0);
}

static void wait_doorbell(struct ring_reader *r)
{
	struct pollfd d = {ring_reader_doorbell(r), POLLIN, 0};

	if (!ring_reader_arm(r))
		g_assert_cmpint(poll(&d, 1, PATIENCE_MS), ==, 1);
}

/* Returns false when the writer is inside just now; else the whole tile has one colour, and that is
 * at least as new as the record. */
static bool check_tile(struct ring_reader *r, uint32_t column, uint32_t row, uint32_t at_least)
{
	static uint32_t tile[64 * 64];
	uint32_t width = MIN(64u, WIDTH - column * 64), height = MIN(64u, HEIGHT - row * 64);

	if (ring_reader_copy_tile(r, column, row, NULL, (uint8_t *)tile, sizeof tile[0] * 64) != 0)
		return false;
	for (uint32_t y = 0; y < height; y++)
		for (uint32_t x = 0; x < width; x++)
			g_assert_cmpuint(tile[y * 64 + x], ==, tile[0]);
	g_assert_cmpuint(tile[0], >=, at_least);
	return true;
}

static void wait_child(pid_t child)
{
	int status;

	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void test_stress(void)
{
	struct ring_writer *w;
	struct ring_reader *r;
	struct ring_record got;
	unsigned events = 0, tiles = 0, busy = 0;

	g_assert_cmpint(ring_writer_create(WIDTH, HEIGHT, &w), ==, 0);
	pid_t child = fork();
	g_assert_cmpint(child, >=, 0);
	if (child == 0)
		run_writer(w);
	g_assert_cmpint(
		ring_reader_open(ring_writer_memfd(w), ring_writer_doorbell(w), WIDTH, HEIGHT, &r),
		==, 0);
	while (events < ROUNDS) {
		int result = ring_reader_next(r, &got);
		g_assert_cmpint(result, >=, 0);
		if (result == 0) {
			wait_doorbell(r);
		} else if (got.kind == RING_EVENT) {
			g_autofree char *want = g_strdup_printf("{\"n\":%u}", events++);
			g_assert_cmpstr(got.event.json, ==, want);
		} else if (got.kind == RING_FILL) {
			bool whole = check_tile(r, got.fill.rect.x / 64, got.fill.rect.y / 64,
						got.fill.bgrx);
			tiles += whole;
			busy += !whole;
		}
	}
	wait_child(child);
	g_test_message("%u tiles whole, %u while being written", tiles, busy);
	g_assert_cmpuint(tiles, >, 100);
	for (uint32_t row = 0; row < ROWS; row++)
		for (uint32_t column = 0; column < COLUMNS; column++)
			g_assert_true(check_tile(r, column, row, 1));
	ring_reader_close(r);
	ring_writer_destroy(w);
}

static void run_pinger(struct ring_writer *w, int pong)
{
	uint64_t count;

	for (unsigned n = 0; n < PINGS; n++) {
		put_event(w, n);
		ring_writer_ring(w);
		if (read(pong, &count, sizeof count) != sizeof count)
			_exit(1);
	}
	_exit(0);
}

/* The writer waits for each event to be read before it writes the next: one lost wake-up
 * and both wait for ever. */
static void test_no_lost_wakeup(void)
{
	struct ring_writer *w;
	struct ring_reader *r;
	struct ring_record got;
	static const uint64_t one = 1;
	int pong = eventfd(0, EFD_CLOEXEC);

	g_assert_cmpint(ring_writer_create(64, 64, &w), ==, 0);
	pid_t child = fork();
	g_assert_cmpint(child, >=, 0);
	if (child == 0)
		run_pinger(w, pong);
	g_assert_cmpint(ring_reader_open(ring_writer_memfd(w), ring_writer_doorbell(w), 64, 64, &r),
			==, 0);
	for (unsigned n = 0; n < PINGS;) {
		int result = ring_reader_next(r, &got);
		if (result == 0) {
			wait_doorbell(r);
			continue;
		}
		g_assert_cmpint(result, ==, 1);
		g_assert_cmpint(write(pong, &one, sizeof one), ==, sizeof one);
		n++;
	}
	wait_child(child);
	close(pong);
	ring_reader_close(r);
	ring_writer_destroy(w);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/ring/stress/tiles-and-events", test_stress);
	g_test_add_func("/ring/stress/wake-up", test_no_lost_wakeup);
	return g_test_run();
}
