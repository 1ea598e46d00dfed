/** One recording from OPEN to SEALED. The main thread says what is to happen; a task on the
 *  scheduler's workers does it, in that order.
 *
 *  Opening waits for the disk, so threads of its own do it; what is asked meanwhile waits in order.
 *
 *      opening -> running -> finishing (segments on their way to the disk) -> sealed | failed
 *
 *  A recording is counted: its owner on the main thread has one reference, its task the other. */
#pragma once

#include "base/end_reason.h"
#include "ipc/recorder_proto.h"
#include "recorder/archive.h"
#include "recorder/budget.h"
#include "recorder/live.h"
#include "recorder/pipeline.h"
#include "recorder/scheduler.h"

struct recording;

struct recording_services {
	struct archive_services archive;
	struct scheduler *scheduler;
	struct live_server *live; /**< NULL: nobody watches */
	struct idr_pool *idr_pool;
	GThreadPool *openers; /**< recording_openers_new */
	const char *node, *quality;
	struct byte_budget_limits limits; /**< of each recording */
	struct canvas_budget *canvases;	  /**< of all of them */
	uint32_t self_check_every; /**< one recording in so many is watched by a decoder; 0: none */
};

/** What comes back, on the default main context. */
struct recording_observer {
	/** Directory, genesis and first timeline line are there, the genesis for good (0), or there
	 *  is no recording (-EEXIST, -ENOSPC, other -errno): then nothing is called any more. */
	void (*opened)(void *user, int result);
	/** The event of this number stands in its file, or never will. */
	void (*taken)(void *user, uint64_t number, bool written);
	/** The canvas offered last is recorded (END_NONE) or is not. */
	void (*canvas_ready)(void *user, enum end_reason reason);
	/** The recorder ends this recording by itself; `closed` follows. */
	void (*ending)(void *user, enum end_reason reason, const char *detail);
	/** Sealed, or failed (ok false). The last call. */
	void (*closed)(void *user, bool ok, const char *detail,
		       const struct archive_totals *totals);
	void *user;
};

/** The threads that open recordings, several at a time: one that waits for a slow disk does
 *  not hold up the next. */
GThreadPool *recording_openers_new(void);

/** A new recording. Never NULL: `opened` says what came of it. */
struct recording *recording_open(const struct recording_services *services,
				 const struct recorder_open *open,
				 const struct recording_observer *observer);
/** Goes on with one that a recorder before us left; writes the gap. Takes `archive`. */
struct recording *recording_resume(const struct recording_services *services,
				   struct archive *archive, const struct archive_resume *from,
				   const struct recorder_open *open,
				   const struct recording_observer *observer);
void recording_unref(struct recording *recording);

/* Main thread; all return at once. */

/** Takes both descriptors. */
void recording_offer_canvas(struct recording *recording, int memfd, int doorbell_fd, uint32_t width,
			    uint32_t height);
/** A timeline event of the gateway; `taken` follows, unless `closed` comes first. */
void recording_event(struct recording *recording, const char *json, uint64_t number);
/** Ends it. Later calls are ignored. */
void recording_close(struct recording *recording, enum end_reason reason, const char *detail);
/** The session process is gone: without a CLOSE from the gateway it ends as a fault after a
 *  while. */
void recording_link_lost(struct recording *recording);
/** A session process offers itself (again). */
void recording_link_back(struct recording *recording);
