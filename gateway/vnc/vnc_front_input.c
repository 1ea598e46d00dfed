/* What the person at a VNC viewer types, points, pastes and wishes for, handed to the core (RFC
 * 6143 7.5.4 to 7.5.6, SetDesktopSize). */
#include "gateway/vnc/vnc_front.h"
#include "gateway/vnc/vnc_glue.h"

#include <string.h>

static struct vnc_front *front_of(rfbClientPtr viewer)
{
	return viewer->screen->screenData;
}

static void key(rfbBool down, rfbKeySym keysym, rfbClientPtr viewer)
{
	struct key_event event = {KEY_KEYSYM, keysym, KEY_PREFIX_NONE, down != FALSE};

	session_key(front_of(viewer)->session, &event);
}

static int32_t turned(uint32_t pressed, uint32_t forth, uint32_t back)
{
	return (pressed & forth ? POINTER_WHEEL_NOTCH : 0) -
	       (pressed & back ? POINTER_WHEEL_NOTCH : 0);
}

/* RFB's buttons 4 to 7 are one notch of the wheel each time they go down; button 8 is "back". */
static void pointer(int mask, int x, int y, rfbClientPtr viewer)
{
	struct vnc_front *front = front_of(viewer);
	uint32_t now = (uint32_t)mask & 0xff, pressed = now & ~front->rfb_buttons;
	struct pointer_event event = {.x = x, .y = y};

	event.buttons = (now & 1 ? POINTER_LEFT : 0u) | (now & 2 ? POINTER_MIDDLE : 0u) |
			(now & 4 ? POINTER_RIGHT : 0u) | (now & VNC_BUTTON_BACK ? POINTER_X1 : 0u);
	event.wheel_up = turned(pressed, VNC_WHEEL_UP, VNC_WHEEL_DOWN);
	event.wheel_right = turned(pressed, VNC_WHEEL_RIGHT, VNC_WHEEL_LEFT);
	front->rfb_buttons = now;
	session_pointer(front->session, &event);
	/* where a viewer without cursor shapes wants it drawn */
	rfbDefaultPtrAddEvent(mask, x, y, viewer);
}

static void cut_text_latin1(char *text, int length, rfbClientPtr viewer)
{
	g_autofree char *utf8 = vnc_glue_from_latin1(text, (size_t)MAX(length, 0));

	session_viewer_clipboard(front_of(viewer)->session, utf8);
}

static void cut_text_utf8(char *text, int length, rfbClientPtr viewer)
{
	g_autofree char *utf8 = NULL;

	if (length < 0 || length > (int)VNC_CLIPBOARD_MAX_BYTES)
		return;
	utf8 = g_strndup(text, (gsize)length);
	if (g_utf8_validate(utf8, -1, NULL))
		session_viewer_clipboard(front_of(viewer)->session, utf8);
}

/* The target decides; its answer comes as a new size. Until then the viewer keeps what it has. */
static int desktop_size(int width, int height, int n_screens, struct rfbExtDesktopScreen *screens,
			rfbClientPtr viewer)
{
	struct vnc_front *front = front_of(viewer);

	if (width < (int)PICTURE_MIN_PX || height < (int)PICTURE_MIN_PX || n_screens > 1)
		return rfbExtDesktopSize_InvalidScreenLayout;
	session_request_size(front->session, MIN((uint32_t)width, front->start->max_width_px),
			     MIN((uint32_t)height, front->start->max_height_px));
	return rfbExtDesktopSize_Success;
}

void vnc_front_input_attach(struct vnc_front *front)
{
	rfbScreenInfoPtr screen = front->screen;

	screen->kbdAddEvent = key;
	screen->ptrAddEvent = pointer;
	screen->setXCutText = cut_text_latin1;
	screen->setXCutTextUTF8 = cut_text_utf8;
	screen->setDesktopSizeHook = desktop_size;
}

void vnc_front_input_clipboard(struct vnc_front *front)
{
	g_autofree char *utf8 = session_take_target_clipboard(front->session), *latin1 = NULL;
	size_t length;

	if (utf8 == NULL || strlen(utf8) > VNC_CLIPBOARD_MAX_BYTES ||
	    !g_utf8_validate(utf8, -1, NULL))
		return;
	/* Not rfbSendServerCutTextUTF8 for both: its Latin-1 half announces the length of
	 * the UTF-8 text (0.9.14). */
	if (front->viewer != NULL && front->viewer->enableExtendedClipboard) {
		rfbSendServerCutTextUTF8(front->screen, utf8, (int)strlen(utf8), NULL, 0);
		return;
	}
	latin1 = vnc_glue_to_latin1(utf8, &length);
	rfbSendServerCutText(front->screen, latin1, (int)length);
}
