/** The open segment of a recording: its video and timeline files, their running hashes, and what a
 *  chain entry says about them. One thread at a time. */
#pragma once

#include "recorder/chain/chain.h"
#include "recorder/crypt/crypt_writer.h"
#include "recorder/lines/line_writer.h"
#include "recorder/segment_key.h"
#include "recorder/store/store.h"

#define SEGMENT_VIDEO_NAME "seg-%05u.mp4"
#define SEGMENT_TIMELINE_NAME "seg-%05u.jsonl.gz"
#define SEGMENT_KEYSTROKES_NAME "seg-%05u.keys"
#define SEGMENT_INIT_PREFIX "init-"
#define SEGMENT_INIT_SUFFIX ".mp4"
#define SEGMENT_INIT_NAME SEGMENT_INIT_PREFIX "%03u" SEGMENT_INIT_SUFFIX

struct segment_stream {
	struct store_file *file;       /**< NULL: nothing written yet */
	const struct segment_key *key; /**< NULL: the file is plain */
	bool opaque;		       /**< entries speak of the encrypted bytes */
	struct digest *digest;	       /**< over the bytes that entries speak of */
	struct crypt_writer *crypt;
	struct line_writer *lines; /**< NULL: no line yet */
	char name[32];
};

struct segment {
	struct store_recording *store;
	uint32_t number;
	uint64_t start_us, first_frame_us;
	struct segment_stream video, timeline, keystrokes;
	struct chain_file init; /**< valid once a picture was due; its name is empty before */
	uint32_t frames, width, height;
	struct chain_counts counts;	 /**< once it is closed */
	uint64_t key_bytes, delta_bytes; /**< of the first IDR, and of everything behind it */
	char codec[16];
};

/** `key` is borrowed and must outlive the segment's last append; NULL: its files are plain. */
struct segment *segment_create(struct store_recording *store, const struct segment_key *key,
			       uint32_t number, uint64_t start_us);
/** Closes files that were not sealed. NULL is fine. */
void segment_destroy(struct segment *segment);

/** Appends; on -errno the segment is unchanged. A line is compressed, and one that was refused
 *  stands in front of the next. */
int segment_add_line(struct segment *segment, const char *line);
/** The same into a file of its own, under this key: borrowed as the other, and the same in each
 *  call. */
int segment_add_keystroke(struct segment *segment, const struct segment_key *key, const char *line);
int segment_add_fragment(struct segment *segment, const void *bytes, size_t length,
			 uint64_t dts_us);

/** Of all files so far. */
uint64_t segment_bytes(const struct segment *segment);
void segment_describe(const struct segment *segment, uint64_t end_us, struct chain_segment *ret);
void segment_checkpoint(const struct segment *segment, struct chain_checkpoint *ret);

/** Has what was written so far brought to the disk; `synced` is called on the store's thread. */
void segment_sync(const struct segment *segment, store_sealed_fn synced, void *user);

/** Ends its lines and gives the files to the store's thread; the segment has none afterwards. */
void segment_seal(struct segment *segment, store_sealed_fn sealed, void *user);
