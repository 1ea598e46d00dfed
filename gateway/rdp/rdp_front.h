/** Inside of the RDP front: one viewer, and what each file of rdp_front*.c does for it. Everything
 *  runs on the front thread (the main thread) except the watchdog. */
#pragma once

#include "gateway/rdp/rdp_front_gfx.h"
#include "gateway/session/session.h"

#include <freerdp/freerdp.h>
#include <freerdp/peer.h>
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct rdp_channels;
struct rdp_display;
struct rdp_tiles;
struct rdp_cursor;

/** Shuts the viewer's socket down when a step takes too long: FreeRDP does TLS and NLA
 *  inside one blocking call. */
struct rdp_watchdog {
	GThread *thread;
	GMutex lock;
	GCond changed;
	uint64_t deadline_us; /**< 0: not armed */
	bool stop;
	struct session *session;
	int socket_fd;
};

struct rdp_front {
	struct session *session;
	const struct session_start *start;
	freerdp_peer *peer;
	HANDLE channels; /**< FreeRDP's channel manager */
	struct sockaddr_storage viewer_address;
	int socket_fd;	       /**< duplicate of the viewer's socket, ours */
	HANDLE session_event;  /**< session_front_fd as a WinPR object */
	HANDLE writable_event; /**< socket_fd is writable */
	struct rdp_watchdog watchdog;

	/* Login. */
	char *proven_user, *proven_domain; /**< who the NTLM proof was for; NULL before it */
	bool proof_used;
	bool logged_in;
	bool error_sent;

	/* Life. */
	bool active;	 /**< between Activate and a deactivation */
	bool opened;	 /**< session_open_target was called */
	bool running;	 /**< FRONT_RUNNING seen */
	bool suppressed; /**< viewer is minimised */
	bool cursor_waits, position_waits;

	/* Picture. */
	bool picture_waits; /**< FRONT_PICTURE seen and not yet taken */
	uint64_t next_picture_us;
	char *notice;	   /**< words over the picture; NULL: none */
	bool notice_waits; /**< not shown yet */
	struct shadow *shadow;
	struct rdp_gfx *gfx;	 /**< NULL: viewer has none */
	struct rdp_tiles *tiles; /**< made when first needed */

	struct rdp_channels *static_channels;
	struct rdp_display *display; /**< NULL: viewer has no dynamic channels */
	struct rdp_cursor *cursor;
	uint32_t buttons;	      /**< enum pointer_button bits that are down */
	int32_t pointer_x, pointer_y; /**< where the viewer said it was last */
};

/** FreeRDP allocates this; the front itself lives outside. */
struct rdp_front_context {
	rdpContext base;
	struct rdp_front *front;
};

static inline struct rdp_front *rdp_front_of(rdpContext *context)
{
	return ((struct rdp_front_context *)context)->front;
}

static inline rdpSettings *rdp_front_settings(struct rdp_front *front)
{
	return front->peer->context->settings;
}

/* ---- rdp_front_watchdog.c ---- */

/** `socket_fd` is borrowed until stop. */
void rdp_watchdog_start(struct rdp_watchdog *dog, struct session *session, int socket_fd);
/** Sets the time from now; 0 disarms. */
void rdp_watchdog_arm(struct rdp_watchdog *dog, uint32_t milliseconds);
void rdp_watchdog_stop(struct rdp_watchdog *dog);

/* ---- rdp_front_login.c ---- */

/** Settings, certificate and key of the server role. False: END_FAULT was set. */
bool rdp_front_configure(struct rdp_front *front);
/** freerdp_peer callbacks. */
SECURITY_STATUS rdp_front_nla_hash(void *client, const SEC_WINNT_AUTH_IDENTITY *identity,
				   const SecBuffer *proof, const BYTE *session_key, const BYTE *mic,
				   const SecBuffer *mic_input, BYTE *ret_hash);
BOOL rdp_front_capabilities(freerdp_peer *peer);
/** Desktop side within what the gateway allows and RDP can say ([MS-RDPBCGR] 2.2.1.3.2: 200
 *  to 8192, width even). */
uint32_t rdp_clamp_width(uint32_t width, uint32_t max_width);
uint32_t rdp_clamp_height(uint32_t height, uint32_t max_height);

/** Set Error Info PDU for the session's end reason, once. */
void rdp_front_send_error(struct rdp_front *front);

/* ---- rdp_front_input.c ---- */

void rdp_front_input_register(struct rdp_front *front);
/** [MS-RDPBCGR] 2.2.8.1.1.3.1.1.1: keyboardFlags and keyCode. */
void rdp_key_from_scancode(uint16_t flags, uint8_t code, struct key_event *ret);
/** [MS-RDPBCGR] 2.2.8.1.1.3.1.1.3 and .4; `buttons` is what is down, changed in place. False:
 *  the event says nothing. */
bool rdp_pointer_from_mouse(uint16_t flags, uint16_t x, uint16_t y, uint32_t *buttons,
			    struct pointer_event *ret);
bool rdp_pointer_from_extended(uint16_t flags, uint16_t x, uint16_t y, uint32_t *buttons,
			       struct pointer_event *ret);

/* ---- rdp_front_picture.c ---- */

/** Sends what is due and can be taken. False: the connection is broken. */
bool rdp_front_picture_step(struct rdp_front *front);
/** When the step wants to run again even if nothing happens; UINT64_MAX: never. */
uint64_t rdp_front_picture_due_us(const struct rdp_front *front);
/** Makes the viewer's desktop as large as the target's, when it is not. */
bool rdp_front_picture_fit(struct rdp_front *front);
/** FRONT_NOTICE was raised. */
void rdp_front_picture_notice(struct rdp_front *front);
/** The viewer shows nothing of ours any more. */
void rdp_front_picture_forget(struct rdp_front *front);
void rdp_front_picture_register(struct rdp_front *front);
void rdp_front_picture_finish(struct rdp_front *front);

/* ---- rdp_front_bitmap.c ---- */

struct rdp_tiles *rdp_tiles_create(struct rdp_front *front);
void rdp_tiles_destroy(struct rdp_tiles *tiles);
/** One Bitmap Update ([MS-RDPBCGR] 2.2.9.1.2.1.2) per tile of the painted region and of what was
 *  copied. */
bool rdp_tiles_send(struct rdp_tiles *tiles, const struct shadow *shadow,
		    const struct picture_update *update);

/* ---- rdp_front_cursor.c ---- */

struct rdp_cursor *rdp_cursor_create(struct rdp_front *front);
void rdp_cursor_destroy(struct rdp_cursor *cursor);
/** Forgets what the viewer's cache holds (after a reactivation). */
void rdp_cursor_reset(struct rdp_cursor *cursor);
/** Sends the current shape, or that there is none. */
bool rdp_cursor_send_shape(struct rdp_cursor *cursor);
bool rdp_cursor_send_position(struct rdp_cursor *cursor);

/* ---- rdp_front_channels.c ---- */

/** Puts itself between the viewer and FreeRDP's channels; after WTSOpenServer. */
struct rdp_channels *rdp_channels_create(struct rdp_front *front);
/** The desktop is there: channels may speak. */
bool rdp_channels_start(struct rdp_channels *channels);
void rdp_channels_destroy(struct rdp_channels *channels);
/** FRONT_CLIPBOARD was raised. */
void rdp_channels_target_copied(struct rdp_channels *channels);
/** Says what waits, when the viewer can take it. */
bool rdp_channels_flush(struct rdp_channels *channels);
