/* The picture's way through the recorder: what came in, and when a picture is due. It must not know
 * sessions, gateways or chains; pipeline_encode.c makes the pictures, archive.c
 * writes, recording.c calls. */
#include "recorder/pipeline_internal.h"

#include "base/clock.h"
#include "recorder/budget.h"

#include <errno.h>
#include <string.h>

#define DRAIN_MAX_RECORDS 4096u
/* What a whole ring holds: a session that writes while it is read does not hold up the others. */
#define DRAIN_MAX_BYTES (1u << 20)
/* A session that stops in the middle of a picture, and tiles that are always being written, are
 * recorded all the same. */
#define UNFINISHED_MAX_US 100000u
#define FIRST_PICTURE_MAX_US 500000u
/* A canvas is black until the target has shown something, which is nobody's picture. It is recorded
 * all the same when it stays so. */
#define BLANK_MAX_US 5000000u
#define TORN_RETRY_US 10000u
/* A writer holds a tile for microseconds; one that a tile was never seen without for so long, at
 * 255 looks, holds it on purpose. */
#define TORN_MAX_US 10000000u
#define KEY_INTERVAL_US 1000000u

struct pipeline *pipeline_create(const struct pipeline_output *output)
{
	struct pipeline *p = g_new0(struct pipeline, 1);

	p->output = *output;
	p->interval_us = PIPELINE_INTERVAL_US;
	return p;
}

void pipeline_close_canvas(struct pipeline *p)
{
	if (p->reader == NULL)
		return;
	g_clear_pointer(&p->reader, ring_reader_close);
	g_clear_pointer(&p->encoder, encoder_destroy);
	g_clear_pointer(&p->mux, mux_destroy);
	snapshot_finish(&p->snapshot);
}

void pipeline_destroy(struct pipeline *pipeline)
{
	if (pipeline == NULL)
		return;
	pipeline_close_canvas(pipeline);
	g_free(pipeline);
}

int pipeline_open_canvas(struct pipeline *p, int memfd, int doorbell_fd, uint32_t width,
			 uint32_t height, uint64_t now_us)
{
	struct ring_reader *reader;
	struct snapshot snapshot;
	int result = ring_reader_open(memfd, doorbell_fd, width, height, &reader);

	if (result < 0)
		return result;
	if (snapshot_init(&snapshot, width, height) < 0) {
		ring_reader_close(reader);
		return -ENOMEM;
	}
	/* The pointer belongs to the session, not to a canvas: the session says it again
	 * only when it changes. */
	if (p->reader != NULL) {
		snapshot.cursor = p->snapshot.cursor;
		p->snapshot.cursor.bgra = NULL;
	}
	pipeline_close_canvas(p);
	p->reader = reader;
	p->snapshot = snapshot;
	p->canvas_us = p->dirty_us = now_us;
	p->newest_us = now_us;
	p->mid_frame = false;
	p->painted = false;
	pipeline_audit_begin(p, now_us);
	return 0;
}

int pipeline_doorbell(const struct pipeline *pipeline)
{
	return pipeline->reader != NULL ? ring_reader_doorbell(pipeline->reader) : -1;
}

bool pipeline_arm(struct pipeline *pipeline)
{
	return pipeline->reader != NULL && ring_reader_arm(pipeline->reader);
}

void pipeline_request_key(struct pipeline *pipeline)
{
	pipeline->key_requested = true;
}

void pipeline_stats(const struct pipeline *pipeline, struct pipeline_stats *ret)
{
	*ret = pipeline->stats;
}

uint64_t pipeline_since_origin(const struct pipeline *p, uint64_t clock_us)
{
	int64_t passed_us = (int64_t)(clock_us - p->output.origin_us);

	return passed_us > 0 ? (uint64_t)passed_us : 0;
}

static void take_record(struct pipeline *p, const struct ring_record *record,
			pipeline_event_fn event, void *user)
{
	uint64_t t_us = pipeline_since_origin(p, record->time_us);
	uint32_t dirty_before = p->snapshot.n_dirty;

	switch (record->kind) {
	case RING_EVENT:
		event(user, record->event.json, t_us);
		return;
	case RING_FRAME:
		p->mid_frame = false;
		p->frames_since++;
		p->stats.frames_seen++;
		archive_count(p->output.archive, &(struct chain_counts){.seen = 1});
		break;
	case RING_PAINT:
	case RING_COPY:
	case RING_FILL:
		p->mid_frame = p->painted = true;
		break;
	case RING_CURSOR_SHAPE:
	case RING_CURSOR_MOVE:
		break;
	}
	snapshot_record(&p->snapshot, record);
	if (p->snapshot.n_dirty > dirty_before) {
		p->newest_us = t_us;
		if (dirty_before == 0)
			p->dirty_us = t_us;
	}
}

int pipeline_drain(struct pipeline *pipeline, pipeline_event_fn event, void *user)
{
	struct pipeline *p = pipeline;
	struct ring_record record;
	int result = 0;

	if (p->reader == NULL)
		return 0;
	uint64_t before_bytes = ring_reader_taken_bytes(p->reader);
	for (unsigned n = 0; n < DRAIN_MAX_RECORDS; n++) {
		if (ring_reader_taken_bytes(p->reader) - before_bytes >= DRAIN_MAX_BYTES)
			break;
		result = ring_reader_next(p->reader, &record);
		if (result <= 0)
			break;
		take_record(p, &record, event, user);
	}
	uint32_t n_lost = ring_reader_take_overflow(p->reader);
	if (n_lost > 0) {
		p->stats.overflows++;
		p->painted = true;
		archive_count(p->output.archive, &(struct chain_counts){.lost = n_lost});
		snapshot_mark_all(&p->snapshot);
	}
	return result;
}

static bool first_of_canvas(const struct pipeline *p)
{
	return p->mux == NULL;
}

/* Nothing was drawn that we heard of, nor does anything show: a canvas that a recorder meets again
 * may have its picture already. */
static bool is_blank(const struct pipeline *p)
{
	return !p->painted && p->snapshot.n_changed == 0;
}

/* Reads the canvas and encodes when something really changed. */
static int look(struct pipeline *p, uint64_t now_us, bool key)
{
	bool stuck = snapshot_update(&p->snapshot, p->reader);
	if (stuck && now_us >= p->dirty_us + TORN_MAX_US)
		return -EPROTO;
	if (first_of_canvas(p) && is_blank(p) && now_us < p->canvas_us + BLANK_MAX_US)
		return 0;
	if (first_of_canvas(p) && p->snapshot.n_dirty > 0 &&
	    now_us < p->canvas_us + FIRST_PICTURE_MAX_US)
		return 0;
	if (!first_of_canvas(p))
		(void)pipeline_audit(p, now_us);
	if (p->snapshot.n_changed > 0 || first_of_canvas(p) || key)
		return pipeline_encode_change(p, now_us, key);
	p->stats.looks_unchanged++;
	return 0;
}

static bool key_is_due(const struct pipeline *p, uint64_t now_us)
{
	return p->key_requested && p->has_frames && now_us >= p->last_key_us + KEY_INTERVAL_US;
}

/* When a waiting change may be encoded. */
static uint64_t change_due_us(const struct pipeline *p)
{
	uint64_t due_us = p->has_frames ? p->last_frame_us + p->interval_us : 0;

	return p->mid_frame ? MAX(due_us, p->dirty_us + UNFINISHED_MAX_US) : due_us;
}

static uint64_t next_due_us(const struct pipeline *p, uint64_t now_us, bool *ret_busy)
{
	uint64_t due_us = p->has_frames ? p->last_frame_us + p->declared_us : UINT64_MAX;

	if (pipeline_audit_due_us(p) > now_us)
		due_us = MIN(due_us, pipeline_audit_due_us(p));
	*ret_busy = p->snapshot.n_dirty > 0 && !p->mid_frame;
	if (p->snapshot.n_dirty > 0)
		due_us = MIN(due_us, MAX(change_due_us(p), now_us + TORN_RETRY_US));
	if (p->key_requested && p->has_frames)
		due_us = MIN(due_us, p->last_key_us + KEY_INTERVAL_US);
	if (first_of_canvas(p))
		due_us = MIN(due_us, MAX(p->canvas_us + BLANK_MAX_US, now_us + TORN_RETRY_US));
	return due_us;
}

int pipeline_run(struct pipeline *pipeline, uint64_t now_us, uint64_t *ret_due_us, bool *ret_busy)
{
	struct pipeline *p = pipeline;
	int result = 0;

	*ret_due_us = UINT64_MAX;
	*ret_busy = false;
	if (p->reader == NULL)
		return 0;
	bool key = key_is_due(p, now_us);
	bool stays_blank = first_of_canvas(p) && now_us >= p->canvas_us + BLANK_MAX_US;
	if (key || stays_blank || (p->snapshot.n_dirty > 0 && now_us >= change_due_us(p)))
		result = look(p, now_us, key);
	if (result == 0 && p->has_frames && !first_of_canvas(p) &&
	    now_us >= p->last_frame_us + p->declared_us)
		result = pipeline_audit(p, now_us) ? pipeline_encode_change(p, now_us, false)
						   : pipeline_encode_silence(p, now_us);
	if (result == 0)
		*ret_due_us = next_due_us(p, now_us, ret_busy);
	return result;
}

void pipeline_economise(struct pipeline *pipeline, const struct budget_step *step)
{
	struct pipeline *p = pipeline;

	p->interval_us = step->interval_factor * PIPELINE_INTERVAL_US;
	if (p->qp_more == step->qp_more)
		return;
	/* A constant quantiser is a stream's for good: another one is another stream, with an IDR
	 * and an init segment of its own. */
	p->qp_more = step->qp_more;
	g_clear_pointer(&p->encoder, encoder_destroy);
	g_clear_pointer(&p->mux, mux_destroy);
	if (p->reader != NULL)
		snapshot_mark_all(&p->snapshot);
	p->dirty_us = p->newest_us = p->last_frame_us;
}

unsigned pipeline_unread_tiles(const struct pipeline *pipeline)
{
	return pipeline->reader != NULL ? pipeline->snapshot.n_dirty : 0;
}

int pipeline_flush(struct pipeline *pipeline, uint64_t now_us)
{
	struct pipeline *p = pipeline;

	if (p->reader == NULL || (p->snapshot.n_dirty == 0 && !first_of_canvas(p)))
		return 0;
	snapshot_update(&p->snapshot, p->reader);
	return p->snapshot.n_changed > 0 || first_of_canvas(p)
		       ? pipeline_encode_change(p, now_us, false)
		       : 0;
}
