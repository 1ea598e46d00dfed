/* What recording costs: deterministic traces through the real ring, pipeline and store on a clock that is turned by hand, so that half an hour of an idle desktop takes
 * seconds; beside it, in the same run, the plain way (whole pictures through swscale and libavcodec's veryfast at a fixed 10 a second). */
#include "base/clock.h"
#include "recorder/encode/idr_pool.h"
#include "recorder/pipeline.h"
#include "tests/bench/recorder_traces.h"
#include "tests/support/signing_key.h"
#include "tests/support/temp_dir.h"

#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define START_US 1000000000ull
#define PLAIN_FPS 10
#define PLAIN_SECONDS 6
#define SESSION "6f9619ff-8b86-4011-b42d-00c04fc964ff"

static uint64_t read_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000;
}

struct cost {
	uint64_t cpu_us, bytes;
	GArray *latencies_us;
	double rss_mib;
};

/* ---- Our way ---- */

struct bench {
	char *dir;
	struct signing_key pem;
	struct chain_key *key;
	struct store *store;
	struct index *index;
	struct idr_pool *idr_pool;
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

static void bench_init(struct bench *b)
{
	const struct chain_genesis genesis = {
		.session_id = SESSION, .node = "bench", .quality = "standard"};

	b->now_us = START_US;
	clock_test_set(b->now_us, b->now_us);
	b->dir = temp_dir_create();
	signing_key_init(&b->pem, "bench", NULL);
	b->key = chain_key_create(b->pem.key_pem, b->pem.certificate_pem, NULL);
	b->idr_pool = idr_pool_create(1);
	b->index = index_create(NULL, NULL, "bench");
	g_assert_cmpint(store_open(b->dir, &b->store), ==, 0);
	const struct archive_services services = {b->store, b->key, b->index};
	g_assert_cmpint(archive_create(&services, &genesis, &b->archive), ==, 0);
	archive_listen(b->archive, nothing, NULL);
	const struct pipeline_output output = {
		.archive = b->archive, .origin_us = START_US, .qp = 24, .idr_pool = b->idr_pool};
	b->pipeline = pipeline_create(&output);
	g_assert_cmpint(ring_writer_create(TRACE_WIDTH, TRACE_HEIGHT, &b->writer), ==, 0);
	trace_background(b->writer, b->now_us);
}

static void bench_finish(struct bench *b, struct cost *cost)
{
	struct archive_totals totals;

	pipeline_destroy(b->pipeline);
	archive_finish(b->archive, b->now_us - START_US);
	while (archive_pending(b->archive) > 0) {
		archive_collect(b->archive, b->now_us - START_US);
		g_usleep(1000);
	}
	archive_totals(b->archive, &totals);
	cost->bytes = totals.bytes;
	archive_destroy(b->archive);
	idr_pool_destroy(b->idr_pool);
	index_destroy(b->index, 0);
	store_close(b->store);
	chain_key_destroy(b->key);
	signing_key_finish(&b->pem);
	ring_writer_destroy(b->writer);
	temp_dir_remove(b->dir);
	g_free(b->dir);
}

static double rss_mib(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long pages = 0, resident = 0, shared = 0;

	if (file == NULL || fscanf(file, "%ld %ld %ld", &pages, &resident, &shared) != 3)
		exit(EXIT_FAILURE);
	fclose(file);
	return (double)(resident - shared) * (double)sysconf(_SC_PAGESIZE) / 1048576;
}

/* One turn of the recording's task, measured. Returns when the next is due. */
static uint64_t turn(struct bench *b, struct cost *cost)
{
	struct pipeline_stats before, after;
	uint64_t due_us;
	bool busy;

	clock_test_set(b->now_us, b->now_us);
	pipeline_stats(b->pipeline, &before);
	uint64_t cpu_us = read_us(CLOCK_THREAD_CPUTIME_ID), wall_us = read_us(CLOCK_MONOTONIC);
	g_assert_cmpint(pipeline_drain(b->pipeline, no_event, NULL), >=, 0);
	g_assert_cmpint(pipeline_run(b->pipeline, b->now_us - START_US, &due_us, &busy), ==, 0);
	pipeline_arm(b->pipeline);
	g_assert_cmpint(archive_collect(b->archive, b->now_us - START_US), ==, 0);
	cost->cpu_us += read_us(CLOCK_THREAD_CPUTIME_ID) - cpu_us;
	pipeline_stats(b->pipeline, &after);
	uint32_t latency_us = (uint32_t)(read_us(CLOCK_MONOTONIC) - wall_us);
	if (after.frames_encoded > before.frames_encoded && after.keep_alives == before.keep_alives)
		g_array_append_val(cost->latencies_us, latency_us);
	return due_us == UINT64_MAX ? UINT64_MAX : START_US + due_us;
}

static void run_ours(const struct trace *trace, struct cost *cost)
{
	struct bench b;
	double rss_before = rss_mib();

	bench_init(&b);
	g_assert_cmpint(pipeline_open_canvas(b.pipeline, ring_writer_memfd(b.writer),
					     ring_writer_doorbell(b.writer), TRACE_WIDTH,
					     TRACE_HEIGHT, 0),
			==, 0);
	uint64_t end_us = START_US + trace->seconds * 1000000ull, next_paint_us = UINT64_MAX,
		 due_us = START_US;
	if (trace->step_ms > 0)
		next_paint_us = START_US + trace->step_ms * 1000ull;
	for (uint32_t step = 0; b.now_us < end_us;) {
		if (b.now_us >= next_paint_us) {
			trace->paint(b.writer, b.now_us, step++);
			next_paint_us += trace->step_ms * 1000ull;
		}
		due_us = turn(&b, cost);
		b.now_us = MAX(b.now_us + 1, MIN(due_us, next_paint_us));
	}
	cost->rss_mib = rss_mib() - rss_before;
	bench_finish(&b, cost);
}

/* ---- The plain way ---- */

static AVCodecContext *open_veryfast(void)
{
	AVCodecContext *c = avcodec_alloc_context3(avcodec_find_encoder_by_name("libx264"));

	c->width = TRACE_WIDTH;
	c->height = TRACE_HEIGHT;
	c->pix_fmt = AV_PIX_FMT_YUV420P;
	c->time_base = (AVRational){1, PLAIN_FPS};
	c->thread_count = 1;
	c->gop_size = PLAIN_FPS * 10;
	av_opt_set(c->priv_data, "preset", "veryfast", 0);
	av_opt_set(c->priv_data, "crf", "23", 0);
	g_assert_cmpint(avcodec_open2(c, NULL, NULL), ==, 0);
	return c;
}

static void plain_frame(AVCodecContext *codec, struct SwsContext *scale, AVFrame *frame,
			AVPacket *packet, struct ring_writer *writer, struct cost *cost)
{
	const uint8_t *const planes[] = {ring_writer_pixels(writer)};
	const int strides[] = {(int)ring_writer_stride_bytes(writer)};
	uint64_t cpu_us = read_us(CLOCK_THREAD_CPUTIME_ID);

	g_assert_cmpint(av_frame_make_writable(frame), ==, 0);
	sws_scale(scale, planes, strides, 0, TRACE_HEIGHT, frame->data, frame->linesize);
	frame->pts++;
	g_assert_cmpint(avcodec_send_frame(codec, frame), ==, 0);
	while (avcodec_receive_packet(codec, packet) == 0) {
		cost->bytes += (uint64_t)packet->size;
		av_packet_unref(packet);
	}
	cost->cpu_us += read_us(CLOCK_THREAD_CPUTIME_ID) - cpu_us;
}

static void run_plain(const struct trace *trace, struct cost *cost)
{
	struct ring_writer *writer;
	AVCodecContext *codec = open_veryfast();
	struct SwsContext *scale =
		sws_getContext(TRACE_WIDTH, TRACE_HEIGHT, AV_PIX_FMT_BGR0, TRACE_WIDTH,
			       TRACE_HEIGHT, AV_PIX_FMT_YUV420P, SWS_BICUBIC, NULL, NULL, NULL);
	AVFrame *frame = av_frame_alloc();
	AVPacket *packet = av_packet_alloc();

	g_assert_cmpint(ring_writer_create(TRACE_WIDTH, TRACE_HEIGHT, &writer), ==, 0);
	frame->format = AV_PIX_FMT_YUV420P;
	frame->width = TRACE_WIDTH;
	frame->height = TRACE_HEIGHT;
	frame->pts = -1;
	g_assert_cmpint(av_frame_get_buffer(frame, 0), ==, 0);
	trace_background(writer, 0);
	uint32_t step = 0;
	for (uint32_t ms = 0; ms < PLAIN_SECONDS * 1000; ms += 1000 / PLAIN_FPS) {
		for (; trace->step_ms > 0 && step * trace->step_ms < ms; step++)
			trace->paint(writer, 0, step);
		plain_frame(codec, scale, frame, packet, writer, cost);
	}
	ring_writer_destroy(writer);
	avcodec_free_context(&codec);
	sws_freeContext(scale);
	av_frame_free(&frame);
	av_packet_free(&packet);
}

/* ---- Figures ---- */

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static double quantile_ms(GArray *values, double q)
{
	if (values->len == 0)
		return 0;
	qsort(values->data, values->len, sizeof(uint32_t), compare_u32);
	return g_array_index(values, uint32_t, (guint)((values->len - 1) * q)) / 1000.0;
}

static void compare(const struct trace *trace)
{
	struct cost ours = {.latencies_us = g_array_new(FALSE, FALSE, sizeof(uint32_t))},
		    plain = {0};

	run_ours(trace, &ours);
	run_plain(trace, &plain);
	double percent = (double)ours.cpu_us / trace->seconds / 1e4;
	double plain_percent = (double)plain.cpu_us / PLAIN_SECONDS / 1e4;
	double mb_per_h = (double)ours.bytes * 3600 / trace->seconds / 1e6;
	double plain_mb_per_h = (double)plain.bytes * 3600 / PLAIN_SECONDS / 1e6;
	printf("%-14s %8.3f %8.1f %6.1fx %9.1f %9.1f %8.2f %8.2f %6.1f\n", trace->name, percent,
	       plain_percent, plain_percent / percent, mb_per_h, plain_mb_per_h,
	       quantile_ms(ours.latencies_us, 0.5), quantile_ms(ours.latencies_us, 0.99),
	       ours.rss_mib);
	fflush(stdout);
	g_array_unref(ours.latencies_us);
}

int main(int argc, char **argv)
{
	av_log_set_level(AV_LOG_ERROR);
	printf("%-14s %8s %8s %7s %9s %9s %8s %8s %6s\n", "1920x1080", "% core", "plain %", "less",
	       "MB/h", "plain", "p50 ms", "p99 ms", "MiB");
	for (unsigned i = 0; i < n_traces; i++)
		if (argc < 2 || strcmp(argv[1], traces[i].name) == 0)
			compare(&traces[i]);
	return EXIT_SUCCESS;
}
