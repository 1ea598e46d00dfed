/** What the files of an archive share. Private to recorder/archive*.c: archive.c keeps segments,
 *  archive_chain.c their entries, archive_open.c makes and unmakes it. */
#pragma once

#include "recorder/archive.h"

struct archive {
	struct archive_services services;
	char *session_id;
	struct store_recording *store;
	struct chain *chain;
	struct store_file *chain_file;
	struct segment_key
		*keys[SEGMENT_KEY_KIND_COUNT];	 /**< NULL: not made yet, or none is needed */
	unsigned n_keys[SEGMENT_KEY_KIND_COUNT]; /**< highest number in the recording */
	struct segment *segment;
	GQueue closed;	      /**< struct closed, in order */
	GAsyncQueue *results; /**< of segments, in order: GINT_TO_POINTER(result) + 1 */
	unsigned n_init_pending;
	GAsyncQueue *init_results;
	struct chain_checkpoint
		noted;	   /**< on its way to the disk, to be signed then; number 0: none */
	uint64_t noted_us; /**< what it covers was written until then */
	GAsyncQueue *noted_results;
	archive_wake_fn wake;
	void *user;
	struct chain_file init;
	uint32_t n_segments;
	uint64_t position_us, t_us, checkpoint_bytes;
	/** an entry, a segment or an init segment was lost: nothing behind it may be entered */
	int error;
	uint64_t n_frames, n_bytes;
	uint64_t written_bytes;
	struct chain_counts counts;  /**< of the open segment, or the next one */
	struct chain_counts sums;    /**< of entries */
	struct chain_counts counted; /**< of everything, entered or not */
};

/** What stands between the chain's last entry and the open segment. */
struct closed {
	struct segment *segment; /**< waiting for the store; NULL: a gap */
	uint64_t end_us;
	struct chain_gap gap; /**< owns its texts */
};
void closed_free(struct closed *closed);

/** The later of `t_us` and everything written so far; from now on nothing is earlier. */
uint64_t archive_not_before(struct archive *a, uint64_t t_us);
/** The checkpoint that was noted lies on the disk. */
void archive_enter_checkpoint(struct archive *a, int result);
/** For whom waits on the store's thread: keeps `result` for archive_collect and wakes it. */
void archive_note_result(struct archive *a, GAsyncQueue *results, int result);
/** Appends a chain line and takes it; NULL: takes `error` and returns -EIO. */
int archive_append_entry(struct archive *a, char *line, GError *error);
/** Enters the gaps that no segment stands before; behind something that was lost they are
 *  dropped. */
int archive_enter_gaps(struct archive *a);
int archive_add_segment_entry(struct archive *a, uint64_t t_us, const struct chain_segment *entry);
