/* The picture's way through the recorder. It must not know sessions, gateways or chains; archive.c writes, recording.c calls.
 *
 * Silence: Chromium drops everything up to the next IDR after a silence of twice the duration that the last fragment declared. So each
 * declares two seconds, and when they pass without a change, a picture without changes follows that declares twice as long, up to 32 s. */
#include "recorder/pipeline.h"

#include "base/clock.h"
#include "recorder/budget.h"
#include "recorder/encode/self_check.h"
#include "recorder/mux/mux.h"
#include "recorder/snapshot.h"

#include <errno.h>
#include <string.h>

#define DRAIN_MAX_RECORDS 4096u
#define DECLARED_US 2000000u
#define DECLARED_MAX_US 32000000u
/* A session that stops in the middle of a picture, and tiles that are always being written, are recorded all the same. */
#define UNFINISHED_MAX_US 100000u
#define FIRST_PICTURE_MAX_US 500000u
/* A canvas is black until the target has shown something, which is nobody's picture. It is recorded all the same when it stays so. */
#define BLANK_MAX_US 5000000u
#define TORN_RETRY_US 10000u
/* A writer holds a tile for microseconds; one that a tile was never seen without for so long, at 255 looks, holds it on purpose. */
#define TORN_MAX_US 10000000u
#define QP_MAX 34u
#define KEY_INTERVAL_US 1000000u

/* A segment ends: when it is old, when it is busy and a minute old, or when its deltas outweigh an IDR many times. */
#define SEGMENT_IDLE_US (600 * 1000000ull)
#define SEGMENT_BUSY_US (60 * 1000000ull)
#define SEGMENT_SHORT_US (10 * 1000000ull)
#define SEGMENT_DELTA_FACTOR 4u
#define SEGMENT_DELTA_MIN_BYTES (2u << 20)

struct pipeline {
	struct pipeline_output output;
	struct ring_reader *reader;
	struct snapshot snapshot;
	struct encoder *
		encoder; /**< made with the first picture of a canvas, so that a storm of resizes costs little */
	struct mux *mux;
	uint64_t canvas_us, last_frame_us, last_key_us, declared_us;
	uint64_t dirty_us;    /**< when the oldest unshown change was seen; 0: none */
	uint64_t newest_us;   /**< when the newest change in it happened */
	uint64_t interval_us; /**< between two pictures, at least */
	uint32_t qp_more;
	bool has_frames, mid_frame, key_requested;
	bool painted; /**< something was drawn on this canvas */
	uint64_t frames_since;
	struct pipeline_stats stats;
};

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
	/* The pointer belongs to the session, not to a canvas: the session says it again only when it changes. */
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

static uint64_t since_origin(const struct pipeline *p, uint64_t clock_us)
{
	int64_t passed_us = (int64_t)(clock_us - p->output.origin_us);

	return passed_us > 0 ? (uint64_t)passed_us : 0;
}

static void take_record(struct pipeline *p, const struct ring_record *record,
			pipeline_event_fn event, void *user)
{
	uint64_t t_us = since_origin(p, record->time_us);
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
	for (unsigned n = 0; n < DRAIN_MAX_RECORDS; n++) {
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

static bool segment_is_over(const struct segment *segment, uint64_t t_us)
{
	uint64_t age_us = t_us - MIN(t_us, segment->first_frame_us);

	if (age_us >= SEGMENT_IDLE_US)
		return true;
	if (age_us >= SEGMENT_BUSY_US && segment->delta_bytes >= segment->key_bytes)
		return true;
	return age_us >= SEGMENT_SHORT_US && segment->delta_bytes >= SEGMENT_DELTA_MIN_BYTES &&
	       segment->delta_bytes >= SEGMENT_DELTA_FACTOR * segment->key_bytes;
}

static int start_encoder(struct pipeline *p)
{
	const struct encoder_settings settings = {.width = p->snapshot.picture.width,
						  .height = p->snapshot.picture.height,
						  .qp = MIN(p->output.qp + p->qp_more, QP_MAX),
						  .repeat_headers = true,
						  .method = ENCODER_DAMAGE,
						  .idr_pool = p->output.idr_pool};

	if (p->encoder != NULL)
		return 0;
	int result = encoder_create(&settings, &p->encoder);
	return result == 0 && p->output.self_check
		       ? encoder_watch(p->encoder, &settings, &p->encoder)
		       : result;
}

/* The first IDR of a canvas makes the init segment; every IDR that begins a segment tells the archive so. */
static int begin_segment(struct pipeline *p, const struct access_unit *unit, uint64_t t_us)
{
	const struct nv12 *picture = &p->snapshot.picture;
	struct archive_format format = {.width = picture->width,
					.height = picture->height,
					.codec = encoder_codec_string(p->encoder)};

	if (p->mux == NULL) {
		int result = mux_create(picture->width, picture->height, unit,
					p->output.n_fragments + 1, &p->mux);
		if (result < 0)
			return result;
		struct mux_bytes init = mux_init_segment(p->mux);
		format.init = init.bytes;
		format.init_bytes = init.length;
		live_channel_format(p->output.live, format.width, format.height, format.codec);
	}
	return archive_begin_segment(p->output.archive, t_us, &format);
}

static int write_unit(struct pipeline *p, const struct access_unit *unit, uint64_t t_us)
{
	struct mux_bytes fragment;
	int result = mux_fragment(p->mux, unit, (int64_t)t_us, (int64_t)p->declared_us, &fragment);

	if (result == 0)
		result = archive_add_fragment(p->output.archive, fragment.bytes, fragment.length,
					      t_us);
	if (result < 0)
		return result;
	p->output.n_fragments++;
	live_channel_publish(p->output.live, unit, t_us);
	return 0;
}

static void note_encoded(struct pipeline *p, bool key, uint64_t t_us)
{
	p->has_frames = true;
	p->last_frame_us = t_us;
	p->stats.frames_encoded++;
	if (key) {
		p->last_key_us = t_us;
		p->key_requested = false;
		p->stats.keys++;
	}
	if (p->frames_since > 1)
		archive_count(p->output.archive,
			      &(struct chain_counts){.coalesced = p->frames_since - 1});
	p->frames_since = 0;
	snapshot_taken(&p->snapshot);
}

static int encode(struct pipeline *p, uint64_t now_us, bool key)
{
	const struct segment *segment = archive_segment(p->output.archive);
	uint64_t t_us = p->has_frames ? MAX(now_us, p->last_frame_us + 1) : now_us;
	bool begins = p->mux == NULL || segment == NULL || segment->frames == 0 ||
		      segment_is_over(segment, t_us);
	struct access_unit unit;
	int result = start_encoder(p);

	if (result == 0)
		result = encoder_encode(p->encoder, &p->snapshot.picture, &p->snapshot.blocks,
					p->snapshot.hints, p->snapshot.n_hints, begins || key,
					(int64_t)t_us, &unit);
	if (result == 0 && begins)
		result = begin_segment(p, &unit, t_us);
	if (result == 0)
		result = write_unit(p, &unit, t_us);
	if (result == 0)
		note_encoded(p, unit.key, t_us);
	return result;
}

static int encode_change(struct pipeline *p, uint64_t now_us, bool key)
{
	uint64_t newest_us = p->newest_us;

	p->declared_us = DECLARED_US;
	int result = encode(p, now_us, key);
	p->stats.latency_us = since_origin(p, clock_now_us()) - newest_us;
	return result;
}

static int encode_silence(struct pipeline *p, uint64_t now_us)
{
	p->declared_us = MIN(p->declared_us * 2, DECLARED_MAX_US);
	p->stats.keep_alives++;
	return encode(p, now_us, false);
}

static bool first_of_canvas(const struct pipeline *p)
{
	return p->mux == NULL;
}

/* Nothing was drawn that we heard of, nor does anything show: a canvas that a recorder meets again may have its picture already. */
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
	if (p->snapshot.n_changed > 0 || first_of_canvas(p) || key)
		return encode_change(p, now_us, key);
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
		result = encode_silence(p, now_us);
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
	/* A constant quantiser is a stream's for good: another one is another stream, with an IDR and an init segment of its own. */
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
	return p->snapshot.n_changed > 0 || first_of_canvas(p) ? encode_change(p, now_us, false)
							       : 0;
}
