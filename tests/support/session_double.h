/** A double of the session core (gateway/session/session.h) that keeps one canvas and says what it
 *  was asked: enough to drive a front, a back, or both joined to each other, in one process. */
#pragma once

#include "gateway/session/back.h"
#include "gateway/session/front.h"

struct session *double_create(void);
void double_destroy(struct session *session);

/** From now on input of this session's front goes to `back_session`'s back, and what that back
 *  draws goes to this one's canvas. */
void double_join(struct session *front_session, struct session *back_session);

/** What session_login answers. NULL user name: refuse. */
void double_allow(struct session *session, const char *user, const char *password,
		  const char *target);
/** Lets the front run: its target has this size. */
void double_run(struct session *session, uint32_t width, uint32_t height);

/** As a back would: paints a rectangle of the canvas in one colour / copies / announces. */
void double_fill(struct session *session, struct rect r, uint32_t bgrx);
void double_frame(struct session *session);
/** Words to lay over the picture; NULL: none any more. */
void double_notice(struct session *session, const char *words);
void double_notify(struct session *session, unsigned flags);

/** Queues a command for the back. Any thread. Takes what the command owns. */
void double_command(struct session *session, const struct back_command *command);

/** Colour at a place of the canvas, without its X byte. */
uint32_t double_pixel(struct session *session, uint32_t x, uint32_t y);
/** True when both canvases show the same. */
bool double_same(struct session *a, struct session *b);

/** Waits up to five seconds until the text of everything that was asked of the core
 *  contains `words`; true then. */
bool double_saw(struct session *session, const char *words);
/** Waits up to five seconds until the pixel has the colour. */
bool double_shows(struct session *session, uint32_t x, uint32_t y, uint32_t bgrx);
/** Everything asked so far; g_free it. */
char *double_story(struct session *session);

/* ---- for a back alone ---- */

struct double_counts {
	unsigned resizes, paints, copies, frames, cursors;
	unsigned unframed; /**< paints and copies since the last frame */
	/** Frames after which the canvas was not the back's picture: always 0, or a copy was
	 *  wrong. */
	unsigned torn;
};
struct double_counts double_counts(struct session *session);

/** Largest desktop session_resize accepts; others get -EINVAL. */
void double_limit(struct session *session, uint32_t max_width, uint32_t max_height);

/** Waits until `check` says yes (asked after every call of the back) or the time is over. Any
 *  thread but the back's. */
bool double_wait(struct session *session, bool (*check)(struct session *session, void *data),
		 void *data, unsigned timeout_ms);

/* For `check`, and after the back has returned: */
uint32_t double_width(const struct session *session);
uint32_t double_height(const struct session *session);
/** 0xRRGGBB; 0 outside. */
uint32_t double_peek(const struct session *session, uint32_t x, uint32_t y);
const uint8_t *double_row(const struct session *session, uint32_t y); /**< BGRX */
const struct cursor_shape *double_cursor(const struct session *session);
const struct double_counts *double_counted(const struct session *session);
const char *double_clipboard(const struct session *session);
bool double_pointer(const struct session *session, int32_t *ret_x, int32_t *ret_y);
