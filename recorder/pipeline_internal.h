/** What the two files of a pipeline share. Private to recorder/pipeline*.c: pipeline.c listens and
 *  decides when, pipeline_encode.c encodes, muxes and hands on. */
#pragma once

#include "recorder/mux/mux.h"
#include "recorder/pipeline.h"
#include "recorder/snapshot.h"

struct pipeline {
	struct pipeline_output output;
	struct ring_reader *reader;
	struct snapshot snapshot;
	/** made with the first picture of a canvas, so that a storm of resizes costs little */
	struct encoder *encoder;
	struct mux *mux;
	uint64_t canvas_us, last_frame_us, last_key_us, declared_us;
	uint64_t dirty_us;    /**< when the oldest unshown change was seen; 0: none */
	uint64_t newest_us;   /**< when the newest change in it happened */
	uint64_t interval_us; /**< between two pictures, at least */
	uint32_t qp_more;
	bool has_frames, mid_frame, key_requested;
	bool behind_idr;     /**< the newest picture is an IDR, ... */
	uint32_t idr_pic_id; /**< ... with this number, whatever encoder follows */
	bool painted;	     /**< something was drawn on this canvas */
	uint64_t audited_us; /**< when all of the canvas was compared last */
	uint64_t untold_us;  /**< when that found changes nobody has told of yet; 0: it did not */
	uint64_t frames_since;
	struct pipeline_stats stats;
};

uint64_t pipeline_since_origin(const struct pipeline *p, uint64_t clock_us);

/** pipeline_audit.c. A new canvas: nothing was compared yet. */
void pipeline_audit_begin(struct pipeline *p, uint64_t now_us);
/** Compares all of the canvas when that is due. Whether something had changed that nobody told of:
 *  it is in the snapshot now. */
bool pipeline_audit(struct pipeline *p, uint64_t now_us);
/** When it is certain that nobody told; UINT64_MAX: nothing is open. */
uint64_t pipeline_audit_due_us(const struct pipeline *p);

/** Encodes what the snapshot holds, as an IDR when `key` is set. Returns 0, -EIO from the encoder,
 *  or -errno of the store. */
int pipeline_encode_change(struct pipeline *p, uint64_t now_us, bool key);
/** A picture without changes, which stands twice as long as the one before. */
int pipeline_encode_silence(struct pipeline *p, uint64_t now_us);
