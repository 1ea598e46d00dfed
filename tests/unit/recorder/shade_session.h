/** A session whose pictures are counted: each is one shade of grey, shades follow each other in a
 *  circle, so that a recording shows which ones it lacks.
 *  Tests only. */
#pragma once

#include "tests/unit/recorder/recorder_process.h"

struct shade_session {
	struct recorder_process *process;
	struct painter painter;
	unsigned n_painted;
};

/** OPEN and a canvas of 128 x 96 that shows the first shade. True once that is in the store, false
 *  when the recorder died before. */
bool shade_session_open(struct shade_session *session, struct recorder_process *p);
void shade_session_finish(struct shade_session *session);

/** The next shade, painted and not waited for. */
void shade_session_paint(struct shade_session *session);
/** The next shade; true once it is in the store, false when the recorder died or
 *  froze the session before. */
bool shade_session_paint_and_wait(struct shade_session *session);
/** A new canvas of another size; false when the recorder died. */
bool shade_session_resize(struct shade_session *session, uint32_t width, uint32_t height);

/** CLOSE; true when SEALED came, and was good. */
bool shade_session_close(struct shade_session *session);

/** Plays the recording and says how many shades that were painted are in no picture. */
unsigned shade_session_count_lost(const struct shade_session *session);
