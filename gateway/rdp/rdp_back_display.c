/* Asking the target for another desktop size through Display Control ([MS-RDPEDISP]). Must not know
 * what the answer looks like: it comes as a resize of the picture, or never. */
#include "gateway/rdp/rdp_back_internal.h"

#include "base/clock.h"

#include <freerdp/channels/disp.h>

/** A dragged window edge asks many times a second; a Windows target then repaints for minutes. */
#define ASK_INTERVAL_US (UINT64_C(300) * 1000)

static UINT take_capabilities(DispClientContext *channel, UINT32 max_monitors, UINT32 area_factor_a,
			      UINT32 area_factor_b)
{
	struct rdp_back *back = channel->custom;

	back->display.ready = true;
	return CHANNEL_RC_OK;
}

void rdp_display_open(struct rdp_back *back, DispClientContext *channel)
{
	channel->custom = back;
	channel->DisplayControlCaps = take_capabilities;
	back->display.channel = channel;
}

void rdp_display_close(struct rdp_back *back)
{
	back->display.channel = NULL;
	back->display.ready = false;
}

void rdp_display_request(struct rdp_back *back, uint32_t width, uint32_t height)
{
	/* [MS-RDPEDISP] 2.2.2.2.1: 200 to 8192, and the width is even. */
	width = CLAMP(width, DISPLAY_CONTROL_MIN_MONITOR_WIDTH, DISPLAY_CONTROL_MAX_MONITOR_WIDTH);
	back->display.wanted_width = width & ~1u;
	back->display.wanted_height = CLAMP(height, DISPLAY_CONTROL_MIN_MONITOR_HEIGHT,
					    DISPLAY_CONTROL_MAX_MONITOR_HEIGHT);
}

static void ask(struct rdp_back *back, uint64_t now_us)
{
	struct rdp_display *display = &back->display;
	DISPLAY_CONTROL_MONITOR_LAYOUT monitor = {.Flags = DISPLAY_CONTROL_MONITOR_PRIMARY,
						  .Width = display->wanted_width,
						  .Height = display->wanted_height,
						  .DesktopScaleFactor = 100,
						  .DeviceScaleFactor = 100};

	if (display->channel->SendMonitorLayout(display->channel, 1, &monitor) != CHANNEL_RC_OK)
		g_message("the target could not be asked for %ux%u", display->wanted_width,
			  display->wanted_height);
	display->asked_us = now_us;
	display->wanted_width = display->wanted_height = 0;
}

uint32_t rdp_display_run(struct rdp_back *back)
{
	struct rdp_display *display = &back->display;
	uint64_t now_us = clock_now_us();

	if (display->wanted_width == 0 || !display->channel || !display->ready)
		return UINT32_MAX;
	if (display->wanted_width == back->picture.width &&
	    display->wanted_height == back->picture.height) {
		display->wanted_width = display->wanted_height = 0;
		return UINT32_MAX;
	}
	if (display->asked_us != 0 && now_us < display->asked_us + ASK_INTERVAL_US)
		return (uint32_t)((display->asked_us + ASK_INTERVAL_US - now_us) / 1000) + 1;
	ask(back, now_us);
	return UINT32_MAX;
}
