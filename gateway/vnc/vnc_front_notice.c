/* The gateway's words over a VNC viewer's picture. They lie in the shadow the library encodes from,
 * so what they hide is kept and put back before the core touches the shadow again. Knows nothing
 * of why there are words. */
#include "gateway/session/banner.h"
#include "gateway/vnc/vnc_front.h"

#include <string.h>

static struct rect strip_of(const struct vnc_front *front)
{
	return banner_rect(front->shadow->width, front->shadow->height);
}

static size_t strip_bytes(const struct vnc_front *front)
{
	return front->shadow->stride_bytes * strip_of(front).height;
}

static void mark_strip(struct vnc_front *front)
{
	const struct rect strip = strip_of(front);

	rfbMarkRectAsModified(front->screen, 0, 0, (int)strip.width, (int)strip.height);
}

void vnc_front_notice_lift(struct vnc_front *front)
{
	if (front->hidden == NULL)
		return;
	memcpy(front->shadow->pixels, front->hidden, strip_bytes(front));
	g_clear_pointer(&front->hidden, g_free);
}

void vnc_front_notice_lay(struct vnc_front *front)
{
	if (front->notice == NULL || front->hidden != NULL)
		return;
	front->hidden = g_memdup2(front->shadow->pixels, strip_bytes(front));
	banner_draw(front->shadow, front->notice);
}

void vnc_front_notice_forget(struct vnc_front *front)
{
	g_clear_pointer(&front->hidden, g_free);
}

bool vnc_front_notice_covers(const struct vnc_front *front, const struct rect *r)
{
	/* The strip begins at the picture's top left corner and is as wide as the picture. */
	return front->notice != NULL && r->y < strip_of(front).height;
}

void vnc_front_notice_changed(struct vnc_front *front)
{
	vnc_front_notice_lift(front);
	g_free(front->notice);
	front->notice = session_notice(front->session);
	vnc_front_notice_lay(front);
	mark_strip(front);
}
