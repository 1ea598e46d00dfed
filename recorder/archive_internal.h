/** What the files of an archive share. Private to recorder/archive*.c: archive.c keeps segments, archive_chain.c their entries, archive_open.c makes
 *  and unmakes it. */
#pragma once

#include "recorder/archive.h"

struct archive {
	struct archive_services services;
	char *session_id;
	struct store_recording *store;
	struct chain *chain;
	struct store_file *chain_file;
	struct segment *segment;
	GQueue closed;	      /**< struct segment, waiting for the store */
	GAsyncQueue *results; /**< of segments, in order: GINT_TO_POINTER(result) + 1 */
	unsigned n_init_pending;
	GAsyncQueue *init_results;
	archive_wake_fn wake;
	void *user;
	struct chain_file init;
	uint32_t n_segments;
	uint64_t position_us, t_us, checkpoint_bytes;
	uint64_t n_frames, n_bytes;
};

/** The later of `t_us` and everything written so far; from now on nothing is earlier. */
uint64_t archive_not_before(struct archive *a, uint64_t t_us);
/** Appends a chain line and takes it; NULL: takes `error` and returns -EIO. */
int archive_append_entry(struct archive *a, char *line, GError *error);
int archive_add_segment_entry(struct archive *a, uint64_t t_us, const struct chain_segment *entry);
