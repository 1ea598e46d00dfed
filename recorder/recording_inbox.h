/** What the main thread asks of a recording, in order. Private to recorder/recording*.c. */
#pragma once

#include <glib.h>
#include <stdint.h>

struct recording;

enum recording_command_kind {
	COMMAND_CANVAS,
	COMMAND_EVENT,
	COMMAND_CLOSE,
	COMMAND_LINK_LOST,
	COMMAND_LINK_BACK,
	COMMAND_WATCH,
};

struct recording_command {
	enum recording_command_kind kind;
	int memfd, doorbell_fd; /**< CANVAS; -1 elsewhere */
	uint32_t width, height;
	uint32_t reason; /**< CLOSE */
	uint64_t number; /**< EVENT */
	char *text;	 /**< EVENT, WATCH: JSON; CLOSE: detail */
};

struct recording_command *recording_command_new(enum recording_command_kind kind, const char *text);
void recording_command_free(struct recording_command *command);
/** Takes `command`. Any thread. */
void recording_command_push(struct recording *recording, struct recording_command *command);
/** The oldest that waits, or NULL. Any thread. */
struct recording_command *recording_command_next(struct recording *recording);
