/** What the files of one recording share. Private to recorder/recording*.c.
 *
 *  recording.c runs the task, recording_open.c makes recordings, recording_inbox.c takes what the main thread asks. */
#pragma once

#include "recorder/recording.h"
#include "recorder/timeline.h"

#include <stdatomic.h>

enum recording_state { STATE_RUNNING, STATE_FINISHING, STATE_CLOSED };

struct recording {
	gatomicrefcount refs;
	GMutex lock; /**< over inbox and task */
	GQueue inbox;
	struct task *task; /**< NULL: closed */
	atomic_bool key_requested;

	/* The task's own: */
	struct recording_observer observer;
	char *session_id;
	enum recording_state state;
	int error;     /**< of closing a segment: then there can be no seal */
	bool finished; /**< the last picture and line are written */
	bool resumed;  /**< and has not seen its canvas yet */
	uint64_t origin_us;
	struct archive *archive;
	struct live_channel *live;
	struct pipeline *pipeline;
	struct timeline_budget budget, canvases;
	uint64_t checkpoint_due_us, link_due_us; /**< 0: none */
	enum end_reason reason;
	char *detail;
};

/** Microseconds since this recording began. */
uint64_t recording_now_us(const struct recording *r);
/** Makes the task run soon. Any thread. */
void recording_wake(void *recording);
/** The next picture shall be an IDR. Any thread. */
void recording_request_key(void *recording);
/** The task's function: one turn, on a worker. */
void recording_run(void *recording);
