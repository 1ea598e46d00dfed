/** A session core for testing a back alone: keeps a canvas by the same rules, remembers what was said, hands out commands.
 *
 *  It stands in for gateway/session at link time, with the functions a back calls and no others. */
#pragma once

#include "gateway/session/back.h"

struct fake_counts {
	unsigned resizes, paints, copies, frames, cursors;
	unsigned unframed; /**< paints and copies since the last frame */
	/** Frames after which the canvas was not the back's picture: always 0, or a copy was wrong. */
	unsigned torn;
};

struct session *fake_session_new(void);
void fake_session_free(struct session *session);

/** Queues a command for the back. Any thread. Takes what the command owns. */
void fake_session_command(struct session *session, const struct back_command *command);

/** Largest desktop session_resize accepts; others get -EINVAL. */
void fake_session_limit(struct session *session, uint32_t max_width, uint32_t max_height);

struct fake_counts fake_session_counts(struct session *session);

/** Waits until `check` says yes (asked after every call of the back) or the time is over. Any thread but the back's. */
bool fake_session_wait(struct session *session, bool (*check)(struct session *session, void *data),
		       void *data, unsigned timeout_ms);

/** For `check` and after the back has returned: */
uint32_t fake_session_width(const struct session *session);
uint32_t fake_session_height(const struct session *session);
/** 0xRRGGBB; 0 outside. */
uint32_t fake_session_pixel(const struct session *session, uint32_t x, uint32_t y);
const uint8_t *fake_session_canvas(const struct session *session); /**< BGRX, stride width * 4 */
const struct cursor_shape *fake_session_cursor(const struct session *session);
const struct fake_counts *fake_session_counted(const struct session *session);
const char *fake_session_clipboard(const struct session *session);
bool fake_session_pointer(const struct session *session, int32_t *ret_x, int32_t *ret_y);
