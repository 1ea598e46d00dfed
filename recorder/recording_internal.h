/** What the files of one recording share. Private to recorder/recording*.c.
 *
 *  recording.c runs the task, recording_open.c makes recordings, recording_inbox.c takes what the
 *  main thread asks, recording_end.c ends them; recording_canvas.c and recording_timeline.c are
 *  what their names say. But for the first four functions everything runs inside the task. */
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
	bool lied;     /**< the session, and a gap tells so */
	bool resumed;  /**< and has not seen its canvas yet */
	bool seals_keystrokes;
	uint64_t origin_us;
	struct archive *archive;
	struct live_channel *live;
	struct pipeline *pipeline;
	struct timeline_budget budget, canvases, watches;
	struct byte_budget bytes;
	struct work_budget work;
	uint64_t rest_us; /**< nothing is done for the session before */
	struct canvas_budget *canvas_budget;
	uint64_t canvas_bytes; /**< held of it */
	uint64_t lost_us;      /**< since when no canvas is seen that was seen before; 0: it is */
	int64_t utc_offset_us; /**< UTC less the monotonic clock, as last recorded */
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

/* recording_end.c. The first word counts; what follows is ignored. */

/** The end is in sight: whoever wanted it knows. */
void recording_begin_end(struct recording *r, enum end_reason reason, const char *detail);
/** The recorder ends it: the session is told. */
void recording_stop(struct recording *r, enum end_reason reason, const char *detail);
/** The store or the encoder gave up (-errno): the session must not go on unseen. */
void recording_fail(struct recording *r, int error, const char *what);
/** The session process lies: it is given up, and its recording ends with what there is. */
void recording_accuse(struct recording *r, const char *what);
/** The last look, and the files on their way. */
void recording_finish(struct recording *r);
/** Nothing is on its way any more. `result`: -errno of what was lost, then there is no seal. */
void recording_seal(struct recording *r, int result);

/* recording_timeline.c */

/** A line of the recorder or the gateway. False: it could not be written, and the
 *  recording ends for that. */
bool recording_add_event(struct recording *r, const char *json, const char *origin, uint64_t t_us);
/** A line of the recorder: a type and a number. */
void recording_add_note(struct recording *r, const char *type, const char *name, int64_t value);
/** A line of the session, as far as its budget reaches. A pipeline_event_fn. */
void recording_take_event(void *recording, const char *json, uint64_t t_us);
/** Says how many were refused. */
void recording_note_dropped(struct recording *r);
/** A watcher begins or is gone. Any thread. A live_channel_ops function. */
void recording_watched(void *recording, const struct live_request *who, unsigned watcher,
		       bool begins);
/** The line that recording_watched asked for. */
void recording_add_watch(struct recording *r, const char *json);

/* recording_canvas.c */

struct recording_command;
void recording_open_canvas(struct recording *r, const struct recording_command *c);
/** Takes what the session wrote. */
void recording_drain(struct recording *r);
/** Reads the ring to its end and encodes what stands there; what could not be read is told in a
 *  gap. False: the session lies. */
bool recording_last_look(struct recording *r);
/** The session process is gone. */
void recording_lose_canvas(struct recording *r);
/** A canvas is there again, or the end is: a gap tells of the time without one. */
void recording_find_canvas(struct recording *r);
/** Before a canvas's doorbell is closed. */
void recording_forget_doorbell(struct recording *r);
