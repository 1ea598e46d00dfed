/* The other end of the recorder link, for tests. One thread reads link and doorbell;
 * tests wait on a condition. */
#include "tests/support/fake_recorder.h"

#include "base/monitor.h"
#include "ipc/link.h"
#include "ipc/recorder_proto.h"
#include "tests/support/patience.h"

#include <glib.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct fake_recorder {
	GThread *thread;
	int control;
	struct monitor monitor;
	bool stopping, paused;
	int link;
	uint32_t answer;
	struct ring_reader *reader;
	GPtrArray *events;
	unsigned next_event;
	unsigned records[RING_EVENT + 1];
	int32_t cursor_x, cursor_y;
	uint32_t cursor_width;
};

static void wake(struct fake_recorder *r)
{
	static const uint64_t one = 1;

	g_assert_cmpint(write(r->control, &one, sizeof one), ==, sizeof one);
}

static void take_record(struct fake_recorder *r, const struct ring_record *got)
{
	r->records[got->kind]++;
	if (got->kind == RING_EVENT)
		g_ptr_array_add(r->events, g_strdup(got->event.json));
	if (got->kind == RING_CURSOR_SHAPE)
		r->cursor_width = got->cursor_shape.width;
	if (got->kind == RING_CURSOR_MOVE) {
		r->cursor_x = got->cursor_move.x;
		r->cursor_y = got->cursor_move.y;
	}
}

static void read_ring(struct fake_recorder *r)
{
	struct ring_record got;
	int result;

	if (r->reader == NULL || r->paused)
		return;
	do {
		while ((result = ring_reader_next(r->reader, &got)) == 1)
			take_record(r, &got);
		g_assert_cmpint(result, ==, 0);
		ring_reader_take_overflow(r->reader);
	} while (ring_reader_arm(r->reader));
	monitor_notify(&r->monitor);
}

static void close_link(struct fake_recorder *r)
{
	if (r->link >= 0)
		close(r->link);
	r->link = -1;
	ring_reader_close(r->reader);
	r->reader = NULL;
}

static void take_canvas(struct fake_recorder *r, struct packet *packet)
{
	const struct message_type *type = recorder_message_type(RECORDER_CANVAS);
	struct recorder_canvas canvas;
	struct recorder_canvas_ready ready = {.reason = r->answer};

	g_assert_cmpuint(packet->type, ==, RECORDER_CANVAS);
	g_assert_cmpuint(packet->n_fds, ==, type->n_fds);
	g_assert_cmpint(message_decode(type, packet->bytes, packet->length, &canvas), ==, 0);
	/* What still waits in the old ring belongs to the record. */
	read_ring(r);
	ring_reader_close(r->reader);
	r->reader = NULL;
	g_assert_cmpint(ring_reader_open(packet->fds[0], packet->fds[1], canvas.width_px,
					 canvas.height_px, &r->reader),
			==, 0);
	g_assert_cmpint(
		link_send(r->link, recorder_message_type(RECORDER_CANVAS_READY), &ready, NULL, 0),
		==, 0);
}

static void read_link(struct fake_recorder *r, struct packet *packet)
{
	int result = link_receive(r->link, packet, 0);

	if (result == -ETIMEDOUT)
		return;
	if (result == 0)
		take_canvas(r, packet);
	else
		read_ring(r);
	if (result < 0)
		close_link(r);
	packet_clear(packet);
}

static bool step(struct fake_recorder *r, struct packet *packet)
{
	uint64_t count;

	monitor_enter(&r->monitor);
	bool stopping = r->stopping;
	/* The reader's doorbell may go away meanwhile only on this thread or under a wake. */
	struct pollfd fds[] = {
		{r->control, POLLIN, 0},
		{r->link, POLLIN, 0},
		{r->reader != NULL && !r->paused ? ring_reader_doorbell(r->reader) : -1, POLLIN,
		 0}};
	monitor_leave(&r->monitor);
	if (stopping)
		return false;
	poll(fds, G_N_ELEMENTS(fds), -1);
	monitor_enter(&r->monitor);
	if (fds[0].revents != 0)
		g_assert_cmpint(read(r->control, &count, sizeof count), ==, sizeof count);
	if (fds[1].revents != 0 && r->link == fds[1].fd)
		read_link(r, packet);
	read_ring(r);
	monitor_leave(&r->monitor);
	return true;
}

static void *recorder_main(void *recorder)
{
	g_autofree struct packet *packet = g_new0(struct packet, 1);

	while (step(recorder, packet))
		;
	return NULL;
}

struct fake_recorder *fake_recorder_create(void)
{
	struct fake_recorder *r = g_new0(struct fake_recorder, 1);

	monitor_init(&r->monitor);
	r->link = -1;
	r->events = g_ptr_array_new_with_free_func(g_free);
	r->control = eventfd(0, EFD_CLOEXEC);
	r->thread = g_thread_new("fake-recorder", recorder_main, r);
	return r;
}

void fake_recorder_destroy(struct fake_recorder *recorder)
{
	monitor_enter(&recorder->monitor);
	recorder->stopping = true;
	wake(recorder);
	monitor_leave(&recorder->monitor);
	g_thread_join(recorder->thread);
	close_link(recorder);
	close(recorder->control);
	g_ptr_array_unref(recorder->events);
	monitor_finish(&recorder->monitor);
	g_free(recorder);
}

int fake_recorder_link(struct fake_recorder *recorder)
{
	int pair[2];

	g_assert_cmpint(link_pair(pair), ==, 0);
	monitor_enter(&recorder->monitor);
	close_link(recorder);
	recorder->link = pair[0];
	wake(recorder);
	monitor_leave(&recorder->monitor);
	return pair[1];
}

void fake_recorder_drop(struct fake_recorder *recorder)
{
	monitor_enter(&recorder->monitor);
	close_link(recorder);
	wake(recorder);
	monitor_leave(&recorder->monitor);
}

void fake_recorder_pause(struct fake_recorder *recorder, bool paused)
{
	monitor_enter(&recorder->monitor);
	recorder->paused = paused;
	wake(recorder);
	monitor_leave(&recorder->monitor);
}

void fake_recorder_answer(struct fake_recorder *recorder, uint32_t reason)
{
	monitor_enter(&recorder->monitor);
	recorder->answer = reason;
	monitor_leave(&recorder->monitor);
}

char *fake_recorder_wait_event(struct fake_recorder *recorder, const char *part)
{
	gint64 deadline_us = g_get_monotonic_time() + PATIENCE_US;
	char *found = NULL;
	bool in_time = true;

	monitor_enter(&recorder->monitor);
	while (found == NULL && in_time) {
		while (found == NULL && recorder->next_event < recorder->events->len) {
			const char *json = recorder->events->pdata[recorder->next_event++];
			if (strstr(json, part) != NULL)
				found = g_strdup(json);
		}
		if (found == NULL)
			in_time = monitor_wait_until(&recorder->monitor, deadline_us);
	}
	monitor_leave(&recorder->monitor);
	return found;
}

bool fake_recorder_wait_records(struct fake_recorder *recorder, enum ring_kind kind, unsigned n)
{
	gint64 deadline_us = g_get_monotonic_time() + PATIENCE_US;
	bool in_time = true;

	monitor_enter(&recorder->monitor);
	while (recorder->records[kind] < n && in_time)
		in_time = monitor_wait_until(&recorder->monitor, deadline_us);
	bool there = recorder->records[kind] >= n;
	monitor_leave(&recorder->monitor);
	return there;
}

unsigned fake_recorder_records(struct fake_recorder *recorder, enum ring_kind kind)
{
	monitor_enter(&recorder->monitor);
	unsigned n = recorder->records[kind];
	monitor_leave(&recorder->monitor);
	return n;
}

static bool tile_shows(struct fake_recorder *r, uint32_t x, uint32_t y, const uint8_t *pixels,
		       size_t stride_bytes)
{
	static uint8_t tile[64 * 64 * 4];
	uint32_t width = MIN(64u, ring_reader_width(r->reader) - x);
	uint32_t height = MIN(64u, ring_reader_height(r->reader) - y);

	if (ring_reader_copy_tile(r->reader, x / 64, y / 64, NULL, tile, 64 * 4) != 0)
		return false;
	for (uint32_t row = 0; row < height; row++)
		if (memcmp(tile + row * 64 * 4, pixels + (y + row) * stride_bytes + (size_t)x * 4,
			   (size_t)width * 4) != 0)
			return false;
	return true;
}

static bool shows(struct fake_recorder *r, const uint8_t *pixels, size_t stride_bytes,
		  uint32_t width, uint32_t height)
{
	if (r->reader == NULL || ring_reader_width(r->reader) != width ||
	    ring_reader_height(r->reader) != height)
		return false;
	for (uint32_t y = 0; y < height; y += 64)
		for (uint32_t x = 0; x < width; x += 64)
			if (!tile_shows(r, x, y, pixels, stride_bytes))
				return false;
	return true;
}

bool fake_recorder_wait_picture(struct fake_recorder *recorder, const uint8_t *pixels,
				size_t stride_bytes, uint32_t width, uint32_t height)
{
	gint64 deadline_us = g_get_monotonic_time() + PATIENCE_US;
	bool in_time = true, same = false;

	monitor_enter(&recorder->monitor);
	while (in_time && !(same = shows(recorder, pixels, stride_bytes, width, height)))
		in_time = monitor_wait_until(&recorder->monitor, deadline_us);
	monitor_leave(&recorder->monitor);
	return same;
}

bool fake_recorder_wait_cursor(struct fake_recorder *recorder, int32_t x, int32_t y)
{
	gint64 deadline_us = g_get_monotonic_time() + PATIENCE_US;
	bool in_time = true, there = false;

	monitor_enter(&recorder->monitor);
	while (in_time && !(there = recorder->cursor_x == x && recorder->cursor_y == y))
		in_time = monitor_wait_until(&recorder->monitor, deadline_us);
	monitor_leave(&recorder->monitor);
	return there;
}

uint32_t fake_recorder_cursor_width(struct fake_recorder *recorder)
{
	monitor_enter(&recorder->monitor);
	uint32_t width = recorder->cursor_width;
	monitor_leave(&recorder->monitor);
	return width;
}
