/* The stream stays one that a decoder must accept when the encoder is replaced: pictures in, segment files out. */
#include "recorder/pipeline.h"

#include "base/clock.h"
#include "recorder/budget.h"
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

/* idr_pic_id of the first picture in a segment file; its NAL units have lengths where the parser wants start codes. */
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

/* 7.4.3: of two IDRs in a row the second has another idr_pic_id. A new quantiser and a new size each bring a new encoder, whose numbers begin anew. */
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

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pipeline/idrs-in-a-row-differ", test_idrs_in_a_row_differ);
	return g_test_run();
}
