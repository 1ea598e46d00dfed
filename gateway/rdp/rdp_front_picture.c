/* When the viewer gets a picture: only when it can take one. Until then the core merges what
 * changes. Knows the two ways to say it (graphics pipeline, bitmaps) but not how they encode. */
#include "gateway/rdp/rdp_front.h"

#include "base/clock.h"
#include "gateway/session/banner.h"

#include <freerdp/update.h>

/** More pictures a second than a screen shows are waste. */
#define PICTURE_INTERVAL_US 15000u

static bool uses_gfx(const struct rdp_front *front)
{
	return front->gfx && rdp_gfx_state(front->gfx) == RDP_GFX_READY;
}

static bool may_send(const struct rdp_front *front)
{
	freerdp_peer *peer = front->peer;

	if (!front->active || !front->running || front->suppressed || peer->IsWriteBlocked(peer))
		return false;
	if (front->gfx && rdp_gfx_state(front->gfx) == RDP_GFX_WAITING)
		return false;
	return !uses_gfx(front) || rdp_gfx_may_send(front->gfx);
}

static bool resize_viewer(struct rdp_front *front, uint32_t width, uint32_t height)
{
	rdpSettings *settings = rdp_front_settings(front);
	rdpContext *context = front->peer->context;

	if (uses_gfx(front))
		return rdp_gfx_resize(front->gfx, width, height);
	if (freerdp_settings_get_uint32(settings, FreeRDP_DesktopWidth) == width &&
	    freerdp_settings_get_uint32(settings, FreeRDP_DesktopHeight) == height)
		return true;
	/* Deactivate and reactivate ([MS-RDPBCGR] 1.3.1.3); Activate comes again and the
	 * picture goes on from there. */
	front->active = false;
	return freerdp_settings_set_uint32(settings, FreeRDP_DesktopWidth, width) &&
	       freerdp_settings_set_uint32(settings, FreeRDP_DesktopHeight, height) &&
	       context->update->DesktopResize(context);
}

/* Whatever the viewer shows now has nothing to do with a fresh shadow. */
static bool renew_shadow(struct rdp_front *front, uint32_t width, uint32_t height)
{
	const struct rect all = {0, 0, width, height};

	shadow_destroy(front->shadow);
	front->shadow = shadow_create(width, height);
	if (!front->shadow) {
		session_end(front->session, END_FAULT, "no memory for the viewer's picture");
		return false;
	}
	session_repaint(front->session, &all);
	front->picture_waits = true;
	front->notice_waits = front->notice != NULL;
	return true;
}

bool rdp_front_picture_fit(struct rdp_front *front)
{
	uint32_t width, height;

	if (!front->active || (front->gfx && rdp_gfx_state(front->gfx) == RDP_GFX_WAITING))
		return true;
	session_size(front->session, &width, &height);
	if (!picture_size_ok(width, height))
		return true;
	if (front->shadow && front->shadow->width == width && front->shadow->height == height &&
	    (!uses_gfx(front) || rdp_gfx_has_surface(front->gfx)))
		return true;
	return renew_shadow(front, width, height) && resize_viewer(front, width, height);
}

static bool send_update(struct rdp_front *front, const struct picture_update *update)
{
	if (uses_gfx(front))
		return rdp_gfx_send(front->gfx, front->shadow, update);
	if (!front->tiles)
		front->tiles = rdp_tiles_create(front);
	return front->tiles && rdp_tiles_send(front->tiles, front->shadow, update);
}

/* ---- Words over the picture ---- */

static bool overlap(const struct rect *a, const struct rect *b)
{
	return a->x < b->x + b->width && b->x < a->x + a->width && a->y < b->y + b->height &&
	       b->y < a->y + a->height;
}

/* The shadow then shows the words where the core thinks the picture is. What a copy took from
 * there is asked for again. */
static void lay_notice(struct rdp_front *front, struct picture_update *update)
{
	const struct rect strip = banner_rect(front->shadow->width, front->shadow->height);
	pixman_box32_t box = {0, 0, (int32_t)strip.width, (int32_t)strip.height};
	bool touched = front->notice_waits || pixman_region32_contains_rectangle(
						      &update->painted, &box) != PIXMAN_REGION_OUT;

	if (!front->notice)
		return;
	for (unsigned i = 0; i < update->n_copies; i++) {
		const struct picture_copy *copy = &update->copies[i];
		const struct rect from = {copy->from_x, copy->from_y, copy->to.width,
					  copy->to.height};
		touched |= overlap(&copy->to, &strip);
		if (overlap(&from, &strip))
			session_repaint(front->session, &copy->to);
	}
	if (!touched)
		return;
	front->notice_waits = false;
	banner_draw(front->shadow, front->notice);
	pixman_region32_union_rect(&update->painted, &update->painted, 0, 0, strip.width,
				   strip.height);
}

void rdp_front_picture_notice(struct rdp_front *front)
{
	char *notice = session_notice(front->session);

	if (!notice && front->notice && front->shadow) {
		const struct rect strip = banner_rect(front->shadow->width, front->shadow->height);
		session_repaint(front->session, &strip);
	}
	g_free(front->notice);
	front->notice = notice;
	front->notice_waits = notice != NULL;
	front->picture_waits = true;
}

static bool send_newest(struct rdp_front *front)
{
	struct picture_update update;
	bool sent = true;

	picture_update_init(&update);
	int error = session_take_picture(front->session, front->shadow, &update);
	if (error == -EAGAIN)
		front->picture_waits = false;
	/* Words come also over a frozen picture. */
	if (error == 0 || (error == -EAGAIN && front->notice_waits)) {
		lay_notice(front, &update);
		sent = send_update(front, &update);
		front->next_picture_us = clock_now_us() + PICTURE_INTERVAL_US;
	}
	picture_update_finish(&update);
	if (error == -ESTALE)
		sent = rdp_front_picture_fit(front);
	return sent;
}

bool rdp_front_picture_step(struct rdp_front *front)
{
	if (!may_send(front))
		return true;
	if (!rdp_front_picture_fit(front))
		return false;
	if (!front->shadow || !may_send(front))
		return true;
	uint64_t now_us = clock_now_us();
	if (front->picture_waits && now_us >= front->next_picture_us && !send_newest(front))
		return false;
	if (uses_gfx(front) && rdp_gfx_may_send(front->gfx) &&
	    now_us >= rdp_gfx_refine_due_us(front->gfx))
		return rdp_gfx_refine(front->gfx, front->shadow);
	return true;
}

uint64_t rdp_front_picture_due_us(const struct rdp_front *front)
{
	if (front->gfx && front->running && rdp_gfx_state(front->gfx) == RDP_GFX_WAITING)
		return rdp_gfx_give_up_us(front->gfx);
	if (!may_send(front) || !front->shadow)
		return UINT64_MAX;
	uint64_t due_us = front->picture_waits ? front->next_picture_us : UINT64_MAX;
	if (uses_gfx(front))
		due_us = MIN(due_us, rdp_gfx_refine_due_us(front->gfx));
	return due_us;
}

/* ---- What the viewer asks for ---- */

static void repaint(struct rdp_front *front, const RECTANGLE_16 *area)
{
	struct rect r = {area->left, area->top, 0, 0};

	if (!front->shadow || area->right < area->left || area->bottom < area->top)
		return;
	/* Inclusive ([MS-RDPBCGR] 2.2.11.1). */
	r.width = area->right - area->left + 1u;
	r.height = area->bottom - area->top + 1u;
	if (!rect_clip(&r, front->shadow->width, front->shadow->height))
		return;
	session_repaint(front->session, &r);
	front->picture_waits = true;
}

static BOOL on_refresh_rect(rdpContext *context, BYTE count, const RECTANGLE_16 *areas)
{
	for (unsigned i = 0; i < count; i++)
		repaint(rdp_front_of(context), &areas[i]);
	return TRUE;
}

static BOOL on_suppress_output(rdpContext *context, BYTE allow, const RECTANGLE_16 *area)
{
	struct rdp_front *front = rdp_front_of(context);

	front->suppressed = !allow;
	if (!allow)
		session_release_input(front->session);
	else if (area)
		repaint(front, area);
	return TRUE;
}

void rdp_front_picture_register(struct rdp_front *front)
{
	rdpUpdate *update = front->peer->context->update;

	update->RefreshRect = on_refresh_rect;
	update->SuppressOutput = on_suppress_output;
}

void rdp_front_picture_forget(struct rdp_front *front)
{
	g_clear_pointer(&front->shadow, shadow_destroy);
	g_clear_pointer(&front->tiles, rdp_tiles_destroy);
}

void rdp_front_picture_finish(struct rdp_front *front)
{
	rdp_gfx_destroy(front->gfx);
	rdp_front_picture_forget(front);
	g_free(front->notice);
}
