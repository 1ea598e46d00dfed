/* Sessions under the recorder, one or many, on a clock that is turned by hand: half an hour of an
 * idle desktop takes seconds. What the sessions themselves do (painting) is not measured. */
#include "tests/bench/recorder_cost.h"

#include "base/clock.h"
#include "recorder/encode/idr_pool.h"
#include "recorder/pipeline.h"
#include "tests/support/signing_key.h"
#include "tests/support/temp_dir.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define START_US 1000000000ull
#define QP_STANDARD 24

/* What all sessions share. */
struct recorder {
	char *dir;
	struct signing_key pem;
	struct chain_key *key;
	struct archive_certificate *archive_certificate;
	struct store *store;
	struct index *index;
	struct idr_pool *idr_pool;
};

struct session {
	struct archive *archive;
	struct pipeline *pipeline;
	struct ring_writer *writer;
	uint64_t next_paint_us, due_us;
	uint32_t step;
	bool plain; /**< of a pair, the one that is not encrypted */
};

uint64_t cost_read_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000;
}

static double rss_mib(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long pages = 0, resident = 0, shared = 0;

	malloc_trim(0); /* what the session before left behind is not this one's */
	if (file == NULL || fscanf(file, "%ld %ld %ld", &pages, &resident, &shared) != 3)
		exit(EXIT_FAILURE);
	fclose(file);
	return (double)(resident - shared) * (double)sysconf(_SC_PAGESIZE) / 1048576;
}

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

static void recorder_init(struct recorder *r)
{
	r->dir = temp_dir_create();
	signing_key_init(&r->pem, "bench", NULL);
	r->key = chain_key_create(r->pem.key_pem, r->pem.certificate_pem, NULL);
	r->archive_certificate = archive_certificate_create(r->pem.certificate_pem, NULL);
	g_assert_nonnull(r->archive_certificate);
	r->idr_pool = idr_pool_create(1);
	r->index = index_create(NULL, NULL, "bench");
	g_assert_cmpint(store_open(r->dir, &r->store), ==, 0);
}

static void recorder_finish(struct recorder *r)
{
	idr_pool_destroy(r->idr_pool);
	index_destroy(r->index, 0);
	store_close(r->store);
	archive_certificate_destroy(r->archive_certificate);
	chain_key_destroy(r->key);
	signing_key_finish(&r->pem);
	temp_dir_remove(r->dir);
	g_free(r->dir);
}

/* Steps of the sessions fall evenly into the trace's step. */
static void session_init(struct session *s, const struct recorder *r, const struct replay *replay,
			 unsigned number)
{
	const struct trace *trace = replay->trace;
	bool plain = replay->encrypted == (number % 2 == 1 ? REPLAY_EVEN : REPLAY_ODD);
	g_autofree char *id = g_strdup_printf("6f9619ff-8b86-4011-b42d-00c04f%06x", number);
	const struct chain_genesis genesis = {
		.session_id = id, .node = "bench", .quality = "standard"};
	const struct archive_services services = {.store = r->store,
						  .key = r->key,
						  .index = r->index,
						  .keys.certificate =
							  plain ? NULL : r->archive_certificate};

	*s = (struct session){.due_us = START_US, .next_paint_us = UINT64_MAX, .plain = plain};
	g_assert_cmpint(archive_create(&services, &genesis, &s->archive), ==, 0);
	archive_listen(s->archive, nothing, NULL);
	const struct pipeline_output output = {.archive = s->archive,
					       .origin_us = START_US,
					       .qp = QP_STANDARD,
					       .idr_pool = r->idr_pool};
	s->pipeline = pipeline_create(&output);
	g_assert_cmpint(ring_writer_create(TRACE_WIDTH, TRACE_HEIGHT, &s->writer), ==, 0);
	trace_background(s->writer, START_US);
	g_assert_cmpint(pipeline_open_canvas(s->pipeline, ring_writer_memfd(s->writer),
					     ring_writer_doorbell(s->writer), TRACE_WIDTH,
					     TRACE_HEIGHT, 0),
			==, 0);
	if (trace->step_ms > 0)
		s->next_paint_us = START_US + trace->step_ms * 1000ull *
						      (replay->n_sessions + number) /
						      replay->n_sessions;
}

static void session_finish(struct session *s, uint64_t now_us, struct cost *cost)
{
	struct archive_totals totals;

	pipeline_destroy(s->pipeline);
	archive_finish(s->archive, now_us - START_US);
	while (archive_pending(s->archive) > 0) {
		g_assert_cmpint(archive_collect(s->archive, now_us - START_US), ==, 0);
		g_usleep(1000);
	}
	archive_totals(s->archive, &totals);
	cost->bytes += totals.bytes;
	archive_destroy(s->archive);
	ring_writer_destroy(s->writer);
}

/* One turn of the recording's task, measured. */
static void turn(struct session *s, uint64_t now_us, struct cost *cost)
{
	struct pipeline_stats before, after;
	uint64_t due_us;
	bool busy;

	pipeline_stats(s->pipeline, &before);
	uint64_t cpu_us = cost_read_us(CLOCK_THREAD_CPUTIME_ID),
		 wall_us = cost_read_us(CLOCK_MONOTONIC);
	g_assert_cmpint(pipeline_drain(s->pipeline, no_event, NULL), >=, 0);
	g_assert_cmpint(pipeline_run(s->pipeline, now_us - START_US, &due_us, &busy), ==, 0);
	pipeline_arm(s->pipeline);
	g_assert_cmpint(archive_collect(s->archive, now_us - START_US), ==, 0);
	uint32_t cpu_passed_us = (uint32_t)(cost_read_us(CLOCK_THREAD_CPUTIME_ID) - cpu_us);
	*(s->plain ? &cost->plain_cpu_us : &cost->cpu_us) += cpu_passed_us;
	uint32_t latency_us = (uint32_t)(cost_read_us(CLOCK_MONOTONIC) - wall_us);
	pipeline_stats(s->pipeline, &after);
	if (cost->latencies_us != NULL && after.frames_encoded > before.frames_encoded &&
	    after.keep_alives == before.keep_alives) {
		g_array_append_val(cost->latencies_us, latency_us);
		g_array_append_val(cost->cpu_of_pictures_us, cpu_passed_us);
	}
	s->due_us = due_us == UINT64_MAX ? UINT64_MAX : START_US + due_us;
}

/* Paints and records what is due now. Returns when something is due again. */
static uint64_t step(struct session *s, const struct trace *trace, uint64_t now_us,
		     struct cost *cost)
{
	if (now_us >= s->next_paint_us) {
		trace->paint(s->writer, now_us, s->step++);
		s->next_paint_us += trace->step_ms * 1000ull;
		s->due_us = now_us;
	}
	if (now_us >= s->due_us)
		turn(s, now_us, cost);
	return MAX(now_us + 1, MIN(s->due_us, s->next_paint_us));
}

void cost_ours(const struct replay *replay, struct cost *cost)
{
	g_autofree struct session *sessions = g_new(struct session, replay->n_sessions);
	struct recorder recorder;
	double rss_before = rss_mib();
	uint64_t now_us = START_US, end_us = START_US + replay->ms * 1000ull;
	uint64_t from_us = START_US + replay->skip_ms * 1000ull;
	struct cost unmeasured = {0};

	clock_test_set(now_us, now_us);
	recorder_init(&recorder);
	for (unsigned i = 0; i < replay->n_sessions; i++)
		session_init(&sessions[i], &recorder, replay, i);
	while (now_us < end_us) {
		uint64_t next_us = UINT64_MAX;
		clock_test_set(now_us, now_us);
		for (unsigned i = 0; i < replay->n_sessions; i++)
			next_us = MIN(next_us, step(&sessions[i], replay->trace, now_us,
						    now_us < from_us ? &unmeasured : cost));
		now_us = next_us;
	}
	cost->seconds = (replay->ms - replay->skip_ms) / 1000.0;
	cost->rss_mib = rss_mib() - rss_before;
	for (unsigned i = 0; i < replay->n_sessions; i++)
		session_finish(&sessions[i], now_us, cost);
	recorder_finish(&recorder);
}

double cost_data_key_ms(void)
{
	enum { KEYS = 50 };
	struct recorder recorder;

	recorder_init(&recorder);
	uint64_t cpu_us = cost_read_us(CLOCK_THREAD_CPUTIME_ID);
	for (unsigned i = 0; i < KEYS; i++) {
		struct data_key *key = data_key_create();
		g_autoptr(GBytes) sealed =
			archive_certificate_seal(recorder.archive_certificate, key, NULL);
		g_assert_nonnull(sealed);
		data_key_unref(key);
	}
	cpu_us = cost_read_us(CLOCK_THREAD_CPUTIME_ID) - cpu_us;
	recorder_finish(&recorder);
	return (double)cpu_us / KEYS / 1000;
}
