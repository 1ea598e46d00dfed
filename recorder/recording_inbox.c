/* The way from the main thread to a recording's task: commands, in order. It must not know what
 * they do. */
#include "recorder/recording_inbox.h"

#include "recorder/recording_internal.h"

#include <unistd.h>

struct recording_command *recording_command_new(enum recording_command_kind kind, const char *text)
{
	struct recording_command *command = g_new0(struct recording_command, 1);

	command->kind = kind;
	command->memfd = command->doorbell_fd = -1;
	command->text = g_strdup(text);
	return command;
}

void recording_command_free(struct recording_command *command)
{
	if (command->memfd >= 0)
		close(command->memfd);
	if (command->doorbell_fd >= 0)
		close(command->doorbell_fd);
	g_free(command->text);
	g_free(command);
}

struct recording_command *recording_command_next(struct recording *r)
{
	g_mutex_lock(&r->lock);
	struct recording_command *command = g_queue_pop_head(&r->inbox);
	g_mutex_unlock(&r->lock);
	return command;
}

void recording_command_push(struct recording *r, struct recording_command *command)
{
	g_mutex_lock(&r->lock);
	g_queue_push_tail(&r->inbox, command);
	if (r->task != NULL)
		task_post(r->task);
	g_mutex_unlock(&r->lock);
}

void recording_offer_canvas(struct recording *recording, int memfd, int doorbell_fd, uint32_t width,
			    uint32_t height)
{
	struct recording_command *command = recording_command_new(COMMAND_CANVAS, NULL);

	command->memfd = memfd;
	command->doorbell_fd = doorbell_fd;
	command->width = width;
	command->height = height;
	recording_command_push(recording, command);
}

void recording_event(struct recording *recording, const char *json, uint64_t number)
{
	struct recording_command *command = recording_command_new(COMMAND_EVENT, json);

	command->number = number;
	recording_command_push(recording, command);
}

void recording_close(struct recording *recording, enum end_reason reason, const char *detail)
{
	struct recording_command *command = recording_command_new(COMMAND_CLOSE, detail);

	command->reason = reason;
	recording_command_push(recording, command);
}

void recording_link_lost(struct recording *recording)
{
	recording_command_push(recording, recording_command_new(COMMAND_LINK_LOST, NULL));
}

void recording_link_back(struct recording *recording)
{
	recording_command_push(recording, recording_command_new(COMMAND_LINK_BACK, NULL));
}
