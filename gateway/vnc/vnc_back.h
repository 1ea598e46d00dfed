/** Inside of the VNC back: what its files share. Everything runs on the back thread. */
#pragma once

#include "gateway/session/back.h"
#include "gateway/vnc/vnc_pump.h"

#include <rfb/rfbclient.h>

/** How long the whole handshake may take, and how long a target may be silent inside one
 *  message. */
#define VNC_BACK_HANDSHAKE_MS 15000u
#define VNC_BACK_SILENCE_MS 15000u

#define VNC_BACK_RECTS_MAX 64u
/** A longer name of a desktop is none. */
#define VNC_BACK_NAME_MAX_BYTES 65536u
/** Of what session_title tells here. */
#define VNC_BACK_TITLE "desktop"

/** First words of the target about its desktop (ServerInit, RFC 6143 7.3.2). */
struct vnc_back_hello {
	uint16_t width_px, height_px;
	char name[256]; /**< printable, cut */
};

struct vnc_back {
	struct session *session;
	struct vnc_pump *pump;
	rfbClient *library;
	GotCopyRectProc copy_in_picture; /**< the library's own copy, bounds checked by us before */
	uint8_t *picture; /**< private picture, BGRX, width x height of `library`, rows packed */
	struct rect painted[VNC_BACK_RECTS_MAX];
	unsigned n_painted;
	/** the library reports copies and cursors as painted too; this one was not */
	bool skip_rect;
	bool ask_all;		   /**< the picture is new: the next request is for all of it */
	bool stopped;		   /**< BACK_STOP came */
	enum end_reason failed;	   /**< set by a callback that cannot return an error of its own */
	const char *failed_detail; /**< static text */
	int32_t wheel_up, wheel_right; /**< less than POINTER_WHEEL_NOTCH: kept for later */
	uint32_t buttons;	       /**< RFB mask that is down at the target, wheel excluded */
};

/** vnc_back_auth.c: the RFB handshake up to ServerInit. Wipes target->password. Returns END_NONE or
 *  why it failed; *ret_detail is g_malloc'ed or NULL. */
enum end_reason vnc_back_handshake(struct vnc_stream *stream, struct back_target *target,
				   struct vnc_back_hello *ret_hello, char **ret_detail);

/** vnc_back_update.c: once per process, before threads. */
void vnc_back_update_prepare(void);
/** Hangs picture, cursor and clipboard callbacks into the library. */
void vnc_back_update_attach(struct vnc_back *back);
/** Asks for our pixel format and encodings, then for the whole picture. */
bool vnc_back_update_start(struct vnc_back *back, const struct vnc_back_hello *hello);

/** vnc_back_input.c: takes all waiting commands. False when the target cannot be written to. */
bool vnc_back_input_run(struct vnc_back *back);
