/* The picture towards a viewer: the core's shadow is the screen LibVNCServer encodes from. Copies
 * go out as CopyRect, the rest in the viewer's encoding, and only when the viewer asked (RFC 6143
 * 7.5.3): the viewer sets the pace, the core merges meanwhile. */
#include "gateway/vnc/vnc_front.h"

#include <errno.h>
#include <rfb/rfbregion.h>

/* What may lie unread when the next picture is sent. */
#define UNREAD_MAX_BYTES (1u << 20)

/* rfbGetScreen and rfbNewFramebuffer set up RGBX with packed rows; ours is BGRX with the shadow's
 * stride. */
static void use_shadow(struct vnc_front *front)
{
	rfbScreenInfoPtr screen = front->screen;

	screen->frameBuffer = (char *)front->shadow->pixels;
	screen->paddedWidthInBytes = (int)front->shadow->stride_bytes;
	screen->serverFormat.redShift = 16;
	screen->serverFormat.greenShift = 8;
	screen->serverFormat.blueShift = 0;
	screen->serverFormat.depth = 24;
}

bool vnc_front_picture_open(struct vnc_front *front)
{
	uint32_t width, height;

	session_size(front->session, &width, &height);
	front->shadow = shadow_create(width, height);
	if (front->shadow == NULL)
		return false;
	front->screen = rfbGetScreen(NULL, NULL, (int)width, (int)height, 8, 3, 4);
	if (front->screen == NULL)
		return false;
	front->screen->screenData = front;
	front->screen->desktopName = front->desktop_name;
	front->screen->port = front->screen->ipv6port = 0;
	front->screen->autoPort = FALSE;
	front->screen->alwaysShared = TRUE;
	front->screen->deferUpdateTime = 0; /* the core merges already */
	front->screen->maxClientWait = 10000;
	use_shadow(front);
	rfbInitServer(front->screen);
	return true;
}

void vnc_front_picture_close(struct vnc_front *front)
{
	if (front->screen != NULL)
		rfbScreenCleanup(front->screen);
	shadow_destroy(front->shadow);
}

static sraRegionPtr region_of_rect(const struct rect *r)
{
	return sraRgnCreateRect((int)r->x, (int)r->y, (int)(r->x + r->width),
				(int)(r->y + r->height));
}

static void mark_painted(struct vnc_front *front, pixman_region32_t *painted)
{
	sraRegionPtr region = sraRgnCreate();
	int n;
	const pixman_box32_t *boxes = pixman_region32_rectangles(painted, &n);

	for (int i = 0; i < n; i++) {
		sraRegionPtr box =
			sraRgnCreateRect(boxes[i].x1, boxes[i].y1, boxes[i].x2, boxes[i].y2);

		sraRgnOr(region, box);
		sraRgnDestroy(box);
	}
	rfbMarkRegionAsModified(front->screen, region);
	sraRgnDestroy(region);
}

/* The library keeps copies of one direction at a time and turns others into pixels by itself; it
 * also knows which parts of a copy's source the viewer does not have yet. */
static void schedule_copies(struct vnc_front *front, const struct picture_update *update)
{
	for (unsigned i = 0; i < update->n_copies; i++) {
		const struct picture_copy *copy = &update->copies[i];
		const struct rect from = {copy->from_x, copy->from_y, copy->to.width,
					  copy->to.height};
		sraRegionPtr to = region_of_rect(&copy->to);

		/* Neither may words travel, nor pixels come to lie over them. */
		if (vnc_front_notice_covers(front, &from) ||
		    vnc_front_notice_covers(front, &copy->to))
			rfbMarkRegionAsModified(front->screen, to);
		else
			rfbScheduleCopyRegion(front->screen, to,
					      (int)copy->to.x - (int)copy->from_x,
					      (int)copy->to.y - (int)copy->from_y);
		sraRgnDestroy(to);
	}
}

/* Brings the shadow up to date. False when there was nothing new. */
static bool take(struct vnc_front *front)
{
	struct picture_update update;
	int error;

	picture_update_init(&update);
	vnc_front_notice_lift(front);
	error = session_take_picture(front->session, front->shadow, &update);
	vnc_front_notice_lay(front);
	if (error == 0) {
		schedule_copies(front, &update);
		mark_painted(front, &update.painted);
	}
	picture_update_finish(&update);
	if (error == -ESTALE)
		front->flags |= FRONT_RESIZED;
	else
		front->flags &= ~(unsigned)FRONT_PICTURE;
	return error == 0;
}

bool vnc_front_picture_resize(struct vnc_front *front)
{
	struct shadow *old = front->shadow;
	uint32_t width, height;

	session_size(front->session, &width, &height);
	if (front->viewer == NULL || (width == old->width && height == old->height)) {
		front->flags &= ~(unsigned)FRONT_RESIZED;
		return true;
	}
	/* Before its first request the viewer has not said yet what it can. */
	if (!front->viewer->useNewFBSize && sraRgnEmpty(front->viewer->requestedRegion))
		return true;
	front->flags &= ~(unsigned)FRONT_RESIZED;
	if (!front->viewer->useNewFBSize) {
		session_end(front->session, END_VIEWER_PROTOCOL,
			    "the viewer cannot follow a new desktop size");
		return false;
	}
	front->shadow = shadow_create(width, height);
	if (front->shadow == NULL) {
		front->shadow = old;
		session_end(front->session, END_FAULT, "no memory for the viewer's picture");
		return false;
	}
	rfbNewFramebuffer(front->screen, (char *)front->shadow->pixels, (int)width, (int)height, 8,
			  3, 4);
	vnc_front_notice_forget(front);
	use_shadow(front);
	front->screen->setTranslateFunction(front->viewer);
	shadow_destroy(old);
	take(front); /* never show the black of a fresh shadow */
	return true;
}

void vnc_front_picture_send(struct vnc_front *front)
{
	rfbClientPtr viewer = front->viewer;

	front->held_back = false;
	if (viewer->sock == RFB_INVALID_SOCKET || viewer->state != RFB_NORMAL ||
	    sraRgnEmpty(viewer->requestedRegion))
		return;
	/* Requests alone do not pace a viewer that sends them without reading. */
	if (vnc_pump_queued_bytes(front->pump) > UNREAD_MAX_BYTES) {
		front->held_back = true;
		return;
	}
	if (front->flags & FRONT_PICTURE)
		take(front);
	rfbUpdateClient(viewer);
}
