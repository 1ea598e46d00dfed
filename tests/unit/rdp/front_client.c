/* FreeRDP's client role with its software picture, driven by a test. */
#include "tests/unit/rdp/front_client.h"

#include "tests/support/patience.h"
#include "tests/unit/rdp/front_host.h"

#include <freerdp/client.h>
#include <freerdp/client/channels.h>
#include <freerdp/client/cmdline.h>
#include <freerdp/error.h>
#include <freerdp/freerdp.h>
#include <freerdp/gdi/gdi.h>
#include <freerdp/gdi/gfx.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <winpr/synch.h>

struct front_client {
	rdpClientContext base;
	unsigned new_pointers, cached_pointers;
	uint32_t pointer_width, pointer_hot_x;
};

static int accept_certificate(freerdp *instance, const BYTE *pem, size_t length, const char *host,
			      UINT16 port, DWORD flags)
{
	return 2;
}

static BOOL on_desktop_resize(rdpContext *context)
{
	rdpSettings *settings = context->settings;

	return gdi_resize(context->gdi, freerdp_settings_get_uint32(settings, FreeRDP_DesktopWidth),
			  freerdp_settings_get_uint32(settings, FreeRDP_DesktopHeight));
}

static BOOL on_pointer_new(rdpContext *context, const POINTER_NEW_UPDATE *pointer)
{
	struct front_client *client = (struct front_client *)context;

	client->new_pointers++;
	client->pointer_width = pointer->colorPtrAttr.width;
	client->pointer_hot_x = pointer->colorPtrAttr.hotSpotX;
	return TRUE;
}

static BOOL on_pointer_cached(rdpContext *context, const POINTER_CACHED_UPDATE *pointer)
{
	((struct front_client *)context)->cached_pointers++;
	return TRUE;
}

static BOOL on_pointer_system(rdpContext *context, const POINTER_SYSTEM_UPDATE *pointer)
{
	return TRUE;
}

static BOOL on_pre_connect(freerdp *instance)
{
	return PubSub_SubscribeChannelConnected(instance->context->pubSub,
						freerdp_client_OnChannelConnectedEventHandler) >= 0;
}

static BOOL on_post_connect(freerdp *instance)
{
	rdpUpdate *update = instance->context->update;

	if (!gdi_init(instance, PIXEL_FORMAT_BGRX32))
		return FALSE;
	update->DesktopResize = on_desktop_resize;
	update->pointer->PointerNew = on_pointer_new;
	update->pointer->PointerCached = on_pointer_cached;
	update->pointer->PointerSystem = on_pointer_system;
	return TRUE;
}

static void on_post_disconnect(freerdp *instance)
{
	gdi_free(instance);
}

static void configure(rdpSettings *settings, const struct front_client_options *options)
{
	bool gfx = options->graphics != CLIENT_BITMAPS;

	freerdp_settings_set_string(settings, FreeRDP_ServerHostname, "127.0.0.1");
	freerdp_settings_set_uint32(settings, FreeRDP_ServerPort, options->port);
	freerdp_settings_set_string(settings, FreeRDP_Username, HOST_USER);
	freerdp_settings_set_string(settings, FreeRDP_Password, options->password);
	freerdp_settings_set_string(settings, FreeRDP_AuthenticationPackageList, "!kerberos");
	freerdp_settings_set_bool(settings, FreeRDP_NlaSecurity, options->nla);
	freerdp_settings_set_bool(settings, FreeRDP_TlsSecurity, !options->nla);
	freerdp_settings_set_bool(settings, FreeRDP_RdpSecurity, FALSE);
	freerdp_settings_set_uint32(settings, FreeRDP_DesktopWidth, options->width);
	freerdp_settings_set_uint32(settings, FreeRDP_DesktopHeight, options->height);
	freerdp_settings_set_uint32(settings, FreeRDP_ColorDepth,
				    options->depth_bits ? options->depth_bits : 32);
	freerdp_settings_set_bool(settings, FreeRDP_SupportGraphicsPipeline, gfx);
	freerdp_settings_set_bool(settings, FreeRDP_GfxH264, options->graphics == CLIENT_AVC420);
	freerdp_settings_set_bool(settings, FreeRDP_SoftwareGdi, TRUE);
	/* No file of known hosts. */
	freerdp_settings_set_bool(settings, FreeRDP_ExternalCertificateManagement, TRUE);
}

struct front_client *front_client_connect(const struct front_client_options *options,
					  uint32_t *ret_error)
{
	RDP_CLIENT_ENTRY_POINTS entry = {.Size = sizeof entry,
					 .Version = RDP_CLIENT_INTERFACE_VERSION,
					 .ContextSize = sizeof(struct front_client)};
	rdpContext *context = freerdp_client_context_new(&entry);

	g_assert_nonnull(context);
	configure(context->settings, options);
	context->instance->PreConnect = on_pre_connect;
	context->instance->PostConnect = on_post_connect;
	context->instance->PostDisconnect = on_post_disconnect;
	context->instance->LoadChannels = freerdp_client_load_channels;
	context->instance->VerifyX509Certificate = accept_certificate;
	if (freerdp_connect(context->instance))
		return (struct front_client *)context;
	*ret_error = freerdp_get_last_error(context);
	freerdp_client_context_free(context);
	return NULL;
}

/* One turn. False: the connection has ended. */
static bool turn(struct front_client *client, DWORD ms)
{
	rdpContext *context = &client->base.context;
	HANDLE handles[64];
	DWORD n = freerdp_get_event_handles(context, handles, 64);

	if (n == 0 || WaitForMultipleObjects(n, handles, FALSE, ms) == WAIT_FAILED)
		return false;
	return freerdp_check_event_handles(context) && !freerdp_shall_disconnect_context(context);
}

uint32_t front_client_pixel(struct front_client *client, uint32_t x, uint32_t y)
{
	rdpGdi *gdi = client->base.context.gdi;

	return *(const uint32_t *)(const void *)(gdi->primary_buffer + (size_t)y * gdi->stride +
						 (size_t)x * 4) &
	       0xffffffu;
}

static bool close_enough(uint32_t a, uint32_t b, uint32_t tolerance)
{
	for (unsigned shift = 0; shift < 24; shift += 8)
		if ((uint32_t)abs((int)(a >> shift & 0xff) - (int)(b >> shift & 0xff)) > tolerance)
			return false;
	return true;
}

static bool picture_is(struct front_client *client, uint32_t width, uint32_t height, uint32_t seed,
		       uint32_t tolerance)
{
	rdpGdi *gdi = client->base.context.gdi;

	if (!gdi->primary_buffer || (uint32_t)gdi->width != width ||
	    (uint32_t)gdi->height != height)
		return false;
	for (uint32_t y = 0; y < height; y++)
		for (uint32_t x = 0; x < width; x++)
			if (!close_enough(front_client_pixel(client, x, y),
					  front_host_pixel(x, y, seed), tolerance))
				return false;
	return true;
}

/* The graphics channel draws on a thread of its own. */
static bool shows(struct front_client *client, uint32_t width, uint32_t height, uint32_t seed,
		  uint32_t tolerance)
{
	rdpUpdate *update = client->base.context.update;

	rdp_update_lock(update);
	bool same = picture_is(client, width, height, seed, tolerance);
	rdp_update_unlock(update);
	return same;
}

bool front_client_shows(struct front_client *client, uint32_t width, uint32_t height, uint32_t seed,
			uint32_t tolerance, unsigned timeout_ms)
{
	gint64 until_us = g_get_monotonic_time() + timeout_ms * G_TIME_SPAN_MILLISECOND;

	while (g_get_monotonic_time() < until_us) {
		if (shows(client, width, height, seed, tolerance))
			return true;
		if (!turn(client, 20))
			return false;
	}
	return false;
}

void front_client_run(struct front_client *client, unsigned ms)
{
	gint64 until_us = g_get_monotonic_time() + ms * G_TIME_SPAN_MILLISECOND;

	while (g_get_monotonic_time() < until_us && turn(client, 20)) {
	}
}

bool front_client_until(struct front_client *client,
			bool (*check)(struct front_client *client, const void *data),
			const void *data)
{
	gint64 until_us = g_get_monotonic_time() + PATIENCE_US;

	while (!check(client, data))
		if (g_get_monotonic_time() > until_us || !turn(client, 20))
			return check(client, data);
	return true;
}

uint32_t front_client_wait_end(struct front_client *client, unsigned timeout_ms)
{
	gint64 until_us = g_get_monotonic_time() + timeout_ms * G_TIME_SPAN_MILLISECOND;

	while (g_get_monotonic_time() < until_us)
		if (!turn(client, 20))
			return freerdp_error_info(client->base.context.instance);
	return UINT32_MAX;
}

void front_client_key(struct front_client *client, uint8_t scancode, bool down)
{
	freerdp_input_send_keyboard_event(client->base.context.input,
					  down ? KBD_FLAGS_DOWN : KBD_FLAGS_RELEASE, scancode);
}

void front_client_mouse(struct front_client *client, uint16_t flags, uint16_t x, uint16_t y)
{
	freerdp_input_send_mouse_event(client->base.context.input, flags, x, y);
}

void front_client_cursor(struct front_client *client, uint32_t *ret_width, uint32_t *ret_hot_x,
			 unsigned *ret_new, unsigned *ret_cached)
{
	*ret_width = client->pointer_width;
	*ret_hot_x = client->pointer_hot_x;
	*ret_new = client->new_pointers;
	*ret_cached = client->cached_pointers;
}

void front_client_suppress(struct front_client *client, bool suppressed)
{
	rdpContext *context = &client->base.context;
	const RECTANGLE_16 all = {0, 0, (UINT16)(context->gdi->width - 1),
				  (UINT16)(context->gdi->height - 1)};

	context->update->SuppressOutput(context, !suppressed, &all);
}

void front_client_spoil(struct front_client *client)
{
	rdpGdi *gdi = client->base.context.gdi;

	rdp_update_lock(client->base.context.update);
	memset(gdi->primary_buffer, 0xa5, (size_t)gdi->stride * (size_t)gdi->height);
	rdp_update_unlock(client->base.context.update);
}

void front_client_refresh(struct front_client *client, const struct rect *area)
{
	rdpContext *context = &client->base.context;
	/* Inclusive ([MS-RDPBCGR] 2.2.11.1). */
	const RECTANGLE_16 rectangle = {(UINT16)area->x, (UINT16)area->y,
					(UINT16)(area->x + area->width - 1),
					(UINT16)(area->y + area->height - 1)};

	context->update->RefreshRect(context, 1, &rectangle);
}

void front_client_close(struct front_client *client)
{
	rdpContext *context = &client->base.context;

	freerdp_disconnect(context->instance);
	freerdp_client_context_free(context);
}
