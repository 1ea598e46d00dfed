/* Copies of a target that stay copies: scrolling and moved windows arrive as two places instead of
 * pixels, and reach viewer and recorder the same way. A copy is announced only when the canvas
 * holds exactly the source pixels at that moment; otherwise it is a paint. */
#include "gateway/rdp/rdp_back_internal.h"

#include <freerdp/gdi/gfx.h>
#include <string.h>

/** SRCCOPY as [MS-RDPEGDI] 2.2.2.2.1.1.1.7 (ternary raster operations) numbers it. */
#define ROP3_SRCCOPY 0xCCu

static bool inside(int64_t x, int64_t y, int64_t width, int64_t height, int64_t max_width,
		   int64_t max_height)
{
	return x >= 0 && y >= 0 && width > 0 && height > 0 && x + width <= max_width &&
	       y + height <= max_height;
}

static bool scrblt_is_copy(const rdpGdi *gdi, const SCRBLT_ORDER *order)
{
	return (order->bRop & 0xFF) == ROP3_SRCCOPY && gdi->drawing == gdi->primary &&
	       gdi->primary->hdc->clip->null &&
	       inside(order->nLeftRect, order->nTopRect, order->nWidth, order->nHeight, gdi->width,
		      gdi->height) &&
	       inside(order->nXSrc, order->nYSrc, order->nWidth, order->nHeight, gdi->width,
		      gdi->height);
}

static void announce(struct rdp_back *back, const struct rect *to, uint32_t from_x, uint32_t from_y)
{
	session_copy(back->session, to, from_x, from_y);
	back->picture.unframed = true;
}

BOOL rdp_copy_scrblt(rdpContext *context, const SCRBLT_ORDER *order)
{
	struct rdp_back *back = rdp_back_of(context);
	HGDI_WND changes = context->gdi->primary->hdc->hwnd;

	if (!scrblt_is_copy(context->gdi, order))
		return back->picture.scrblt(context, order);
	rdp_picture_flush(back);
	if (!back->picture.scrblt(context, order))
		return FALSE;
	changes->invalid->null = TRUE;
	changes->ninvalid = 0;
	announce(back,
		 &(struct rect){(uint32_t)order->nLeftRect, (uint32_t)order->nTopRect,
				(uint32_t)order->nWidth, (uint32_t)order->nHeight},
		 (uint32_t)order->nXSrc, (uint32_t)order->nYSrc);
	return TRUE;
}

/* A surface shown one to one, with source and every destination on the desktop. */
static bool places_fit(const rdpGdi *gdi, const gdiGfxSurface *surface,
		       const RDPGFX_SURFACE_TO_SURFACE_PDU *pdu)
{
	const RECTANGLE_16 *from = &pdu->rectSrc;
	int64_t width = (int64_t)from->right - from->left,
		height = (int64_t)from->bottom - from->top;
	int64_t max_width =
		MIN((int64_t)surface->mappedWidth, (int64_t)gdi->width - surface->outputOriginX);
	int64_t max_height =
		MIN((int64_t)surface->mappedHeight, (int64_t)gdi->height - surface->outputOriginY);

	if (!inside(from->left, from->top, width, height, max_width, max_height))
		return false;
	for (unsigned i = 0; i < pdu->destPtsCount; i++)
		if (!inside(pdu->destPts[i].x, pdu->destPts[i].y, width, height, max_width,
			    max_height))
			return false;
	return true;
}

/* The desktop may differ from its surface: never drawn parts, a second surface on top. Comparing
 * costs a tenth of painting. */
static bool shows_source(const rdpGdi *gdi, const gdiGfxSurface *surface, const RECTANGLE_16 *from)
{
	size_t bytes = (size_t)(from->right - from->left) * 4;

	for (uint32_t y = from->top; y < from->bottom; y++) {
		const uint8_t *kept =
			surface->data + (size_t)y * surface->scanline + (size_t)from->left * 4;
		const uint8_t *shown = gdi->primary_buffer +
				       ((size_t)y + surface->outputOriginY) * gdi->stride +
				       ((size_t)from->left + surface->outputOriginX) * 4;

		if (memcmp(kept, shown, bytes) != 0)
			return false;
	}
	return true;
}

static bool surface_is_plain(const gdiGfxSurface *surface)
{
	return surface->outputMapped && !surface->windowMapped &&
	       surface->outputTargetWidth == surface->mappedWidth &&
	       surface->outputTargetHeight == surface->mappedHeight &&
	       surface->format == PIXEL_FORMAT_BGRX32;
}

static const gdiGfxSurface *copied_surface(RdpgfxClientContext *gfx,
					   const RDPGFX_SURFACE_TO_SURFACE_PDU *pdu)
{
	const rdpGdi *gdi = gfx->custom;
	const gdiGfxSurface *surface = gfx->GetSurfaceData(gfx, pdu->surfaceIdSrc);

	/* With several destinations an earlier one may overwrite the source of a later
	 * one; nobody sends that. */
	if (pdu->surfaceIdSrc != pdu->surfaceIdDest || pdu->destPtsCount != 1 || !surface ||
	    !surface_is_plain(surface) || !places_fit(gdi, surface, pdu))
		return NULL;
	/* Everything pending of this surface onto the desktop and the canvas first. */
	if (gfx->UpdateSurfaces(gfx) != CHANNEL_RC_OK)
		return NULL;
	return shows_source(gdi, surface, &pdu->rectSrc) ? surface : NULL;
}

UINT rdp_copy_surface(RdpgfxClientContext *gfx, const RDPGFX_SURFACE_TO_SURFACE_PDU *pdu)
{
	rdpGdi *gdi = gfx->custom;
	struct rdp_back *back = rdp_back_of(gdi->context);
	const gdiGfxSurface *surface = copied_surface(gfx, pdu);

	if (!surface)
		return back->picture.surface_to_surface(gfx, pdu);
	struct rect to = {surface->outputOriginX + pdu->destPts[0].x,
			  surface->outputOriginY + pdu->destPts[0].y,
			  (uint32_t)(pdu->rectSrc.right - pdu->rectSrc.left),
			  (uint32_t)(pdu->rectSrc.bottom - pdu->rectSrc.top)};

	/* Announced before the library paints the destination onto the desktop, which is then
	 * silent. */
	announce(back, &to, surface->outputOriginX + pdu->rectSrc.left,
		 surface->outputOriginY + pdu->rectSrc.top);
	back->picture.mute = true;
	UINT error = back->picture.surface_to_surface(gfx, pdu);
	if (error == CHANNEL_RC_OK)
		error = gfx->UpdateSurfaces(gfx);
	back->picture.mute = false;
	return error;
}
