/* The queue of commands to the back. Motion is merged while it waits, so a slow target gets the
 * newest place and no backlog. */
#include "gateway/session/session_priv.h"

static void command_free(void *data)
{
	struct back_command *command = data;

	if (command->kind == BACK_CLIPBOARD)
		g_free(command->clipboard);
	g_free(command);
}

void commands_clear_locked(struct session *session)
{
	g_queue_clear_full(&session->input.commands, command_free);
}

void command_force_locked(struct session *session, const struct back_command *command)
{
	struct input_side *in = &session->input;

	if (in->stop_queued)
		return;
	in->stop_queued = command->kind == BACK_STOP;
	in->tail_is_motion = false;
	g_queue_push_tail(&in->commands, g_memdup2(command, sizeof *command));
	event_set(session->back_fd);
}

bool command_push_locked(struct session *session, const struct back_command *command)
{
	if (session->input.commands.length >= COMMANDS_MAX)
		return false;
	command_force_locked(session, command);
	return true;
}

void command_push_motion_locked(struct session *session, const struct back_command *command)
{
	struct input_side *in = &session->input;

	if (in->tail_is_motion && in->commands.length > 0)
		((struct back_command *)g_queue_peek_tail(&in->commands))->pointer =
			command->pointer;
	else
		in->tail_is_motion = command_push_locked(session, command);
}

int session_back_fd(struct session *session)
{
	return session->back_fd;
}

bool session_back_next(struct session *session, struct back_command *ret)
{
	monitor_enter(&session->monitor);
	struct back_command *command = g_queue_pop_head(&session->input.commands);
	if (session->input.commands.length == 0)
		event_clear(session->back_fd);
	monitor_leave(&session->monitor);
	if (command == NULL)
		return false;
	*ret = *command;
	g_free(command);
	return true;
}
