/** Inside of the session core's double: shared by its files and by nobody else. */
#pragma once

#include "tests/support/session_double.h"

struct session {
	GMutex lock;
	GCond changed;
	GString *story;
	struct session *to_back, *to_front; /**< joined sessions */
	enum end_reason reason;
	char *user, *password, *target;

	int front_fd, back_fd;
	unsigned flags;
	GQueue commands;

	struct shadow *canvas; /**< NULL before the first size */
	uint32_t max_width, max_height;
	GArray *copies;
	pixman_region32_t painted;
	const uint8_t *picture; /**< the back's, valid on its thread until the next resize */
	size_t picture_stride_bytes;
	struct double_counts counts;

	struct cursor_shape cursor;
	int32_t pointer_x, pointer_y;
	bool pointer_placed;
	char *clipboard, *notice;
};

/** Adds a line to the story and wakes those who wait. */
void double_tell(struct session *session, const char *format, ...) G_GNUC_PRINTF(2, 3);
/** A black canvas of this size; all of it counts as painted. */
void double_canvas_new(struct session *session, uint32_t width, uint32_t height);
/** A place of the canvas; under the lock. */
uint32_t *double_at(struct session *session, uint32_t x, uint32_t y);
/** Takes what rang a bell (front_fd or back_fd). */
void double_unring(int fd);
