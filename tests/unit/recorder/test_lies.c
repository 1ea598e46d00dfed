/* A session process that lies in its ring: its own recording ends and says why, the one beside it
 * goes on and misses nothing. And a clock that is set. */
#include "recorder/chain/verify.h"
#include "recorder/ring/ring_layout.h"
#include "tests/unit/recorder/shade_session.h"

#include <glib.h>
#include <jansson.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LIAR "11111111-2222-4333-8444-555555555555"
#define LIAR_WIDTH 256u
#define LIAR_HEIGHT 128u

struct liar {
	struct painter painter;
	struct ring_layout layout;
	uint8_t *base; /* what a hostile session process sees */
	struct ring_header *header;
};

static void liar_open(struct liar *liar, struct recorder_process *p)
{
	*liar = (struct liar){.painter = {.session_id = LIAR},
			      .layout = ring_layout_of(LIAR_WIDTH, LIAR_HEIGHT)};
	painter_connect(&liar->painter, p, false);
	painter_canvas(&liar->painter, LIAR_WIDTH, LIAR_HEIGHT);
	liar->base = mmap(NULL, liar->layout.total_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			  ring_writer_memfd(liar->painter.writer), 0);
	g_assert_true(liar->base != MAP_FAILED);
	liar->header = (void *)liar->base;
	painter_fill(&liar->painter, &(struct rect){0, 0, LIAR_WIDTH, LIAR_HEIGHT}, 0x00808080);
}

static void liar_close(struct liar *liar)
{
	munmap(liar->base, liar->layout.total_bytes);
	painter_finish(&liar->painter);
}

static _Atomic uint32_t *generations(const struct liar *liar)
{
	return (void *)(liar->base + liar->layout.generations_offset);
}

/* ---- The lies ---- */

static void head_backwards(struct liar *liar)
{
	atomic_store(&liar->header->head, atomic_load(&liar->header->head) - 8);
}

static void head_too_far(struct liar *liar)
{
	atomic_fetch_add(&liar->header->head, 2 * RING_BYTES);
}

static void record_of_4_gib(struct liar *liar)
{
	const struct ring_record_head head = {0xfffffff8, RING_EVENT, 0};
	uint64_t at = atomic_load(&liar->header->head);

	memcpy(liar->base + liar->layout.ring_offset + at % RING_BYTES, &head, sizeof head);
	atomic_store(&liar->header->head, at + 64);
}

static void header_of_another_size(struct liar *liar)
{
	liar->header->width = 60000;
	liar->header->height = 60000;
	liar->header->stride_bytes = 240000;
	liar->header->total_bytes = UINT64_MAX;
	head_backwards(liar);
}

/* A tile that is always being written. */
static void torn_for_ever(struct liar *liar)
{
	atomic_fetch_or(&generations(liar)[0], 1);
	ring_writer_paint(liar->painter.writer, 0, &(struct rect){0, 0, 8, 8});
	ring_writer_frame(liar->painter.writer, 0);
}

struct lie {
	const char *name;
	void (*tell)(struct liar *liar);
	const char *seal_detail, *gap_detail;
	bool slow;
};

static const struct lie lies[] = {
	{"head-backwards", head_backwards, "nonsense", "nonsense"},
	{"head-too-far", head_too_far, "nonsense", "nonsense"},
	{"record-of-4-gib", record_of_4_gib, "nonsense", "nonsense"},
	{"header-changes", header_of_another_size, "nonsense", "nonsense"},
	{"torn-for-ever", torn_for_ever, "never finishes", "1 tiles were being written", true},
};

/* Ended as a fault, sealed, and the gap says what was not read. */
static void expect_told(const struct recorder_process *p, const struct lie *lie)
{
	g_autofree char *dir = g_build_filename(p->store_dir, LIAR, NULL);
	struct verify_report report;

	g_assert_cmpint(verify_recording(dir, NULL, recorder_process_archive_key(), &report), ==,
			0);
	g_assert_cmpstr(report.end_reason, ==, "fault");
	g_assert_cmpuint(report.gaps->len, ==, 1);
	const struct verify_gap *gap = g_ptr_array_index(report.gaps, 0);
	g_assert_cmpstr(gap->reason, ==, "canvas-lost");
	g_assert_cmpuint(report.findings->len, ==, 2);
	const struct verify_finding *told = g_ptr_array_index(report.findings, 0);
	const struct verify_finding *end = g_ptr_array_index(report.findings, 1);
	g_assert_nonnull(strstr(told->text, lie->gap_detail));
	g_assert_nonnull(strstr(end->text, lie->seal_detail));
	g_assert_cmpuint(report.n_frames, >=, 1);
	verify_report_finish(&report);
}

static void expect_fault(struct recorder_process *p, const char *detail)
{
	struct recorder_opened ending;
	struct recorder_sealed sealed;

	recorder_process_expect(p, RECORDER_OPENED, &ending);
	g_assert_cmpstr(ending.session_id, ==, LIAR);
	g_assert_cmpuint(ending.reason, ==, END_FAULT);
	g_assert_nonnull(strstr(ending.detail, detail));
	recorder_process_expect(p, RECORDER_SEALED, &sealed);
	g_assert_cmpstr(sealed.session_id, ==, LIAR);
	g_assert_cmpuint(sealed.ok, ==, 1);
	message_clear(recorder_message_type(RECORDER_OPENED), &ending);
	message_clear(recorder_message_type(RECORDER_SEALED), &sealed);
}

/* The neighbour's pictures all arrive, and its recording is whole. */
static void expect_unharmed(struct shade_session *session)
{
	g_autofree char *dir = recorder_process_recording(session->process);
	struct verify_report report;

	for (unsigned i = 0; i < 3; i++)
		g_assert_true(shade_session_paint_and_wait(session));
	g_assert_true(shade_session_close(session));
	g_assert_cmpint(verify_recording(dir, NULL, recorder_process_archive_key(), &report), ==,
			0);
	g_assert_cmpuint(report.findings->len, ==, 0);
	g_assert_cmpstr(report.end_reason, ==, "viewer-left");
	g_assert_cmpuint(shade_session_count_lost(session), ==, 0);
	verify_report_finish(&report);
}

static void test_lie(gconstpointer data)
{
	const struct lie *lie = data;
	struct recorder_process p;
	struct shade_session neighbour;
	struct liar liar;

	if (lie->slow && !g_test_slow()) {
		g_test_skip("takes ten seconds; -m slow runs it");
		return;
	}
	recorder_process_init(&p, false);
	recorder_process_start(&p);
	g_assert_true(shade_session_open(&neighbour, &p));
	liar_open(&liar, &p);
	lie->tell(&liar);
	ring_writer_ring(liar.painter.writer);
	expect_fault(&p, lie->seal_detail);
	expect_told(&p, lie);
	expect_unharmed(&neighbour);
	liar_close(&liar);
	shade_session_finish(&neighbour);
	recorder_process_finish(&p);
}

/* ---- Endless events ---- */

static json_int_t sum_of_lines(const char *text, const char *type, const char *key)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	json_int_t sum = 0;

	for (char **line = lines; *line != NULL; line++) {
		json_t *event = json_loads(*line, 0, NULL);
		if (g_strcmp0(json_string_value(json_object_get(event, "type")), type) == 0)
			sum += json_integer_value(json_object_get(event, key));
		json_decref(event);
	}
	return sum;
}

/* Of the recorder's own notes in the liar's timeline. */
static json_int_t sum_of_notes(const struct recorder_process *p, const char *type, const char *key)
{
	json_int_t sum = 0;

	for (unsigned number = 1; number < 100; number++) {
		g_autofree char *text = recorder_process_timeline(p, LIAR, number);
		if (text != NULL)
			sum += sum_of_lines(text, type, key);
	}
	return sum;
}

/* Lines in the liar's timeline. */
static unsigned count_lines(const struct recorder_process *p)
{
	unsigned n = 0;

	for (unsigned number = 1; number < 100; number++) {
		g_autofree char *text = recorder_process_timeline(p, LIAR, number);
		for (const char *at = text; at != NULL && *at != '\0'; at++)
			n += *at == '\n';
	}
	return n;
}

/* Each line is a record on the disk, and what cannot be read again any more proves nothing: small
 * events are not cheaper than they are. */
static void test_endless_tiny_events(void)
{
	struct recorder_process p;
	struct liar liar;
	const struct recorder_close message = {(char *)(uintptr_t)LIAR, END_TERMINATED, NULL};
	struct recorder_sealed sealed;
	unsigned n_said = 0;

	recorder_process_init(&p, false);
	recorder_process_start(&p);
	liar_open(&liar, &p);
	/* A full ring has room again when the recorder has had its turn, however long that
	 * takes. */
	while (n_said < 60000) {
		if (ring_writer_event(liar.painter.writer, 0, "0", 1) == 0) {
			n_said++;
			continue;
		}
		ring_writer_ring(liar.painter.writer);
		g_thread_yield();
	}
	recorder_process_send(&p, RECORDER_CLOSE, &message, NULL, 0);
	recorder_process_expect(&p, RECORDER_SEALED, &sealed);
	g_assert_cmpuint(sealed.ok, ==, 1);
	message_clear(recorder_message_type(RECORDER_SEALED), &sealed);
	g_assert_cmpuint(count_lines(&p), <, 30000);
	g_assert_cmpint(sum_of_notes(&p, "events-dropped", "count"), >, 30000);
	liar_close(&liar);
	recorder_process_finish(&p);
}

static void test_endless_events(void)
{
	struct recorder_process p;
	struct shade_session neighbour;
	struct liar liar;
	g_autofree char *padding = g_strnfill(8000, 'x');
	g_autofree char *event = g_strdup_printf("{\"type\":\"key\",\"text\":\"%s\"}", padding);
	const struct recorder_close message = {(char *)(uintptr_t)LIAR, END_TERMINATED, NULL};
	struct recorder_sealed sealed;
	unsigned n_said = 0;

	recorder_process_init(&p, false);
	recorder_process_start(&p);
	g_assert_true(shade_session_open(&neighbour, &p));
	liar_open(&liar, &p);
	for (unsigned i = 0; i < 3; i++) {
		/* More than a ring and a budget hold, however slow the recorder is. */
		while (n_said < 200 * (i + 1)) {
			n_said += ring_writer_event(liar.painter.writer, 0, event, strlen(event)) ==
				  0;
			ring_writer_ring(liar.painter.writer);
			g_thread_yield();
		}
		g_assert_true(shade_session_paint_and_wait(&neighbour));
	}
	recorder_process_send(&p, RECORDER_CLOSE, &message, NULL, 0);
	recorder_process_expect(&p, RECORDER_SEALED, &sealed);
	g_assert_cmpuint(sealed.ok, ==, 1);
	g_assert_cmpuint(sealed.bytes, <, 3u << 20);
	message_clear(recorder_message_type(RECORDER_SEALED), &sealed);
	json_int_t dropped = sum_of_notes(&p, "events-dropped", "count");
	g_assert_cmpint(dropped, >, 0);
	g_assert_cmpint(dropped, <, n_said);
	expect_unharmed(&neighbour);
	liar_close(&liar);
	shade_session_finish(&neighbour);
	recorder_process_finish(&p);
}

/* ---- Dear work ---- */

static double processor_seconds(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int)pid), *text = NULL;
	unsigned long user, system;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	const char *behind_name = strrchr(text, ')');
	g_assert_cmpint(sscanf(behind_name, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
			       &user, &system),
			==, 2);
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* Paints that change nothing write not a byte, but each has to be compared: all of the picture, as
 * often as the session says. */
static void test_dear_work(void)
{
	struct recorder_process p;
	struct painter painter = {.session_id = LIAR};
	const struct rect whole = {0, 0, 4096, 4096};
	const double seconds = 8;

	if (!g_test_slow()) {
		g_test_skip("takes eight seconds; -m slow runs it");
		return;
	}
	recorder_process_init(&p, false);
	recorder_process_start(&p);
	painter_connect(&painter, &p, false);
	painter_canvas(&painter, whole.width, whole.height);
	double before = processor_seconds(p.pid);
	gint64 until_us = g_get_monotonic_time() + (gint64)(seconds * G_USEC_PER_SEC);
	while (g_get_monotonic_time() < until_us) {
		ring_writer_paint(painter.writer, 0, &whole);
		ring_writer_frame(painter.writer, 0);
		ring_writer_ring(painter.writer);
		g_usleep(2000);
	}
	double spent = processor_seconds(p.pid) - before;
	g_test_message("%.1f s of processor time in %.1f s", spent, seconds);
	/* A second at once, then half of the time; and a little for everything else. */
	g_assert_cmpfloat(spent, <, 1 + seconds / 2 + 0.8);
	painter_finish(&painter);
	recorder_process_finish(&p);
}

/* ---- Noise ---- */

static void paint_noise(struct liar *liar, GRand *random)
{
	const struct rect whole = {0, 0, LIAR_WIDTH, LIAR_HEIGHT};
	uint32_t *pixels = (void *)(liar->base + liar->layout.pixels_offset);

	ring_writer_begin(liar->painter.writer, &whole);
	for (uint32_t i = 0; i < LIAR_WIDTH * LIAR_HEIGHT; i++)
		pixels[i] = g_rand_int(random) & 0xffffff;
	ring_writer_end(liar->painter.writer, &whole);
	ring_writer_paint(liar->painter.writer, 0, &whole);
	ring_writer_frame(liar->painter.writer, 0);
	ring_writer_ring(liar->painter.writer);
}

static bool link_is_closed(const struct painter *painter, int wait_ms)
{
	struct pollfd link = {painter->link_fd, 0, 0};

	return poll(&link, 1, wait_ms) == 1 && (link.revents & POLLHUP) != 0;
}

/* 6 MiB an hour are 1 MiB at once: the noise gets coarser, rarer, and its end. */
static void test_noise(void)
{
	struct recorder_process p;
	struct shade_session neighbour;
	struct liar liar;
	struct verify_report report;
	struct recorder_opened ending;
	struct recorder_sealed sealed;
	GRand *random = g_rand_new_with_seed(1);

	recorder_process_init(&p, false);
	recorder_process_configure(&p, "  session_mib_per_hour: 6\n");
	recorder_process_start(&p);
	g_assert_true(shade_session_open(&neighbour, &p));
	liar_open(&liar, &p);
	/* 20 ms is how often a desktop might repaint. */
	while (!link_is_closed(&liar.painter, 20))
		paint_noise(&liar, random);
	recorder_process_expect(&p, RECORDER_OPENED, &ending);
	g_assert_cmpstr(ending.session_id, ==, LIAR);
	g_assert_cmpuint(ending.reason, ==, END_TOO_MUCH);
	recorder_process_expect(&p, RECORDER_SEALED, &sealed);
	g_assert_cmpuint(sealed.ok, ==, 1);
	g_assert_cmpuint(sealed.bytes, >, 1u << 20);
	g_assert_cmpuint(sealed.bytes, <, 2u << 20);
	message_clear(recorder_message_type(RECORDER_OPENED), &ending);
	message_clear(recorder_message_type(RECORDER_SEALED), &sealed);
	/* Steps 1, 2 and 3. */
	g_assert_cmpint(sum_of_notes(&p, "economy", "level"), ==, 6);
	g_autofree char *dir = g_build_filename(p.store_dir, LIAR, NULL);
	g_assert_cmpint(verify_recording(dir, NULL, recorder_process_archive_key(), &report), ==,
			0);
	g_assert_cmpstr(report.end_reason, ==, "too-much");
	verify_report_finish(&report);
	expect_unharmed(&neighbour);
	liar_close(&liar);
	shade_session_finish(&neighbour);
	recorder_process_finish(&p);
	g_rand_free(random);
}

/* 4 MiB for what every canvas needs and 12 bytes a pixel: 9 MiB are two small ones, or
 * none of a million pixels. */
static void test_canvas_memory(void)
{
	struct recorder_process p;
	struct shade_session neighbour;
	struct painter large = {.session_id = LIAR};
	struct recorder_sealed sealed;
	const struct recorder_close message = {(char *)(uintptr_t)LIAR, END_TOO_MUCH, NULL};

	recorder_process_init(&p, false);
	recorder_process_configure(&p, "  canvas_mib: 9\n");
	recorder_process_start(&p);
	g_assert_true(shade_session_open(&neighbour, &p));
	painter_connect(&large, &p, false);
	g_assert_cmpint(ring_writer_create(1024, 1024, &large.writer), ==, 0);
	g_assert_cmpuint(painter_ask(&large), ==, END_TOO_MUCH);
	ring_writer_destroy(large.writer);
	g_assert_cmpint(ring_writer_create(64, 64, &large.writer), ==, 0);
	g_assert_cmpuint(painter_ask(&large), ==, END_NONE);
	/* What it holds is given back with the canvas before, and with the recording. */
	g_assert_true(shade_session_resize(&neighbour, 144, 96));
	recorder_process_send(&p, RECORDER_CLOSE, &message, NULL, 0);
	recorder_process_expect(&p, RECORDER_SEALED, &sealed);
	message_clear(recorder_message_type(RECORDER_SEALED), &sealed);
	uint64_t before = recorder_process_video_bytes(&p);
	g_assert_true(shade_session_resize(&neighbour, 640, 480));
	/* The new canvas's first picture: the next two shades would be painted over each
	 * other while it is made. */
	while (recorder_process_video_bytes(&p) <= before)
		g_usleep(2000);
	expect_unharmed(&neighbour);
	painter_finish(&large);
	shade_session_finish(&neighbour);
	recorder_process_finish(&p);
}

/* ---- The session process goes, nobody says why ---- */

static void test_session_gone(void)
{
	struct recorder_process p;
	struct shade_session neighbour;
	struct liar liar;
	struct verify_report report;

	if (!g_test_slow()) {
		g_test_skip("takes ten seconds; -m slow runs it");
		return;
	}
	recorder_process_init(&p, false);
	recorder_process_start(&p);
	g_assert_true(shade_session_open(&neighbour, &p));
	liar_open(&liar, &p);
	liar_close(&liar);
	struct recorder_sealed sealed;
	recorder_process_expect(&p, RECORDER_SEALED, &sealed);
	g_assert_cmpuint(sealed.ok, ==, 1);
	message_clear(recorder_message_type(RECORDER_SEALED), &sealed);
	g_autofree char *dir = g_build_filename(p.store_dir, LIAR, NULL);
	g_assert_cmpint(verify_recording(dir, NULL, recorder_process_archive_key(), &report), ==,
			0);
	g_assert_cmpuint(report.gaps->len, ==, 1);
	const struct verify_gap *gap = g_ptr_array_index(report.gaps, 0);
	g_assert_cmpstr(gap->reason, ==, "canvas-lost");
	g_assert_cmpuint(gap->end_us - gap->start_us, >=, 9000000);
	verify_report_finish(&report);
	expect_unharmed(&neighbour);
	shade_session_finish(&neighbour);
	recorder_process_finish(&p);
}

/* ---- The clock ---- */

static void set_clock(const char *path, const char *seconds)
{
	g_assert_true(g_file_set_contents_full(path, seconds, -1, G_FILE_SET_CONTENTS_CONSISTENT,
					       0600, NULL));
}

static void test_clock_step(void)
{
	struct recorder_process p;
	struct shade_session session;
	struct verify_report report;

	recorder_process_init(&p, false);
	g_autofree char *clock = g_build_filename(p.dir, "clock", NULL);
	set_clock(clock, "0");
	p.stepped_clock = clock;
	recorder_process_start(&p);
	g_assert_true(shade_session_open(&session, &p));
	set_clock(clock, "-3600");
	g_assert_true(shade_session_paint_and_wait(&session));
	g_assert_true(shade_session_paint_and_wait(&session));
	g_assert_true(shade_session_close(&session));
	g_autofree char *dir = recorder_process_recording(&p);
	g_assert_cmpint(verify_recording(dir, NULL, recorder_process_archive_key(), &report), ==,
			0);
	g_assert_cmpuint(report.gaps->len, ==, 1);
	const struct verify_gap *gap = g_ptr_array_index(report.gaps, 0);
	g_assert_cmpstr(gap->reason, ==, "clock-step");
	g_assert_cmpuint(gap->start_us, ==, gap->end_us);
	const struct verify_finding *told = g_ptr_array_index(report.findings, 0);
	const char *from = strstr(told->text, "set from "), *to = strstr(told->text, " to ");
	g_assert_nonnull(from);
	g_assert_nonnull(to);
	g_autofree char *before_text = g_strndup(from + 9, (gsize)(to - from - 9));
	g_autoptr(GDateTime) before = g_date_time_new_from_iso8601(before_text, NULL);
	g_autoptr(GDateTime) after = g_date_time_new_from_iso8601(to + 4, NULL);
	g_assert_cmpint(ABS(g_date_time_difference(before, after) - 3600ll * G_USEC_PER_SEC), <,
			G_USEC_PER_SEC);
	g_assert_cmpuint(shade_session_count_lost(&session), ==, 0);
	verify_report_finish(&report);
	shade_session_finish(&session);
	recorder_process_finish(&p);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (unsigned i = 0; i < G_N_ELEMENTS(lies); i++) {
		g_autofree char *path = g_strconcat("/lies/", lies[i].name, NULL);
		g_test_add_data_func(path, &lies[i], test_lie);
	}
	g_test_add_func("/lies/endless-events", test_endless_events);
	g_test_add_func("/lies/endless-tiny-events", test_endless_tiny_events);
	g_test_add_func("/lies/dear-work", test_dear_work);
	g_test_add_func("/lies/noise", test_noise);
	g_test_add_func("/lies/canvas-memory", test_canvas_memory);
	g_test_add_func("/lies/session-gone", test_session_gone);
	g_test_add_func("/lies/clock-step", test_clock_step);
	return g_test_run();
}
