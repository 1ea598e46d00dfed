/* From the snapshot to a fragment in the store: which segment it belongs to, and how long it says
 * that it stands. It must not know when a picture is due.
 *
 * Silence: Chromium drops everything up to the next IDR after a silence of twice the duration that
 * the last fragment declared. So each declares two seconds, and when they pass without a change, a
 * picture without changes follows that declares twice as long, up to 32 s. */
#include "recorder/pipeline_internal.h"

#include "base/clock.h"
#include "recorder/encode/self_check.h"

#define DECLARED_US 2000000u
#define DECLARED_MAX_US 32000000u
#define QP_MAX 34u

/* A segment ends: when it is old, when it is busy and a minute old, or when its deltas
 * outweigh an IDR many times. */
#define SEGMENT_IDLE_US (600 * 1000000ull)
#define SEGMENT_BUSY_US (60 * 1000000ull)
#define SEGMENT_SHORT_US (10 * 1000000ull)
#define SEGMENT_DELTA_FACTOR 4u
#define SEGMENT_DELTA_MIN_BYTES (2u << 20)

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
						  .behind_idr = p->behind_idr,
						  .idr_pic_id_before = p->idr_pic_id,
						  .idr_pool = p->output.idr_pool};

	if (p->encoder != NULL)
		return 0;
	int result = encoder_create(&settings, &p->encoder);
	return result == 0 && p->output.self_check
		       ? encoder_watch(p->encoder, &settings, &p->encoder)
		       : result;
}

/* The first IDR of a canvas makes the init segment; every IDR that begins a segment
 * tells the archive so. */
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

static void note_encoded(struct pipeline *p, const struct access_unit *unit, uint64_t t_us)
{
	p->has_frames = true;
	p->last_frame_us = t_us;
	p->stats.frames_encoded++;
	p->behind_idr = unit->key;
	p->idr_pic_id = unit->idr_pic_id;
	if (unit->key) {
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
		note_encoded(p, &unit, t_us);
	return result;
}

int pipeline_encode_change(struct pipeline *p, uint64_t now_us, bool key)
{
	uint64_t newest_us = p->newest_us;

	p->declared_us = DECLARED_US;
	int result = encode(p, now_us, key);
	p->stats.latency_us = pipeline_since_origin(p, clock_now_us()) - newest_us;
	return result;
}

int pipeline_encode_silence(struct pipeline *p, uint64_t now_us)
{
	p->declared_us = MIN(p->declared_us * 2, DECLARED_MAX_US);
	p->stats.keep_alives++;
	return encode(p, now_us, false);
}
