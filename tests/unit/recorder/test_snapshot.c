/* The recorder's picture after any damage is the canvas with its pointer, as if all of it had been
 * read, and the map says which macroblocks became different. */
#include "recorder/snapshot.h"

#include "recorder/ring/ring_writer.h"

#include <glib.h>
#include <string.h>

#define STEPS 300u
#define RECTS_MAX 4
#define POINTER_PX 24u

struct scene {
	GRand *random;
	struct ring_writer *writer;
	struct ring_reader *reader;
	struct snapshot snapshot;
	struct nv12 expected;
	struct macroblocks blocks; /**< what converting everything finds changed */
	uint32_t width, height;
};

static uint32_t below(struct scene *s, uint32_t end)
{
	return (uint32_t)g_rand_int_range(s->random, 0, (gint32)end);
}

static void scene_open(struct scene *s, uint32_t width, uint32_t height)
{
	*s = (struct scene){.random = g_rand_new_with_seed(31), .width = width, .height = height};
	g_assert_cmpint(ring_writer_create(width, height, &s->writer), ==, 0);
	g_assert_cmpint(ring_reader_open(ring_writer_memfd(s->writer),
					 ring_writer_doorbell(s->writer), width, height,
					 &s->reader),
			==, 0);
	g_assert_cmpint(snapshot_init(&s->snapshot, width, height), ==, 0);
	g_assert_cmpint(nv12_init(&s->expected, width, height), ==, 0);
	g_assert_cmpint(macroblocks_init(&s->blocks, width, height), ==, 0);
}

static void scene_close(struct scene *s)
{
	macroblocks_finish(&s->blocks);
	nv12_finish(&s->expected);
	snapshot_finish(&s->snapshot);
	ring_reader_close(s->reader);
	ring_writer_destroy(s->writer);
	g_rand_free(s->random);
}

static void paint(struct scene *s)
{
	uint32_t x = below(s, s->width), y = below(s, s->height);
	const struct rect r = {x, y, 1 + below(s, s->width - x), 1 + below(s, s->height - y)};
	uint8_t colour = (uint8_t)below(s, 256);

	ring_writer_begin(s->writer, &r);
	for (uint32_t row = r.y; row < r.y + r.height; row++)
		memset(ring_writer_pixels(s->writer) + row * ring_writer_stride_bytes(s->writer) +
			       (size_t)r.x * 4,
		       colour, (size_t)r.width * 4);
	ring_writer_end(s->writer, &r);
	ring_writer_paint(s->writer, 0, &r);
}

static void move_pointer(struct scene *s)
{
	static const uint8_t shape[POINTER_PX * POINTER_PX * 4] = {[0 ... sizeof shape - 1] = 200};

	if (below(s, 4) == 0)
		ring_writer_cursor_shape(s->writer, 0, POINTER_PX, 1 + below(s, POINTER_PX), 3, 0,
					 shape);
	ring_writer_cursor_move(s->writer, 0, (int32_t)below(s, s->width + 20) - 10,
				(int32_t)below(s, s->height + 20) - 10, below(s, 3) > 0);
}

static void read_ring(struct scene *s)
{
	struct ring_record record;

	while (ring_reader_next(s->reader, &record) > 0)
		snapshot_record(&s->snapshot, &record);
}

static unsigned expect(struct scene *s)
{
	const struct rect all = {0, 0, s->width, s->height};
	size_t stride = ring_writer_stride_bytes(s->writer);
	g_autofree uint8_t *bgrx = g_memdup2(ring_writer_pixels(s->writer), stride * s->height);

	cursor_blend(&s->snapshot.cursor, &all, bgrx, stride);
	memset(s->blocks.changed, 0, (size_t)s->blocks.columns * s->blocks.rows);
	return convert_bgrx_nv12_portable(bgrx, stride, &all, false, &s->expected, &s->blocks);
}

static void assert_expected(const struct scene *s)
{
	size_t bytes = s->expected.stride_bytes * s->blocks.rows * 16 * 3 / 2;

	g_assert_cmpmem(s->snapshot.picture.luma, bytes, s->expected.luma, bytes);
	g_assert_cmpmem(s->snapshot.blocks.changed, (size_t)s->blocks.columns * s->blocks.rows,
			s->blocks.changed, (size_t)s->blocks.columns * s->blocks.rows);
	g_assert_cmpuint(s->snapshot.n_dirty, ==, 0);
}

static void check_size(uint32_t width, uint32_t height)
{
	struct scene s;

	scene_open(&s, width, height);
	for (unsigned i = 0; i < STEPS; i++) {
		for (uint32_t n = below(&s, RECTS_MAX); n > 0; n--)
			paint(&s);
		if (below(&s, 2) == 0)
			move_pointer(&s);
		read_ring(&s);
		g_assert_false(snapshot_update(&s.snapshot, s.reader));
		unsigned n_changed = expect(&s);
		assert_expected(&s);
		/* Everything was told, so there is nothing to be found, however the parts were
		 * read. */
		g_assert_false(snapshot_compare(&s.snapshot, s.reader));
		assert_expected(&s);
		g_assert_cmpuint(s.snapshot.n_changed > 0, ==, n_changed > 0);
		snapshot_taken(&s.snapshot);
	}
	scene_close(&s);
}

/* Whole tiles, tiles cut in the middle of a macroblock, odd sides, a single tile. */
static void test_any_damage(void)
{
	static const uint32_t sizes[][2] = {
		{256, 128}, {200, 150}, {133, 71}, {321, 240}, {16, 16}};

	for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++)
		check_size(sizes[i][0], sizes[i][1]);
}

/* A picture says how little is read of it: what lies beside the damage is not looked at. */
static void test_reads_damage_only(void)
{
	const struct rect line = {40, 70, 100, 5};
	struct scene s;

	scene_open(&s, 256, 192);
	snapshot_update(&s.snapshot, s.reader);
	snapshot_mark(&s.snapshot, &line);
	g_assert_cmpuint(s.snapshot.n_dirty, ==, 3);
	const struct snapshot_tile *t = &s.snapshot.tiles[s.snapshot.columns];
	g_assert_cmpuint(t[0].left, ==, 32);
	g_assert_cmpuint(t[0].right, ==, 64);
	g_assert_cmpuint(t[2].left, ==, 0);
	g_assert_cmpuint(t[2].right, ==, 16);
	g_assert_cmpuint(t[0].top, ==, 6);
	g_assert_cmpuint(t[0].bottom, ==, 12);
	scene_close(&s);
}

/* A tile the writer is inside of waits with all its damage, and 254 looks later it is known to be
 * stuck. */
static void test_busy_tile(void)
{
	const struct rect first = {2, 2, 10, 10}, second = {40, 50, 10, 10};
	struct scene s;
	unsigned n = 0;

	scene_open(&s, 128, 64);
	snapshot_update(&s.snapshot, s.reader);
	ring_writer_begin(s.writer, &first);
	memset(ring_writer_pixels(s.writer), 255, ring_writer_stride_bytes(s.writer) * 64);
	snapshot_mark(&s.snapshot, &first);
	snapshot_mark(&s.snapshot, &second);
	while (!snapshot_update(&s.snapshot, s.reader))
		n++;
	g_assert_cmpuint(n, ==, 253);
	g_assert_cmpuint(s.snapshot.n_dirty, ==, 1);
	g_assert_cmpuint(s.snapshot.n_changed, ==, 0);
	ring_writer_end(s.writer, &first);
	g_assert_false(snapshot_update(&s.snapshot, s.reader));
	g_assert_cmpuint(s.snapshot.n_dirty, ==, 0);
	g_assert_cmpuint(s.snapshot.picture.luma[0], ==, 16); /* not damaged */
	g_assert_cmpuint(s.snapshot.picture.luma[2 * s.snapshot.picture.stride_bytes + 2], ==, 235);
	g_assert_cmpuint(s.snapshot.picture.luma[55 * s.snapshot.picture.stride_bytes + 45], ==,
			 235);
	scene_close(&s);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/snapshot/any-damage", test_any_damage);
	g_test_add_func("/snapshot/reads-damage-only", test_reads_damage_only);
	g_test_add_func("/snapshot/busy-tile", test_busy_tile);
	return g_test_run();
}
