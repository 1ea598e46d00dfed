/* idle_recording STORE SESSION: records a desktop that changes its colour and then stands still for
 * a minute and a quarter, twice, into an existing directory STORE, through the real ring, pipeline
 * and archive, on a clock that is turned by hand. Plain, for tests of playback. */
#include "base/clock.h"
#include "base/secret.h"
#include "recorder/encode/idr_pool.h"
#include "recorder/pipeline.h"
#include "recorder/ring/ring_writer.h"
#include "tests/support/signing_key.h"

#define START_US 1000000000ull
#define WIDTH 640u
#define HEIGHT 360u
#define QP 24

struct scene {
	uint64_t at_us;
	uint32_t bgrx;
};

/* One IDR for all of it: whatever a player drops behind a pause stays lost to the end. */
static const struct scene scenes[] = {
	{0, 0x00ff0000}, {1000000, 0x0000ff00}, {76000000, 0x000000ff}, {151000000, 0x00ffff00}};
#define END_US 155000000ull

static void wake(void *user)
{
	g_async_queue_push(user, GUINT_TO_POINTER(1));
}

static void no_event(void *user, const char *json, uint64_t t_us)
{
}

static void fill(struct ring_writer *writer, const struct rect *area, const struct scene *scene)
{
	uint8_t *pixels = ring_writer_pixels(writer);
	size_t stride = ring_writer_stride_bytes(writer);
	uint32_t noise = 1;

	ring_writer_begin(writer, area);
	for (uint32_t y = area->y; y < area->y + area->height; y++)
		for (uint32_t x = area->x; x < area->x + area->width; x++) {
			uint32_t *pixel = (uint32_t *)(void *)(pixels + y * stride + (size_t)x * 4);
			noise = noise * 1664525u + 1013904223u;
			*pixel = scene != NULL ? scene->bgrx : noise >> 8;
		}
	ring_writer_end(writer, area);
	ring_writer_paint(writer, clock_now_us(), area);
	ring_writer_frame(writer, clock_now_us());
}

/* The middle. Around it lies noise, beside which the changes weigh so little that one
 * segment takes them all. */
static void paint(struct ring_writer *writer, const struct scene *scene)
{
	const struct rect whole = {0, 0, WIDTH, HEIGHT};
	const struct rect middle = {WIDTH / 4, HEIGHT / 4, WIDTH / 2, HEIGHT / 2};

	clock_test_set(START_US + scene->at_us, START_US + scene->at_us);
	if (scene->at_us == 0)
		fill(writer, &whole, NULL);
	fill(writer, &middle, scene);
}

/* Until `until_us`, as a worker would: whenever something is due. */
static void run(struct pipeline *pipeline, struct archive *archive, uint64_t from_us,
		uint64_t until_us)
{
	uint64_t due_us = from_us;
	bool busy;

	while (due_us < until_us) {
		uint64_t now_us = due_us;
		clock_test_set(START_US + now_us, START_US + now_us);
		g_assert_cmpint(pipeline_drain(pipeline, no_event, NULL), ==, 0);
		g_assert_cmpint(pipeline_run(pipeline, now_us, &due_us, &busy), ==, 0);
		g_assert_cmpint(archive_collect(archive, now_us), ==, 0);
	}
}

static void record(struct archive *archive, struct idr_pool *pool)
{
	const struct pipeline_output output = {
		.archive = archive, .origin_us = START_US, .qp = QP, .idr_pool = pool};
	struct pipeline *pipeline = pipeline_create(&output);
	struct ring_writer *writer;

	g_assert_cmpint(ring_writer_create(WIDTH, HEIGHT, &writer), ==, 0);
	paint(writer, &scenes[0]);
	g_assert_cmpint(pipeline_open_canvas(pipeline, ring_writer_memfd(writer),
					     ring_writer_doorbell(writer), WIDTH, HEIGHT, 0),
			==, 0);
	for (unsigned i = 0; i < G_N_ELEMENTS(scenes); i++) {
		bool last = i + 1 == G_N_ELEMENTS(scenes);
		if (i > 0)
			paint(writer, &scenes[i]);
		run(pipeline, archive, scenes[i].at_us, last ? END_US : scenes[i + 1].at_us);
	}
	pipeline_destroy(pipeline);
	ring_writer_destroy(writer);
}

int main(int argc, char **argv)
{
	struct signing_key pem;
	struct store *store;
	struct archive *archive;
	struct archive_totals totals;

	if (argc != 3 || secret_init() != 0)
		return 2;
	clock_test_set(START_US, START_US);
	signing_key_init(&pem, "node1", NULL);
	struct chain_key *key = chain_key_create(pem.key_pem, pem.certificate_pem, NULL);
	struct index *index = index_create(NULL, NULL, "node1");
	struct idr_pool *pool = idr_pool_create(1);
	g_autoptr(GAsyncQueue) woken = g_async_queue_new();
	g_assert_cmpint(store_open(argv[1], &store), ==, 0);
	const struct archive_services services = {.store = store, .key = key, .index = index};
	const struct chain_genesis genesis = {
		.session_id = argv[2], .node = "node1", .quality = "standard"};
	g_assert_cmpint(archive_create(&services, &genesis, &archive), ==, 0);
	archive_listen(archive, wake, woken);
	record(archive, pool);
	archive_finish(archive, END_US);
	while (archive_pending(archive) > 0) {
		g_async_queue_pop(woken);
		g_assert_cmpint(archive_collect(archive, END_US), ==, 0);
	}
	g_assert_cmpint(archive_seal(archive, END_US, "viewer-left", "", &totals), ==, 0);
	archive_destroy(archive);
	store_close(store);
	idr_pool_destroy(pool);
	index_destroy(index, 0);
	chain_key_destroy(key);
	signing_key_finish(&pem);
	return 0;
}
