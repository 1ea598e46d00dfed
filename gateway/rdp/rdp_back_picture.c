/* Picture of the target: FreeRDP decodes into its private buffer, here what changed goes to the
 * core. The buffer and the core's canvas are the same at the end of every callback; rdp_back_copy.c
 * builds on that. Must not know viewers or codecs. */
#include "gateway/rdp/rdp_back_internal.h"

#include <errno.h>
#include <freerdp/gdi/gfx.h>
#include <string.h>

#define PAINT_BATCH 64u
/** All surfaces of a target together: the largest desktop of all, or nine of 4K. */
#define SURFACES_MAX_BYTES (UINT64_C(320) << 20)

static struct rect rect_of_region(const GDI_RGN *region)
{
	int64_t x = MAX(region->x, 0), y = MAX(region->y, 0);
	int64_t right = (int64_t)region->x + region->w, bottom = (int64_t)region->y + region->h;

	return (struct rect){(uint32_t)x, (uint32_t)y, (uint32_t)MAX(right - x, 0),
			     (uint32_t)MAX(bottom - y, 0)};
}

static void forget_changes(HGDI_WND changes)
{
	changes->invalid->null = TRUE;
	changes->ninvalid = 0;
}

void rdp_picture_flush(struct rdp_back *back)
{
	rdpGdi *gdi = rdp_back_context(back)->gdi;
	HGDI_WND changes = gdi->primary->hdc->hwnd;
	struct rect batch[PAINT_BATCH];
	INT32 done = 0;

	while (done < changes->ninvalid) {
		unsigned n = 0;

		while (n < PAINT_BATCH && done < changes->ninvalid)
			batch[n++] = rect_of_region(&changes->cinvalid[done++]);
		session_paint(back->session, gdi->primary_buffer, gdi->stride, batch, n);
		back->picture.unframed = true;
		back->picture.gfx_lost = false;
	}
	forget_changes(changes);
}

static BOOL end_paint(rdpContext *context)
{
	struct rdp_back *back = rdp_back_of(context);
	rdpGdi *gdi = context->gdi;

	if (!gdi || !gdi->primary)
		return TRUE;
	if (back->picture.mute)
		forget_changes(gdi->primary->hdc->hwnd);
	else
		rdp_picture_flush(back);
	/* Inside a graphics frame the picture is not yet consistent: end_frame says when. */
	if (back->picture.unframed && !gdi->inGfxFrame) {
		back->picture.unframed = false;
		session_frame(back->session);
	}
	return TRUE;
}

/* The core's new canvas is black, the library's new buffer is white. */
static void blacken(rdpGdi *gdi)
{
	memset(gdi->primary_buffer, 0, (size_t)gdi->stride * (size_t)gdi->height);
}

bool rdp_picture_publish(struct rdp_back *back)
{
	rdpGdi *gdi = rdp_back_context(back)->gdi;
	uint32_t width = (uint32_t)gdi->width, height = (uint32_t)gdi->height;
	int error = session_resize(back->session, width, height);

	if (error == 0) {
		back->picture.width = width;
		back->picture.height = height;
		return true;
	}
	if (error == -ECANCELED)
		back->stopped = true;
	else if (error == -EINVAL)
		rdp_back_refuse(back, END_TARGET_PROTOCOL, "target's desktop of %ux%u is refused",
				width, height);
	else
		rdp_back_refuse(back, END_FAULT, "no canvas of %ux%u: %s", width, height,
				g_strerror(-error));
	return false;
}

static bool size_is_sane(struct rdp_back *back, uint32_t width, uint32_t height)
{
	if (picture_size_ok(width, height))
		return true;
	rdp_back_refuse(back, END_TARGET_PROTOCOL, "target announced a desktop of %ux%u", width,
			height);
	return false;
}

/* After ResetGraphics and after a reactivation with another size ([MS-RDPBCGR] 1.3.1.3); the
 * settings hold the new one. */
static BOOL desktop_resize(rdpContext *context)
{
	struct rdp_back *back = rdp_back_of(context);
	uint32_t width = freerdp_settings_get_uint32(context->settings, FreeRDP_DesktopWidth);
	uint32_t height = freerdp_settings_get_uint32(context->settings, FreeRDP_DesktopHeight);

	if (!size_is_sane(back, width, height))
		return FALSE;
	if (width == back->picture.width && height == back->picture.height)
		return TRUE;
	if (!gdi_resize(context->gdi, width, height)) {
		rdp_back_refuse(back, END_FAULT, "no memory for a desktop of %ux%u", width, height);
		return FALSE;
	}
	blacken(context->gdi);
	/* Before the first publication freerdp_connect is still running: rdp_back.c publishes
	 * behind it. */
	return back->picture.width == 0 || rdp_picture_publish(back);
}

bool rdp_picture_start(struct rdp_back *back)
{
	rdpContext *context = rdp_back_context(back);
	uint32_t width = freerdp_settings_get_uint32(context->settings, FreeRDP_DesktopWidth);
	uint32_t height = freerdp_settings_get_uint32(context->settings, FreeRDP_DesktopHeight);

	if (!size_is_sane(back, width, height))
		return false;
	if (!gdi_init(context->instance, PIXEL_FORMAT_BGRX32))
		return false;
	blacken(context->gdi);
	back->picture.scrblt = context->update->primary->ScrBlt;
	context->update->primary->ScrBlt = rdp_copy_scrblt;
	context->update->EndPaint = end_paint;
	context->update->DesktopResize = desktop_resize;
	return true;
}

static struct rdp_back *back_of_gfx(RdpgfxClientContext *gfx)
{
	return rdp_back_of(((rdpGdi *)gfx->custom)->context);
}

static UINT reset_graphics(RdpgfxClientContext *gfx, const RDPGFX_RESET_GRAPHICS_PDU *pdu)
{
	struct rdp_back *back = back_of_gfx(gfx);

	/* The library ignores what desktop_resize answers. */
	if (!size_is_sane(back, pdu->width, pdu->height))
		return ERROR_INVALID_DATA;
	return back->picture.reset_graphics(gfx, pdu);
}

static uint64_t surfaces_bytes(RdpgfxClientContext *gfx)
{
	UINT16 *ids = NULL, n = 0;
	uint64_t bytes = 0;

	if (gfx->GetSurfaceIds(gfx, &ids, &n) != CHANNEL_RC_OK)
		return SURFACES_MAX_BYTES;
	for (unsigned i = 0; i < n; i++) {
		const gdiGfxSurface *surface = gfx->GetSurfaceData(gfx, ids[i]);

		if (surface)
			bytes += (uint64_t)surface->scanline * surface->height;
	}
	free(ids);
	return bytes;
}

static UINT create_surface(RdpgfxClientContext *gfx, const RDPGFX_CREATE_SURFACE_PDU *pdu)
{
	struct rdp_back *back = back_of_gfx(gfx);
	uint64_t bytes = UINT64_C(4) * pdu->width * pdu->height;

	if (pdu->width == 0 || pdu->height == 0 || pdu->width > PICTURE_MAX_PX ||
	    pdu->height > PICTURE_MAX_PX || bytes + surfaces_bytes(gfx) > SURFACES_MAX_BYTES) {
		rdp_back_refuse(back, END_TARGET_PROTOCOL, "target asked for a surface of %ux%u",
				pdu->width, pdu->height);
		return ERROR_INVALID_DATA;
	}
	return back->picture.create_surface(gfx, pdu);
}

static UINT end_frame(RdpgfxClientContext *gfx, const RDPGFX_END_FRAME_PDU *pdu)
{
	struct rdp_back *back = back_of_gfx(gfx);
	UINT error = back->picture.end_frame(gfx, pdu);

	if (back->picture.unframed) {
		back->picture.unframed = false;
		session_frame(back->session);
	}
	return error;
}

void rdp_picture_open_gfx(struct rdp_back *back, RdpgfxClientContext *gfx)
{
	struct rdp_picture *picture = &back->picture;

	if (!gdi_graphics_pipeline_init(rdp_back_context(back)->gdi, gfx)) {
		rdp_back_refuse(back, END_FAULT, "graphics decoders cannot be made");
		return;
	}
	picture->gfx = gfx;
	picture->gfx_lost = false;
	picture->reset_graphics = gfx->ResetGraphics;
	picture->create_surface = gfx->CreateSurface;
	picture->surface_to_surface = gfx->SurfaceToSurface;
	picture->end_frame = gfx->EndFrame;
	gfx->ResetGraphics = reset_graphics;
	gfx->CreateSurface = create_surface;
	gfx->SurfaceToSurface = rdp_copy_surface;
	gfx->EndFrame = end_frame;
}

void rdp_picture_close_gfx(struct rdp_back *back, RdpgfxClientContext *gfx)
{
	rdpGdi *gdi = rdp_back_context(back)->gdi;

	if (back->picture.gfx != gfx)
		return;
	back->picture.gfx = NULL;
	back->picture.gfx_lost = true;
	if (gdi)
		gdi_graphics_pipeline_uninit(gdi, gfx);
}
