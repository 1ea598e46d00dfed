/* The viewer's wish for another size, over the display control channel ([MS-RDPEDISP]). One
 * monitor: the smallest rectangle around all of them. */
#include "gateway/rdp/rdp_front_display.h"

#include "gateway/rdp/rdp_front.h"

#include <freerdp/channels/disp.h>
#include <freerdp/channels/drdynvc.h>
#include <freerdp/channels/wtsvc.h>
#include <string.h>
#include <winpr/synch.h>
#include <winpr/wtsapi.h>

/* [MS-RDPEDISP] 2.2.1.1, 2.2.2.1 */
#define TYPE_CAPS 5u
#define TYPE_MONITOR_LAYOUT 2u
#define CAPS_BYTES 20u
#define MONITOR_BYTES 40u
#define LAYOUT_HEADER_BYTES 16u
#define MAX_MONITORS 16u
#define MESSAGE_MAX_BYTES (LAYOUT_HEADER_BYTES + MAX_MONITORS * MONITOR_BYTES)

struct rdp_display {
	struct rdp_front *front;
	HANDLE channel, event;
	bool tried, greeted;
	char *told; /**< the layout that stands on the timeline; NULL: none */
};

static uint32_t get_u32(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* Left, top, width and height of monitor `i`; false for one that no desktop has. */
static bool get_monitor(const uint8_t *monitors, unsigned i, int64_t ret[4])
{
	const uint8_t *at = monitors + i * MONITOR_BYTES + 4;

	ret[0] = (int32_t)get_u32(at);
	ret[1] = (int32_t)get_u32(at + 4);
	ret[2] = get_u32(at + 8);
	ret[3] = get_u32(at + 12);
	return ret[2] > 0 && ret[3] > 0 && ret[2] <= PICTURE_MAX_PX && ret[3] <= PICTURE_MAX_PX;
}

bool rdp_display_parse(const uint8_t *bytes, size_t length, uint32_t *ret_width,
		       uint32_t *ret_height)
{
	int64_t left = INT64_MAX, top = INT64_MAX, right = INT64_MIN, bottom = INT64_MIN, m[4];

	if (length < LAYOUT_HEADER_BYTES || get_u32(bytes) != TYPE_MONITOR_LAYOUT ||
	    get_u32(bytes + 8) != MONITOR_BYTES)
		return false;
	uint32_t n = get_u32(bytes + 12);
	if (n == 0 || n > MAX_MONITORS || length < LAYOUT_HEADER_BYTES + n * MONITOR_BYTES)
		return false;
	for (unsigned i = 0; i < n; i++) {
		if (!get_monitor(bytes + LAYOUT_HEADER_BYTES, i, m))
			return false;
		left = MIN(left, m[0]);
		top = MIN(top, m[1]);
		right = MAX(right, m[0] + m[2]);
		bottom = MAX(bottom, m[1] + m[3]);
	}
	*ret_width = (uint32_t)MIN(right - left, (int64_t)UINT32_MAX);
	*ret_height = (uint32_t)MIN(bottom - top, (int64_t)UINT32_MAX);
	return true;
}

char *rdp_display_describe(const uint8_t *bytes)
{
	GString *json = g_string_new("{\"type\":\"monitors\",\"monitors\":[");
	int64_t m[4];

	for (unsigned i = 0; i < get_u32(bytes + 12); i++) {
		get_monitor(bytes + LAYOUT_HEADER_BYTES, i, m);
		g_string_append_printf(json,
				       "%s{\"left\":%" G_GINT64_FORMAT ",\"top\":%" G_GINT64_FORMAT
				       ",\"width\":%" G_GINT64_FORMAT
				       ",\"height\":%" G_GINT64_FORMAT "}",
				       i > 0 ? "," : "", m[0], m[1], m[2], m[3]);
	}
	g_string_append(json, "]}");
	return g_string_free(json, FALSE);
}

struct rdp_display *rdp_display_create(struct rdp_front *front)
{
	struct rdp_display *display = g_new0(struct rdp_display, 1);

	display->front = front;
	return display;
}

void rdp_display_destroy(struct rdp_display *display)
{
	if (!display)
		return;
	if (display->channel)
		WTSVirtualChannelClose(display->channel);
	g_free(display->told);
	g_free(display);
}

unsigned rdp_display_handles(struct rdp_display *display, HANDLE *handles)
{
	if (!display->event)
		return 0;
	handles[0] = display->event;
	return 1;
}

static DWORD session_number(struct rdp_display *display)
{
	LPSTR answer = NULL;
	DWORD length = 0, number = 0;

	/* WTS_CURRENT_SESSION itself fails: every open channel manager has a number of its own. */
	if (!WTSQuerySessionInformationA(display->front->channels, WTS_CURRENT_SESSION,
					 WTSSessionId, &answer, &length))
		return 0;
	if (length >= sizeof(ULONG)) {
		ULONG value;
		memcpy(&value, answer, sizeof value);
		number = (DWORD)value;
	}
	WTSFreeMemory(answer);
	return number;
}

static void open_channel(struct rdp_display *display)
{
	void *event = NULL;
	DWORD length = 0;
	char name[] = DISP_DVC_CHANNEL_NAME;

	if (WTSVirtualChannelManagerGetDrdynvcState(display->front->channels) !=
	    DRDYNVC_STATE_READY)
		return;
	display->tried = true;
	display->channel =
		WTSVirtualChannelOpenEx(session_number(display), name, WTS_CHANNEL_OPTION_DYNAMIC);
	if (!display->channel ||
	    !WTSVirtualChannelQuery(display->channel, WTSVirtualEventHandle, &event, &length))
		return;
	if (length == sizeof(HANDLE))
		memcpy(&display->event, event, sizeof(HANDLE));
	WTSFreeMemory(event);
}

/* The viewer says nothing before it has heard what is allowed. */
static bool greet(struct rdp_display *display)
{
	uint32_t caps[CAPS_BYTES / 4] = {GUINT32_TO_LE(TYPE_CAPS), GUINT32_TO_LE(CAPS_BYTES),
					 GUINT32_TO_LE(1), GUINT32_TO_LE(PICTURE_MAX_PX),
					 GUINT32_TO_LE(PICTURE_MAX_PX)};
	void *ready = NULL;
	DWORD length = 0;
	ULONG written = 0;
	bool open = false;

	if (WTSVirtualChannelQuery(display->channel, WTSVirtualChannelReady, &ready, &length)) {
		open = length == sizeof(BOOL) && *(const BOOL *)ready;
		WTSFreeMemory(ready);
	}
	if (!open)
		return true;
	display->greeted = true;
	return WTSVirtualChannelWrite(display->channel, (PCHAR)(void *)caps, CAPS_BYTES, &written);
}

/* A window that is dragged says the same again and again. */
static void note_layout(struct rdp_display *display, const uint8_t *bytes)
{
	char *json = rdp_display_describe(bytes);

	if (g_strcmp0(json, display->told) != 0)
		session_event(display->front->session, json);
	g_free(display->told);
	display->told = json;
}

static bool read_message(struct rdp_display *display)
{
	struct rdp_front *front = display->front;
	uint8_t bytes[MESSAGE_MAX_BYTES];
	uint32_t width, height;
	DWORD length = 0;

	if (!WTSVirtualChannelRead(display->channel, 0, NULL, 0, &length) || length == 0)
		return true;
	if (length > sizeof bytes ||
	    !WTSVirtualChannelRead(display->channel, 0, (PCHAR)(void *)bytes, sizeof bytes,
				   &length) ||
	    !rdp_display_parse(bytes, length, &width, &height))
		return false;
	note_layout(display, bytes);
	session_request_size(front->session, rdp_clamp_width(width, front->start->max_width_px),
			     rdp_clamp_height(height, front->start->max_height_px));
	return true;
}

bool rdp_display_poll(struct rdp_display *display)
{
	if (!display->tried)
		open_channel(display);
	if (!display->event)
		return true;
	if (!display->greeted && !greet(display))
		return false;
	while (WaitForSingleObject(display->event, 0) == WAIT_OBJECT_0)
		if (!read_message(display))
			return false;
	return true;
}
