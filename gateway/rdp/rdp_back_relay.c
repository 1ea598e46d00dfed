/* The loop of a connected target: its packets in, the core's commands out. Must not know how the
 * connection came about. */
#include "gateway/rdp/rdp_back_internal.h"

#include "base/clock.h"

#include <freerdp/input.h>
#include <winpr/synch.h>

/** A target that deactivated itself ([MS-RDPBCGR] 1.3.1.3) has this long to come back. */
#define REACTIVATE_DEADLINE_US (UINT64_C(15) * 1000 * 1000)
/** Commands kept for a deactivated target; typing cannot fill that in the time it has. */
#define HELD_MAX 4096u

static void send_pointer(struct rdp_back *back, const struct pointer_event *event)
{
	rdpInput *input = rdp_back_context(back)->input;
	struct rdp_mouse_event events[RDP_MOUSE_MAX_EVENTS];
	unsigned n = rdp_mouse_events(&back->mouse, event, events);

	for (unsigned i = 0; i < n; i++) {
		const struct rdp_mouse_event *one = &events[i];
		BOOL sent =
			one->extended
				? freerdp_input_send_extended_mouse_event(input, one->flags, one->x,
									  one->y)
				: freerdp_input_send_mouse_event(input, one->flags, one->x, one->y);
		if (!sent)
			g_debug("a mouse event did not reach the target");
	}
}

static void send_key(struct rdp_back *back, const struct key_event *event)
{
	rdpInput *input = rdp_back_context(back)->input;
	uint16_t flags = rdp_key_flags(event);
	BOOL sent = TRUE;

	if (event->kind == KEY_SCANCODE && event->code <= UINT8_MAX)
		sent = freerdp_input_send_keyboard_event(input, flags, (UINT8)event->code);
	else if (event->kind == KEY_UNICODE && event->code <= UINT16_MAX)
		sent = freerdp_input_send_unicode_keyboard_event(input, flags, (UINT16)event->code);
	if (!sent)
		g_debug("a key event did not reach the target");
}

void rdp_relay_command(struct rdp_back *back, struct back_command *command)
{
	switch (command->kind) {
	case BACK_KEY:
		send_key(back, &command->key);
		break;
	case BACK_POINTER:
		send_pointer(back, &command->pointer);
		break;
	case BACK_SYNC:
		/* enum lock_state has the bits of [MS-RDPBCGR] 2.2.8.1.1.3.1.1.5. */
		freerdp_input_send_synchronize_event(rdp_back_context(back)->input,
						     command->lock_state);
		break;
	case BACK_SIZE:
		rdp_display_request(back, command->size.width_px, command->size.height_px);
		break;
	case BACK_CLIPBOARD:
		rdp_clipboard_offer(back, g_steal_pointer(&command->clipboard));
		break;
	case BACK_STOP:
		back->stopped = true;
		break;
	}
}

static bool is_input(const struct back_command *command)
{
	return command->kind == BACK_KEY || command->kind == BACK_POINTER ||
	       command->kind == BACK_SYNC;
}

/* Input for a deactivated target would be lost, and with it the release of a held key: it waits. */
static void take_commands(struct rdp_back *back, bool active)
{
	struct back_command command;

	while (active && !g_queue_is_empty(&back->held)) {
		g_autofree struct back_command *held = g_queue_pop_head(&back->held);
		rdp_relay_command(back, held);
	}
	while (!back->stopped && session_back_next(back->session, &command)) {
		if (active || !is_input(&command))
			rdp_relay_command(back, &command);
		else if (g_queue_get_length(&back->held) < HELD_MAX)
			g_queue_push_tail(&back->held, g_memdup2(&command, sizeof command));
	}
}

/* How long a state that is not good may still last: milliseconds; UINT32_MAX while it is good; 0
 * when its time has passed. `since_us` remembers when it began. */
static uint32_t patience_left_ms(uint64_t *since_us, bool good, uint64_t allowed_us)
{
	uint64_t now_us = clock_now_us();

	if (good) {
		*since_us = 0;
		return UINT32_MAX;
	}
	if (*since_us == 0)
		*since_us = now_us;
	if (now_us >= *since_us + allowed_us)
		return 0;
	return (uint32_t)((*since_us + allowed_us - now_us) / 1000) + 1;
}

/* Returns milliseconds until it wants to be asked again; 0 when the target was refused. */
static uint32_t watch_target(struct rdp_back *back)
{
	uint32_t reactivation = patience_left_ms(&back->inactive_since_us,
						 freerdp_is_active_state(rdp_back_context(back)),
						 REACTIVATE_DEADLINE_US);
	/* FreeRDP closes the channel by itself at a message it does not take, and goes on: the
	 * picture would stand still for ever. */
	uint32_t graphics = patience_left_ms(&back->blind_since_us, !back->picture.gfx_lost,
					     back->patience_ms * UINT64_C(1000));

	if (reactivation == 0)
		rdp_back_refuse(back, END_TARGET_PROTOCOL,
				"target deactivated the session and did not come back");
	if (graphics == 0)
		rdp_back_refuse(back, END_TARGET_PROTOCOL,
				"target's graphics channel broke off and no picture came since");
	return MIN(reactivation, graphics);
}

/* One turn. Returns false when the connection is over. */
static bool relay_once(struct rdp_back *back, HANDLE commands)
{
	rdpContext *context = rdp_back_context(back);
	HANDLE handles[MAXIMUM_WAIT_OBJECTS];
	DWORD n = freerdp_get_event_handles(context, handles, G_N_ELEMENTS(handles) - 1);
	uint32_t patience = watch_target(back);
	uint32_t timeout = MIN(rdp_display_run(back), patience);

	if (patience == 0 || n == 0)
		return false;
	handles[n++] = commands;
	if (WaitForMultipleObjects(n, handles, FALSE, timeout) == WAIT_FAILED)
		return false;
	/* In this order: input sent to a target that has deactivated already would be lost. */
	if (!freerdp_check_event_handles(context))
		return false;
	take_commands(back, freerdp_is_active_state(context));
	return !back->stopped;
}

void rdp_relay_run(struct rdp_back *back)
{
	HANDLE commands = CreateFileDescriptorEventA(NULL, FALSE, FALSE,
						     session_back_fd(back->session), WINPR_FD_READ);

	if (!commands) {
		rdp_back_refuse(back, END_FAULT, "the core's commands cannot be waited for");
		return;
	}
	while (!freerdp_shall_disconnect_context(rdp_back_context(back)))
		if (!relay_once(back, commands))
			break;
	CloseHandle(commands);
}
