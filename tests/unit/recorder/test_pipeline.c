/* The stream stays one that a decoder must accept when the encoder is replaced: pictures
 * in, segment files out. */
#include "recorder/pipeline.h"

#include "base/clock.h"
#include "recorder/budget.h"
#include "recorder/chain/verify.h"
#include "recorder/encode/stream_headers.h"
#include "recorder/ring/ring_writer.h"
#include "tests/support/signing_key.h"
#include "tests/support/temp_dir.h"

#include <string.h>

#define SESSION "6f9619ff-8b86-4011-b42d-00c04fc964ff"
#define STEP_US 1000000u

struct scene {
	char *dir;
	struct signing_key pem;
	struct chain_key *key;
	struct store *store;
	struct index *index;
	struct archive *archive;
	struct pipeline *pipeline;
	struct ring_writer *writer;
	uint64_t now_us;
};

static void nothing(void *user)
{
	(void)user;
}

static void no_event(void *user, const char *json, uint64_t t_us)
{
	(void)user;
	(void)json;
	(void)t_us;
}

static void scene_open(struct scene *s)
{
	const struct chain_genesis genesis = {
		.session_id = SESSION, .node = "test", .quality = "standard"};

	*s = (struct scene){.dir = temp_dir_create()};
	clock_test_set(STEP_US, STEP_US);
	signing_key_init(&s->pem, "test", NULL);
	s->key = chain_key_create(s->pem.key_pem, s->pem.certificate_pem, NULL);
	s->index = index_create(NULL, NULL, "test");
	g_assert_cmpint(store_open(s->dir, &s->store), ==, 0);
	const struct archive_services services = {
		.store = s->store, .key = s->key, .index = s->index};
	g_assert_cmpint(archive_create(&services, &genesis, &s->archive), ==, 0);
	archive_listen(s->archive, nothing, NULL);
	s->pipeline = pipeline_create(&(struct pipeline_output){.archive = s->archive, .qp = 24});
}

/* Everything is sealed then; the files can be read. */
static void scene_end_recording(struct scene *s)
{
	g_clear_pointer(&s->pipeline, pipeline_destroy);
	archive_finish(s->archive, s->now_us);
	while (archive_pending(s->archive) > 0) {
		g_assert_cmpint(archive_collect(s->archive, s->now_us), ==, 0);
		g_thread_yield();
	}
	g_clear_pointer(&s->archive, archive_destroy);
}

static void scene_close(struct scene *s)
{
	ring_writer_destroy(s->writer);
	index_destroy(s->index, 0);
	store_close(s->store);
	chain_key_destroy(s->key);
	signing_key_finish(&s->pem);
	temp_dir_remove(s->dir);
	g_free(s->dir);
}

static void open_canvas(struct scene *s, uint32_t width, uint32_t height)
{
	g_clear_pointer(&s->writer, ring_writer_destroy);
	g_assert_cmpint(ring_writer_create(width, height, &s->writer), ==, 0);
	g_assert_cmpint(pipeline_open_canvas(s->pipeline, ring_writer_memfd(s->writer),
					     ring_writer_doorbell(s->writer), width, height,
					     s->now_us),
			==, 0);
}

/* A second later the canvas has another colour, and that was encoded. */
static void paint(struct scene *s, uint8_t colour)
{
	const struct rect all = {0, 0, ring_writer_width(s->writer), ring_writer_height(s->writer)};
	uint64_t due_us;
	bool busy;

	s->now_us += STEP_US;
	ring_writer_begin(s->writer, &all);
	memset(ring_writer_pixels(s->writer), colour,
	       ring_writer_stride_bytes(s->writer) * all.height);
	ring_writer_end(s->writer, &all);
	ring_writer_paint(s->writer, s->now_us, &all);
	ring_writer_frame(s->writer, s->now_us);
	g_assert_cmpint(pipeline_drain(s->pipeline, no_event, NULL), ==, 0);
	g_assert_cmpint(pipeline_run(s->pipeline, s->now_us, &due_us, &busy), ==, 0);
}

static uint32_t get_u32(const char *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof value);
	return GUINT32_FROM_BE(value);
}

/* idr_pic_id of the first picture in a segment file; its NAL units have lengths where the
 * parser wants start codes. */
static uint32_t first_idr_id(const struct scene *s, unsigned number)
{
	g_autofree char *name = g_strdup_printf("seg-%05u.mp4", number);
	g_autofree char *path = g_build_filename(s->dir, SESSION, name, NULL);
	g_autofree char *bytes = NULL;
	struct stream_headers headers;
	gsize length = 0, at = 0;

	g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
	while (memcmp(bytes + at + 4, "mdat", 4) != 0)
		at += get_u32(bytes + at);
	gsize end = at + get_u32(bytes + at);
	g_assert_cmpuint(end, <=, length);
	for (gsize nal = at + 8; nal < end;) {
		gsize next = nal + 4 + get_u32(bytes + nal);
		memcpy(bytes + nal, "\0\0\0\1", 4);
		nal = next;
	}
	g_assert_true(
		stream_headers_parse((const uint8_t *)bytes + at + 8, end - at - 8, &headers));
	return headers.idr_pic_id;
}

/* 7.4.3: of two IDRs in a row the second has another idr_pic_id. A new quantiser and a new size
 * each bring a new encoder, whose numbers begin anew. */
static void test_idrs_in_a_row_differ(void)
{
	const struct budget_step coarser = {.interval_factor = 1, .qp_more = 3};
	struct scene s;

	scene_open(&s);
	open_canvas(&s, 128, 96);
	paint(&s, 50);
	pipeline_economise(s.pipeline, &coarser);
	paint(&s, 90);
	open_canvas(&s, 160, 96);
	paint(&s, 130);
	open_canvas(&s, 128, 96);
	paint(&s, 170);
	scene_end_recording(&s);
	for (unsigned number = 2; number <= 4; number++)
		g_assert_cmpuint(first_idr_id(&s, number), !=, first_idr_id(&s, number - 1));
	scene_close(&s);
}

/* ---- Sessions that lie ---- */

#define MANY 64u

static char filler[8000];

struct chatter {
	struct scene *scene;
	unsigned n_taken;
};

/* One event taken, one written: the ring is never empty. */
static void say_more(void *user, const char *json, uint64_t t_us)
{
	struct chatter *chatter = user;

	chatter->n_taken++;
	g_assert_cmpint(ring_writer_event(chatter->scene->writer, t_us, filler, sizeof filler), ==,
			0);
}

/* A turn ends, however fast the session writes: the others wait behind it. */
static void test_drain_is_bounded(void)
{
	struct scene s;
	struct chatter chatter = {.scene = &s};

	memset(filler, 'x', sizeof filler);
	scene_open(&s);
	open_canvas(&s, 64, 64);
	for (unsigned i = 0; i < 4; i++)
		g_assert_cmpint(ring_writer_event(s.writer, 0, filler, sizeof filler), ==, 0);
	g_assert_cmpint(pipeline_drain(s.pipeline, say_more, &chatter), ==, 1);
	g_assert_cmpuint(chatter.n_taken, >=, 100);
	g_assert_cmpuint(chatter.n_taken, <=, (1u << 20) / sizeof filler + 1);
	scene_end_recording(&s);
	scene_close(&s);
}

static uint64_t encoded(const struct scene *s)
{
	struct pipeline_stats stats;

	pipeline_stats(s->pipeline, &stats);
	return stats.frames_encoded - stats.keep_alives;
}

/* Runs until `until_us`, whenever the pipeline asks to. */
static void run_until(struct scene *s, uint64_t until_us)
{
	uint64_t due_us = s->now_us;
	bool busy;

	for (; due_us <= until_us; due_us = MAX(due_us, s->now_us + 1)) {
		s->now_us = due_us;
		g_assert_cmpint(pipeline_run(s->pipeline, s->now_us, &due_us, &busy), ==, 0);
	}
	s->now_us = until_us;
}

static void paint_corner(struct scene *s, uint8_t colour)
{
	const struct rect r = {0, 0, 16, 16};

	ring_writer_begin(s->writer, &r);
	for (uint32_t y = 0; y < r.height; y++)
		memset(ring_writer_pixels(s->writer) + y * ring_writer_stride_bytes(s->writer),
		       colour, (size_t)r.width * 4);
	ring_writer_end(s->writer, &r);
}

/* What the canvas shows is recorded although nobody told of it, and after a while that is said.
 * Told late, it is not. */
static void test_untold_change(void)
{
	const struct rect corner = {0, 0, 16, 16};
	struct scene s;

	scene_open(&s);
	open_canvas(&s, 200, 130);
	paint(&s, 10);
	run_until(&s, 100 * STEP_US);
	g_assert_cmpuint(encoded(&s), ==, 1);
	paint_corner(&s, 200);
	run_until(&s, 200 * STEP_US);
	g_assert_cmpuint(encoded(&s), ==, 2);
	g_assert_cmpuint(pipeline_take_untold(s.pipeline, s.now_us), ==, 1);
	g_assert_cmpuint(pipeline_take_untold(s.pipeline, s.now_us), ==, 0);
	paint_corner(&s, 90);
	while (encoded(&s) == 2)
		run_until(&s, s.now_us + STEP_US);
	ring_writer_paint(s.writer, s.now_us, &corner);
	g_assert_cmpint(pipeline_drain(s.pipeline, no_event, NULL), ==, 0);
	run_until(&s, s.now_us + 100 * STEP_US);
	g_assert_cmpuint(pipeline_take_untold(s.pipeline, s.now_us), ==, 0);
	scene_end_recording(&s);
	scene_close(&s);
}

/* A session's own count of what it lost, as large as it likes: its recording stays one
 * that can be verified. */
static void test_huge_losses(void)
{
	struct scene s;
	struct archive_totals totals;
	struct verify_report report;

	scene_open(&s);
	open_canvas(&s, 64, 64);
	for (unsigned i = 0; i < MANY; i++) {
		archive_count(s.archive, &(struct chain_counts){.lost = UINT64_MAX / 2});
		paint(&s, (uint8_t)i);
	}
	g_clear_pointer(&s.pipeline, pipeline_destroy);
	archive_finish(s.archive, s.now_us);
	while (archive_pending(s.archive) > 0) {
		g_assert_cmpint(archive_collect(s.archive, s.now_us), ==, 0);
		g_thread_yield();
	}
	g_assert_cmpint(archive_seal(s.archive, s.now_us, "viewer-left", "", &totals), ==, 0);
	g_clear_pointer(&s.archive, archive_destroy);
	g_autofree char *dir = g_build_filename(s.dir, SESSION, NULL);
	g_assert_cmpint(verify_recording(dir, NULL, NULL, &report), ==, 0);
	g_assert_true(report.sealed);
	verify_report_finish(&report);
	scene_close(&s);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pipeline/drain-is-bounded", test_drain_is_bounded);
	g_test_add_func("/pipeline/untold-change", test_untold_change);
	g_test_add_func("/pipeline/huge-losses", test_huge_losses);
	g_test_add_func("/pipeline/idrs-in-a-row-differ", test_idrs_in_a_row_differ);
	return g_test_run();
}
