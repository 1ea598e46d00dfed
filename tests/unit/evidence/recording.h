/** A recording as the recorder leaves it, with small files of real boxes, made by the chain's own
 *  writer. */
#pragma once

#include "evidence/export.h"
#include "tests/support/signing_key.h"

#define RECORDING_SESSION "6f9619ff-8b86-d011-b42d-00c04fc964ff"
#define RECORDING_SEGMENT_US 1000000u
#define RECORDING_FRAME_BYTES 500u
#define RECORDING_TAIL_BYTES 77u

struct recording {
	char *dir, *ca_path;
	struct signing_key ca, recorder_pem, export_pem;
	struct chain_key *recorder_key, *export_key;
	struct chain *chain;
	struct reader *reader; /**< of the order made last */
	GString *lines;
	uint64_t bytes, frames, position_us;
	uint32_t segments, inits;
	/** lines of the next segments' timelines, as the recorder writes them; NULL:
	 *  bytes that only say when */
	const char *events;
	/** of the segments to come only the beginnings are signed, as after a power cut: behind
	 *  pictures and timeline lies a tail */
	bool cut;
};

/** With keys, a genesis and nothing else. */
void recording_init(struct recording *recording);
/** The same for another genesis. */
void recording_init_of(struct recording *recording, const struct chain_genesis *genesis);
void recording_finish(struct recording *recording);

/** A segment of so many pictures; `resized`: it needs a new init segment. Every
 *  segment has a timeline. */
void recording_add_segment(struct recording *recording, unsigned frames, bool resized);
/** A segment of real pictures. */
struct recorded_pictures {
	const void *init, *video; /**< what the muxer gave */
	gsize init_bytes, video_bytes;
	unsigned frames;
	uint64_t length_us;
	uint32_t width, height;
};
void recording_add_pictures(struct recording *recording, const struct recorded_pictures *pictures,
			    bool resized);
void recording_add_gap(struct recording *recording, uint64_t length_us);
void recording_seal(struct recording *recording);

/** Five segments: two, then a gap, one without pictures, then two of another size; sealed. */
void recording_init_whole(struct recording *recording);

/** An order for all of it into `target`. */
struct evidence_order recording_order(struct recording *recording, const char *target);

/** Reads and writes whole files; failures end the test. */
char *recording_get(const char *path, gsize *ret_length);
void recording_put(const char *path, const void *bytes, gsize length);
