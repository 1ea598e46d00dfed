/* The canvas ring with an honest writer: what goes in comes out, wrapping, overflow
 * and doorbell included. */
#include "base/clock.h"
#include "recorder/ring/ring_layout.h"
#include "recorder/ring/ring_reader.h"
#include "recorder/ring/ring_writer.h"

#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <string.h>

struct pair {
	struct ring_writer *writer;
	struct ring_reader *reader;
};

static struct pair pair_open(uint32_t width, uint32_t height)
{
	struct pair p;

	g_assert_cmpint(ring_writer_create(width, height, &p.writer), ==, 0);
	g_assert_cmpint(ring_reader_open(ring_writer_memfd(p.writer),
					 ring_writer_doorbell(p.writer), width, height, &p.reader),
			==, 0);
	return p;
}

static void pair_close(struct pair *p)
{
	ring_reader_close(p->reader);
	ring_writer_destroy(p->writer);
}

static bool doorbell_rings(struct pair *p)
{
	struct pollfd d = {ring_reader_doorbell(p->reader), POLLIN, 0};

	return poll(&d, 1, 0) == 1;
}

static void test_sizes(void)
{
	struct ring_writer *w;

	g_assert_cmpint(ring_writer_create(0, 100, &w), ==, -EINVAL);
	g_assert_cmpint(ring_writer_create(100, PICTURE_MAX_PX + 1, &w), ==, -EINVAL);
	struct pair p = pair_open(1366, 768);
	g_assert_cmpuint(ring_writer_stride_bytes(p.writer), ==, 22 * 64 * 4);
	g_assert_cmpuint(ring_writer_memfd_bytes(p.writer), >, 22 * 64 * 4 * 768);
	g_assert_cmpuint(ring_reader_width(p.reader), ==, 1366);
	g_assert_cmpuint(ring_reader_height(p.reader), ==, 768);
	pair_close(&p);
}

static void test_every_kind(void)
{
	struct pair p = pair_open(640, 480);
	const struct rect r = {600, 470, 100, 100}, to = {10, 20, 30, 40};
	uint8_t bgra[3 * 5 * 4];
	static const char json[] = "{\"type\":\"key\",\"text\":\"ä\"}";
	struct ring_record got;
	uint64_t now_us = clock_now_us();

	for (unsigned i = 0; i < sizeof bgra; i++)
		bgra[i] = (uint8_t)(i * 7);
	ring_writer_paint(p.writer, now_us, &r);
	ring_writer_copy(p.writer, now_us, &to, 100, 200);
	ring_writer_fill(p.writer, now_us, &to, 0x00112233);
	ring_writer_frame(p.writer, now_us);
	g_assert_cmpint(ring_writer_cursor_shape(p.writer, now_us, 3, 5, 2, 4, bgra), ==, 0);
	g_assert_cmpint(ring_writer_cursor_move(p.writer, now_us, -4, 900, true), ==, 0);
	g_assert_cmpint(ring_writer_event(p.writer, now_us, json, strlen(json)), ==, 0);

	g_assert_cmpint(ring_reader_next(p.reader, &got), ==, 1);
	g_assert_cmpint(got.kind, ==, RING_PAINT);
	g_assert_cmpuint(got.time_us, ==, now_us);
	g_assert_cmpuint(got.paint.width, ==, 40);
	g_assert_cmpuint(got.paint.height, ==, 10);
	g_assert_cmpint(ring_reader_next(p.reader, &got), ==, 1);
	g_assert_cmpint(got.kind, ==, RING_COPY);
	g_assert_cmpmem(&got.copy.to, sizeof to, &to, sizeof to);
	g_assert_cmpuint(got.copy.from_x, ==, 100);
	g_assert_cmpuint(got.copy.from_y, ==, 200);
	g_assert_cmpint(ring_reader_next(p.reader, &got), ==, 1);
	g_assert_cmpint(got.kind, ==, RING_FILL);
	g_assert_cmphex(got.fill.bgrx, ==, 0x00112233);
	g_assert_cmpint(ring_reader_next(p.reader, &got), ==, 1);
	g_assert_cmpint(got.kind, ==, RING_FRAME);
	g_assert_cmpint(ring_reader_next(p.reader, &got), ==, 1);
	g_assert_cmpint(got.kind, ==, RING_CURSOR_SHAPE);
	g_assert_cmpuint(got.cursor_shape.hot_y, ==, 4);
	g_assert_cmpmem(got.cursor_shape.bgra, sizeof bgra, bgra, sizeof bgra);
	g_assert_cmpint(ring_reader_next(p.reader, &got), ==, 1);
	g_assert_cmpint(got.kind, ==, RING_CURSOR_MOVE);
	g_assert_cmpint(got.cursor_move.x, ==, -4);
	g_assert_true(got.cursor_move.visible);
	g_assert_cmpint(ring_reader_next(p.reader, &got), ==, 1);
	g_assert_cmpint(got.kind, ==, RING_EVENT);
	g_assert_cmpstr(got.event.json, ==, json);
	g_assert_cmpint(ring_reader_next(p.reader, &got), ==, 0);
	pair_close(&p);
}

static void test_times(void)
{
	struct pair p = pair_open(64, 64);
	struct ring_record got;
	uint64_t before_us = clock_now_us();

	ring_writer_frame(p.writer, before_us);
	ring_writer_frame(p.writer, 5);
	ring_writer_frame(p.writer, UINT64_MAX);
	g_assert_cmpint(ring_reader_next(p.reader, &got), ==, 1);
	g_assert_cmpint(ring_reader_next(p.reader, &got), ==, 1);
	g_assert_cmpuint(got.time_us, ==, before_us);
	g_assert_cmpint(ring_reader_next(p.reader, &got), ==, 1);
	g_assert_cmpuint(got.time_us, >=, before_us);
	g_assert_cmpuint(got.time_us, <=, clock_now_us());
	pair_close(&p);
}

/* Events of every length pass the end of the ring several times and stay what they were. */
static void test_wrap(void)
{
	struct pair p = pair_open(64, 64);
	struct ring_record got;
	g_autofree char *text = g_malloc(RING_EVENT_MAX_BYTES);

	for (unsigned i = 1; i <= 2000; i++) {
		size_t length = 1 + i * 37 % RING_EVENT_MAX_BYTES;
		memset(text, 'a' + i % 26, length);
		g_assert_cmpint(ring_writer_event(p.writer, i, text, length), ==, 0);
		g_assert_cmpint(ring_reader_next(p.reader, &got), ==, 1);
		g_assert_cmpmem(got.event.json, got.event.length, text, length);
	}
	pair_close(&p);
}

static void test_full_ring_keeps_room(void)
{
	struct pair p = pair_open(640, 480);
	const struct rect r = {0, 0, 10, 10};
	g_autofree uint8_t *bgra = g_malloc0(RING_CURSOR_MAX_BYTES);
	struct ring_record got;
	unsigned paints = 0, events = 0;

	for (unsigned i = 0; i < 50000; i++)
		ring_writer_paint(p.writer, 0, &r);
	/* A full ring of pictures takes the largest cursor once, then still events. */
	g_assert_cmpint(ring_writer_cursor_shape(p.writer, 0, RING_CURSOR_MAX_PX,
						 RING_CURSOR_MAX_PX, 0, 0, bgra),
			==, 0);
	g_assert_cmpint(ring_writer_cursor_shape(p.writer, 0, RING_CURSOR_MAX_PX,
						 RING_CURSOR_MAX_PX, 0, 0, bgra),
			==, -ENOSPC);
	while (ring_writer_event(p.writer, 0, "{}", 2) == 0)
		events++;
	g_assert_cmpuint(events, >=, RING_KEEP_FOR_EVENTS_BYTES / 32);
	g_assert_cmpint(ring_writer_cursor_move(p.writer, 0, 1, 1, true), ==, -ENOSPC);

	while (ring_reader_next(p.reader, &got) == 1) {
		paints += got.kind == RING_PAINT;
		events -= got.kind == RING_EVENT;
	}
	g_assert_cmpuint(paints, >, 5000);
	g_assert_cmpuint(paints, <, 50000);
	g_assert_cmpuint(events, ==, 0);
	g_assert_true(ring_reader_take_overflow(p.reader));
	g_assert_false(ring_reader_take_overflow(p.reader));
	ring_writer_paint(p.writer, 0, &r);
	g_assert_cmpint(ring_reader_next(p.reader, &got), ==, 1);
	pair_close(&p);
}

static void test_refused_records(void)
{
	struct pair p = pair_open(64, 64);
	uint8_t pixel[4] = {0};
	static char longer[RING_EVENT_MAX_BYTES + 1];

	g_assert_cmpint(ring_writer_event(p.writer, 0, longer, sizeof longer), ==, -EINVAL);
	g_assert_cmpint(ring_writer_event(p.writer, 0, longer, 0), ==, -EINVAL);
	g_assert_cmpint(ring_writer_cursor_shape(p.writer, 0, 1, 1, 1, 0, pixel), ==, -EINVAL);
	g_assert_cmpint(ring_writer_cursor_shape(p.writer, 0, 0, 1, 0, 0, pixel), ==, -EINVAL);
	g_assert_cmpint(
		ring_writer_cursor_shape(p.writer, 0, RING_CURSOR_MAX_PX + 1, 1, 0, 0, pixel), ==,
		-EINVAL);
	g_assert_cmpint(ring_writer_cursor_shape(p.writer, 0, 0, 0, 0, 0, NULL), ==, 0);
	pair_close(&p);
}

static void test_tiles(void)
{
	struct pair p = pair_open(150, 70);
	const struct rect r = {130, 60, 20, 10};
	size_t stride = ring_writer_stride_bytes(p.writer);
	g_autofree uint8_t *out = g_malloc0(64 * 64 * 4);
	uint32_t value;

	g_assert_cmpuint(ring_reader_tile_generation(p.reader, 2, 1), ==, 0);
	ring_writer_begin(p.writer, &r);
	g_assert_cmpint(ring_reader_copy_tile(p.reader, 2, 1, NULL, out, 64 * 4), ==, -EAGAIN);
	g_assert_cmpint(ring_reader_copy_tile(p.reader, 1, 1, NULL, out, 64 * 4), ==, 0);
	for (uint32_t y = 60; y < 70; y++)
		memset(ring_writer_pixels(p.writer) + y * stride + 130 * 4, 0x5a, 20 * 4);
	ring_writer_end(p.writer, &r);
	g_assert_cmpint(ring_reader_copy_tile(p.reader, 2, 1, NULL, out, 64 * 4), ==, 0);
	memcpy(&value, out + 21 * 4, 4);
	g_assert_cmphex(value, ==, 0x5a5a5a5a);
	memcpy(&value, out + 22 * 4, 4); /* past the right edge: not copied */
	g_assert_cmphex(value, ==, 0);
	memcpy(&value, out + 6 * 64 * 4, 4); /* past the lower edge */
	g_assert_cmphex(value, ==, 0);
	const struct rect part = {140, 66, 8, 4}, across = {120, 66, 16, 4};
	memset(out, 0, 64 * 64 * 4);
	g_assert_cmpint(ring_reader_copy_tile(p.reader, 2, 1, &part, out, 64 * 4), ==, 0);
	memcpy(&value, out + (2 * 64 + 12) * 4, 4);
	g_assert_cmphex(value, ==, 0x5a5a5a5a);
	memcpy(&value, out + (2 * 64 + 11) * 4, 4); /* beside the part: not copied */
	g_assert_cmphex(value, ==, 0);
	g_assert_cmpint(ring_reader_copy_tile(p.reader, 2, 1, &across, out, 64 * 4), ==, -EINVAL);
	g_assert_cmpuint(ring_reader_tile_generation(p.reader, 2, 1), ==, 2);
	g_assert_cmpuint(ring_reader_tile_generation(p.reader, 2, 0), ==, 2);
	g_assert_cmpuint(ring_reader_tile_generation(p.reader, 1, 1), ==, 0);
	g_assert_cmpint(ring_reader_copy_tile(p.reader, 3, 0, NULL, out, 64 * 4), ==, -EINVAL);
	g_assert_cmpint(ring_reader_copy_tile(p.reader, UINT32_MAX, UINT32_MAX, NULL, out, 64 * 4),
			==, -EINVAL);
	pair_close(&p);
}

static void test_doorbell(void)
{
	struct pair p = pair_open(64, 64);
	struct ring_record got;

	ring_writer_frame(p.writer, 1);
	ring_writer_ring(p.writer);
	g_assert_false(doorbell_rings(&p)); /* nobody asked */
	g_assert_true(ring_reader_arm(p.reader));
	g_assert_cmpint(ring_reader_next(p.reader, &got), ==, 1);
	g_assert_false(ring_reader_arm(p.reader));
	ring_writer_frame(p.writer, 2);
	ring_writer_ring(p.writer);
	g_assert_true(doorbell_rings(&p));
	g_assert_true(ring_reader_arm(p.reader));
	g_assert_false(doorbell_rings(&p));
	pair_close(&p);
}

/* A recorder that died is followed by another one: events it had not read are still there. */
static void test_reopen(void)
{
	struct pair p = pair_open(64, 64);
	struct ring_record got;

	g_assert_cmpint(ring_writer_event(p.writer, 1, "{\"n\":1}", 7), ==, 0);
	g_assert_cmpint(ring_writer_event(p.writer, 2, "{\"n\":2}", 7), ==, 0);
	g_assert_cmpint(ring_reader_next(p.reader, &got), ==, 1);
	ring_reader_close(p.reader);
	g_assert_cmpint(ring_reader_open(ring_writer_memfd(p.writer),
					 ring_writer_doorbell(p.writer), 64, 64, &p.reader),
			==, 0);
	g_assert_cmpint(ring_reader_next(p.reader, &got), ==, 1);
	g_assert_cmpstr(got.event.json, ==, "{\"n\":2}");
	g_assert_cmpint(ring_reader_next(p.reader, &got), ==, 0);
	pair_close(&p);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/ring/sizes", test_sizes);
	g_test_add_func("/ring/every-kind", test_every_kind);
	g_test_add_func("/ring/times", test_times);
	g_test_add_func("/ring/wrap", test_wrap);
	g_test_add_func("/ring/full", test_full_ring_keeps_room);
	g_test_add_func("/ring/refused", test_refused_records);
	g_test_add_func("/ring/tiles", test_tiles);
	g_test_add_func("/ring/doorbell", test_doorbell);
	g_test_add_func("/ring/reopen", test_reopen);
	return g_test_run();
}
