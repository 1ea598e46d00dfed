/** Inside of the VNC front: what its files share. Everything runs on the front thread. */
#pragma once

#include "gateway/session/front.h"
#include "gateway/vnc/vnc_pump.h"

#include <rfb/rfb.h>

struct vnc_front {
	struct session *session;
	const struct session_start *start;
	struct vnc_stream stream; /**< the viewer until the pump takes it */
	struct vnc_pump *pump;
	unsigned minor; /**< of the viewer's RFB version: 3, 7 or 8 */
	unsigned flags; /**< enum front_flag, taken from the core and not yet seen to */

	rfbScreenInfoPtr screen;
	rfbClientPtr viewer; /**< NULL once it is gone */
	struct shadow *shadow;
	bool held_back; /**< a picture waits until the viewer has read the one before */
	char *notice;	/**< words to lay over the picture, or NULL */
	uint8_t *
		hidden; /**< rows of the shadow under the words; NULL while they do not lie there */
	char *desktop_name;
	uint32_t rfb_buttons; /**< RFB mask the viewer sent last */
};

/** vnc_front_login.c: RFB handshake, TLS, user and password, verdict. True when the gateway let the
 *  viewer in; it then waits for its SecurityResult. False: the viewer was told why and
 *  session_end was called. */
bool vnc_front_login(struct vnc_front *front);
/** The SecurityResult that opens the session. False when the viewer is gone
 *  (session_end was called). */
bool vnc_front_welcome(struct vnc_front *front);
/** The SecurityResult that refuses, with a sentence for the person at the viewer (RFB 3.8 shows
 *  it). */
void vnc_front_refuse(struct vnc_front *front, const char *words);

/** vnc_front_picture.c: the screen LibVNCServer serves, over our shadow. False when memory is
 *  out. */
bool vnc_front_picture_open(struct vnc_front *front);
void vnc_front_picture_close(struct vnc_front *front);
/** Follows the core after FRONT_RESIZED. False: the viewer cannot follow (session_end was
 *  called). */
bool vnc_front_picture_resize(struct vnc_front *front);
/** Takes what is new, when the viewer has asked for an update, and sends it. */
void vnc_front_picture_send(struct vnc_front *front);

/** vnc_front_notice.c: words over the picture. FRONT_NOTICE was raised: lays the new ones, or
 *  clears. Comes also over a frozen picture. */
void vnc_front_notice_changed(struct vnc_front *front);
/** Takes the words off the shadow, which then is what the core believes, and lays them on it again.
 *  The viewer is told nothing by these. */
void vnc_front_notice_lift(struct vnc_front *front);
void vnc_front_notice_lay(struct vnc_front *front);
/** The shadow they lay on is about to go. */
void vnc_front_notice_forget(struct vnc_front *front);
/** Whether the viewer may have words instead of the picture somewhere in this rectangle. */
bool vnc_front_notice_covers(const struct vnc_front *front, const struct rect *r);

/** vnc_front_cursor.c */
void vnc_front_cursor_shape(struct vnc_front *front);
void vnc_front_cursor_moved(struct vnc_front *front);

/** vnc_front_input.c: hangs keys, pointer, clipboard and size wishes into the screen. */
void vnc_front_input_attach(struct vnc_front *front);
/** The target's clipboard, to the viewer. */
void vnc_front_input_clipboard(struct vnc_front *front);
