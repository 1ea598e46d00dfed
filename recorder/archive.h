/** One recording on disk: directory, chain, the open segment and those on their way to being
 *  sealed. One thread at a time, but for the notice at the end.
 *
 *  Times are microseconds since the recording began and never fall. Every function that writes
 *  returns -errno when the store refuses; the archive can then still be sealed, if the
 *  store has room for that. */
#pragma once

#include "recorder/index.h"
#include "recorder/notary/notary.h"
#include "recorder/sealed_check.h"
#include "recorder/segment.h"

struct archive;

/** Called on the store's thread when archive_collect has something to do. */
typedef void (*archive_wake_fn)(void *user);

struct archive_services {
	struct store *store;
	const struct chain_key *key;
	struct index *index;
	struct notary *notary; /**< NULL: no node log (tests) */
	struct segment_key_places keys;
	/** before the last rotation, for what was interrupted under it; NULL: none */
	const struct chain_key *previous_key;
	struct sealed_check *check; /**< NULL: what is sealed is not played again (tests) */
	struct settled *settled;    /**< NULL: every start looks at everything (tests) */
	const char
		*store_dir; /**< whose node log is asked what was sealed; NULL: none is (tests) */
};

/** Makes the directory, the certificate's copy and the genesis, all on the disk when it returns 0.
 *  -EEXIST: there is such a recording. */
int archive_create(const struct archive_services *services, const struct chain_genesis *genesis,
		   struct archive **ret_archive);
/** Whom to wake; before the first segment is closed. */
void archive_listen(struct archive *archive, archive_wake_fn wake, void *user);

/** Where a recording stood when its recorder went away; recovery.h fills it. */
struct archive_resume {
	char *session_id, *quality;
	uint64_t last_seq, chain_bytes;
	uint64_t clock_us;	    /**< CLOCK_MONOTONIC at time 0 */
	uint64_t position_us, t_us; /**< end of the last segment; time of the last entry */
	uint64_t n_frames, n_bytes;
	struct chain_counts counts;
	uint64_t started_utc_us;
	char head[DIGEST_HEX_BYTES];
	uint32_t n_segments;
	unsigned n_keys[SEGMENT_KEY_KIND_COUNT]; /**< highest number of a data key */
};
int archive_reopen(const struct archive_services *services, const struct archive_resume *from,
		   struct archive **ret_archive);
/** A segment that was found on the disk, repaired: signs it. It begins where the recording
 *  stood. */
int archive_adopt_segment(struct archive *archive, const struct chain_segment *segment);
/** The highest numbers of data keys that lie there, once recovery has seen all: the next one is
 *  new. */
void archive_set_keys(struct archive *archive, const unsigned n_keys[SEGMENT_KEY_KIND_COUNT]);
/** Nothing may be pending. NULL is fine. */
void archive_destroy(struct archive *archive);

/** The latest time of anything written. */
uint64_t archive_time_us(const struct archive *archive);

/** One line of the timeline; opens a segment when none is open. */
int archive_add_line(struct archive *archive, uint64_t t_us, const char *line);
/** One line of the sealed keystrokes; there must be a certificate for them
 *  (archive_services.keys). */
int archive_add_keystroke(struct archive *archive, uint64_t t_us, const char *line);

/** What the next fragments belong to. */
struct archive_format {
	uint32_t width, height;
	const char *codec;
	const void *init; /**< init segment; NULL: the one in use goes on */
	size_t init_bytes;
};
/** Before the first IDR of a size, and before an IDR that shall begin a new segment: closes the
 *  open segment if it has pictures. */
int archive_begin_segment(struct archive *archive, uint64_t t_us,
			  const struct archive_format *format);
int archive_add_fragment(struct archive *archive, const void *bytes, size_t length,
			 uint64_t dts_us);
/** Pictures that came in since the last call. */
void archive_count(struct archive *archive, const struct chain_counts *more);

/** Bytes of pictures, timelines and init segments written so far, signed or not. */
uint64_t archive_written_bytes(const struct archive *archive);

/** The open segment, or NULL. Borrowed. */
const struct segment *archive_segment(const struct archive *archive);

/** Has what was written of the open segment so far brought to the disk and then signed, by
 *  archive_collect: a checkpoint that a power cut leaves must not speak of bytes that it took. Does
 *  nothing when that was signed already, or while a checkpoint or a segment is on its way. Returns
 *  0 or the error met before. */
int archive_checkpoint(struct archive *archive, uint64_t t_us);
/** Bytes of the open segment that no entry covers yet. */
uint64_t archive_unsigned_bytes(const struct archive *archive);

/** A signed hole: the open segment ends at `gap->start_us` (or where the newest thing written
 *  lies), and nothing is said about the time from there to `end_us`.
 *  Its entry is written behind those of the segments before it. */
int archive_add_gap(struct archive *archive, const struct chain_gap *gap);

/** Adds the entries of segments that the store has sealed meanwhile. */
int archive_collect(struct archive *archive, uint64_t t_us);
/** Segments and files not yet sealed, gaps not yet entered. */
unsigned archive_pending(const struct archive *archive);

struct archive_totals {
	uint64_t frames, bytes, duration_us;
	char head[DIGEST_HEX_BYTES];
};

/** The open segment ends here. At the end: first archive_finish, then archive_collect until nothing
 *  is pending, then archive_seal. */
void archive_finish(struct archive *archive, uint64_t t_us);
int archive_seal(struct archive *archive, uint64_t t_us, const char *reason, const char *detail,
		 struct archive_totals *ret);
/** It could not be sealed; recovery will try again at the next start. */
void archive_give_up(struct archive *archive, const char *detail);
void archive_totals(const struct archive *archive, struct archive_totals *ret);
