/* What the core wants typed, pointed and pasted at a VNC target, in RFB messages (RFC 6143 7.5.4 to
 * 7.5.6, SetDesktopSize of rfbproto). */
#include "gateway/vnc/vnc_back.h"
#include "gateway/vnc/vnc_glue.h"

#include <arpa/inet.h>
#include <string.h>

/** A whole screen of notches is what a person can mean; the rest is a hostile number. */
#define WHEEL_WAITING_MAX (60 * POINTER_WHEEL_NOTCH)
/** SetDesktopSize, a client message of rfbproto. */
#define RFB_SET_DESKTOP_SIZE 251

static bool send_key(struct vnc_back *back, const struct key_event *key)
{
	if (key->kind != KEY_KEYSYM)
		return true; /* the core translates for us; anything else has no meaning here */
	return SendKeyEvent(back->library, key->code, key->down);
}

/* One notch is a press and a release of its button; RFB knows no finer wheel. */
static bool send_wheel(struct vnc_back *back, int32_t x, int32_t y, int32_t *units, uint32_t up,
		       uint32_t down)
{
	while (*units >= POINTER_WHEEL_NOTCH || *units <= -POINTER_WHEEL_NOTCH) {
		uint32_t bit = *units > 0 ? up : down;

		if (!SendPointerEvent(back->library, x, y, (int)(back->buttons | bit)) ||
		    !SendPointerEvent(back->library, x, y, (int)back->buttons))
			return false;
		*units += *units > 0 ? -POINTER_WHEEL_NOTCH : POINTER_WHEEL_NOTCH;
	}
	return true;
}

static void turn(int32_t *units, int32_t by)
{
	by = CLAMP(by, -WHEEL_WAITING_MAX, WHEEL_WAITING_MAX);
	*units = CLAMP(*units + by, -WHEEL_WAITING_MAX, WHEEL_WAITING_MAX);
}

static bool send_pointer(struct vnc_back *back, const struct pointer_event *event)
{
	int32_t x = CLAMP(event->x, 0, back->library->width - 1),
		y = CLAMP(event->y, 0, back->library->height - 1);

	back->buttons = (event->buttons & POINTER_LEFT ? 1u : 0) |
			(event->buttons & POINTER_MIDDLE ? 2u : 0) |
			(event->buttons & POINTER_RIGHT ? 4u : 0) |
			(event->buttons & POINTER_X1 ? VNC_BUTTON_BACK : 0);
	turn(&back->wheel_up, event->wheel_up);
	turn(&back->wheel_right, event->wheel_right);
	return SendPointerEvent(back->library, x, y, (int)back->buttons) &&
	       send_wheel(back, x, y, &back->wheel_up, VNC_WHEEL_UP, VNC_WHEEL_DOWN) &&
	       send_wheel(back, x, y, &back->wheel_right, VNC_WHEEL_RIGHT, VNC_WHEEL_LEFT);
}

/* SetDesktopSize with the one screen the target told us of. LibVNCClient's own SendExtDesktopSize
 * sends uninitialised fields (0.9.14, 0.9.15). The answer comes as ExtendedDesktopSize,
 * whether it worked or not. */
static bool send_size(struct vnc_back *back, uint32_t width, uint32_t height)
{
	const rfbExtDesktopScreen *screen = &back->library->screen;
	struct {
		uint8_t type, pad;
		uint16_t width, height;
		uint8_t n_screens, pad2;
		uint32_t id;
		uint16_t x, y, screen_width, screen_height;
		uint32_t flags;
	} message = {.type = RFB_SET_DESKTOP_SIZE, .n_screens = 1};

	G_STATIC_ASSERT(sizeof(message) == 24);
	if (screen->width == 0 || !picture_size_ok(width, height))
		return true; /* the target cannot do it, or nobody should */
	message.width = message.screen_width = htons((uint16_t)width);
	message.height = message.screen_height = htons((uint16_t)height);
	message.id = screen->id; /* kept in wire order by the library */
	message.flags = screen->flags;
	return WriteToRFBServer(back->library, (const char *)&message, sizeof(message));
}

static bool send_clipboard(struct vnc_back *back, const char *utf8)
{
	g_autofree char *latin1 = NULL;
	size_t length;

	if (!g_utf8_validate(utf8, -1, NULL))
		return true;
	latin1 = vnc_glue_to_latin1(utf8, &length);
	if (length > VNC_CLIPBOARD_MAX_BYTES)
		return true;
	return SendClientCutText(back->library, latin1, (int)length);
}

static bool run_command(struct vnc_back *back, struct back_command *command)
{
	bool sent = true;

	switch (command->kind) {
	case BACK_KEY:
		return send_key(back, &command->key);
	case BACK_POINTER:
		return send_pointer(back, &command->pointer);
	case BACK_SYNC:
		return true; /* keysyms say the letter's case already */
	case BACK_SIZE:
		return send_size(back, command->size.width_px, command->size.height_px);
	case BACK_CLIPBOARD:
		sent = send_clipboard(back, command->clipboard);
		g_free(command->clipboard);
		return sent;
	case BACK_STOP:
		back->stopped = true;
		return true;
	}
	return true;
}

bool vnc_back_input_run(struct vnc_back *back)
{
	struct back_command command;

	while (!back->stopped && session_back_next(back->session, &command))
		if (!run_command(back, &command))
			return false;
	return true;
}
