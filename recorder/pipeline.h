/** From canvas to fragment: drains the ring, decides when a picture is due, encodes, muxes, hands
 *  it to the archive and to live watchers.
 *
 *  Times are microseconds since the recording began. One thread at a time (the recording's
 *  task). */
#pragma once

#include "recorder/archive.h"
#include "recorder/live.h"

/** At most this often; the first change after a pause is encoded at once. */
#define PIPELINE_INTERVAL_US (1000000u / 15u)

struct pipeline;

struct pipeline_output {
	struct archive *archive;
	struct live_channel *live; /**< may be NULL */
	uint64_t origin_us;	   /**< CLOCK_MONOTONIC at time 0 */
	uint32_t qp;
	struct idr_pool *idr_pool; /**< may be NULL */
	bool self_check;      /**< let a decoder watch the encoder (recorder/encode/self_check.h) */
	uint32_t n_fragments; /**< written before (a recording that goes on after a crash) */
};

struct pipeline *pipeline_create(const struct pipeline_output *output);
void pipeline_destroy(struct pipeline *pipeline);

/** From now on this canvas is recorded. Descriptors are borrowed. -EPROTO: it is not a canvas of
 *  that size; the one before goes on then. */
int pipeline_open_canvas(struct pipeline *pipeline, int memfd, int doorbell_fd, uint32_t width,
			 uint32_t height, uint64_t now_us);
/** No more pictures. Does nothing without a canvas. */
void pipeline_close_canvas(struct pipeline *pipeline);

/** The canvas's doorbell, or -1. */
int pipeline_doorbell(const struct pipeline *pipeline);
/** ring_reader_arm; false without a canvas. */
bool pipeline_arm(struct pipeline *pipeline);

typedef void (*pipeline_event_fn)(void *user, const char *json, uint64_t t_us);

/** Takes what the session wrote into the ring, a bounded number of records and bytes at a time.
 *  Returns 0; 1 when there is more; -EPROTO: the session lies. The canvas stays open: its doorbell
 *  must be forgotten before its number is given up. */
int pipeline_drain(struct pipeline *pipeline, pipeline_event_fn event, void *user);

/** Encodes what is due.
 *  ret_due_us  when to call again without a doorbell; UINT64_MAX: never
 *  ret_busy    changes wait for their turn: no need to listen to the doorbell until then
 *  Returns 0, -EIO from the encoder, -EPROTO when the session never lets a tile be read,
 *  or -errno of the store. */
int pipeline_run(struct pipeline *pipeline, uint64_t now_us, uint64_t *ret_due_us, bool *ret_busy);

/** The last picture, whatever the interval says. */
int pipeline_flush(struct pipeline *pipeline, uint64_t now_us);

/** From now on pictures come as this step of the budget says (recorder/budget.h). */
struct budget_step;
void pipeline_economise(struct pipeline *pipeline, const struct budget_step *step);

/** Tiles that changed in the canvas without a word of the session, found since the last call: they
 *  were recorded nevertheless, up to a minute late. */
unsigned pipeline_take_untold(struct pipeline *pipeline, uint64_t now_us);

/** Tiles with changes that could not be read so far. */
unsigned pipeline_unread_tiles(const struct pipeline *pipeline);

/** The next picture is an IDR (a watcher joined). */
void pipeline_request_key(struct pipeline *pipeline);

struct pipeline_stats {
	uint64_t frames_seen; /**< finished by the session */
	uint64_t frames_encoded, keys, keep_alives;
	uint64_t looks_unchanged; /**< damage that turned out to be none */
	uint64_t overflows;
	uint64_t latency_us; /**< of the newest picture: session's frame to bytes in the store */
};
void pipeline_stats(const struct pipeline *pipeline, struct pipeline_stats *ret);
