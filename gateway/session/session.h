/** The session core: joins one front to one back, protocol-neutral. One per vitrine-session
 *  process.
 *
 *      viewer -> front -> session_key/pointer -> (verdict, idle clock, timeline) -> back -> target
 *      target -> back -> session_paint/copy/fill -> canvas + ring (for the recorder)
 *                                                -> pending picture -> front -> viewer
 *
 *  Threads: the front's (main), the back's, and the core's own link thread, which reads broker and
 *  recorder messages. Each function says which thread may call it. The core takes one lock inside;
 *  no function calls back into front or back. */
#pragma once

#include "base/end_reason.h"
#include "base/rect.h"
#include "ipc/broker_proto.h"

#include <glib.h>
#include <pixman.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct session;
struct back_ops;

/** What the gateway said at START; borrowed by the front for its whole run. */
struct session_start {
	const char *session_id, *viewer_address;
	const char *certificate_pem;
	char *private_key_pem; /**< secret */
	bool offer_nla;
	bool greeted; /**< VNC: the viewer has the server's ProtocolVersion already */
	uint32_t handshake_deadline_ms;
	uint32_t max_width_px, max_height_px;
};

/* ---- Lifecycle (worker main) ---- */

/** Starts the core and its link thread. `broker_fd` is taken. `start` is borrowed until
 *  session_destroy (name, deadline and maxima are read).
 *  `backs` is a NULL-ended list of what this process was built with. */
struct session *session_create(int broker_fd, const struct session_start *start,
			       const struct back_ops *const *backs);
/** Ends whatever runs, joins the threads, tells the gateway ENDED with the first reason
 *  given to session_end. */
void session_destroy(struct session *session);

/* ---- Both sides ---- */

/** Ends the session. The first reason stays; later calls are ignored. `detail` (may be NULL, no
 *  secrets) goes to the log and the audit record.
 *  Any thread; returns at once. */
void session_end(struct session *session, enum end_reason reason, const char *detail);

/** END_NONE while it runs. Any thread. */
enum end_reason session_end_reason(struct session *session);

/** What to show the person at the viewer: a supervisor's words when there are any, else
 *  end_reason_text. g_free it. Any thread. */
char *session_end_words(struct session *session);

/** Puts one JSON object on the timeline ({"type":"clipboard",...}). Refused (-EINVAL) when longer
 *  than RING_EVENT_MAX_BYTES. Any thread. */
int session_event(struct session *session, const char *json);

/** Puts on the timeline what the target calls something of its own: `of` says what ("desktop"). The
 *  target is a stranger: the text is cleaned and cut, repeated words are left out, and so are most
 *  when it changes them without pause (the next line tells how many). Any thread. */
void session_title(struct session *session, const char *of, const char *text);

/* ---- Front: getting in (front thread) ---- */

/** One NTLM proof to the gateway. Blocks up to the handshake deadline. Returns true and the key
 *  only when the gateway said yes. */
bool session_nla_proof(struct session *session, const struct broker_nla_proof *proof,
		       uint8_t ret_ntowfv2[16]);

struct session_verdict {
	bool allowed;
	enum end_reason reason; /**< when not allowed */
	char *user, *target, *back, *banner;
	uint32_t idle_limit_s;
};

/** Asks the gateway once. Blocks. A lost gateway is a refusal (END_UNAVAILABLE). Free with
 *  session_verdict_clear. */
void session_login(struct session *session, const struct broker_login *login,
		   struct session_verdict *ret_verdict);
void session_verdict_clear(struct session_verdict *verdict);

/** What the viewer looks like. */
struct session_view {
	uint32_t width_px, height_px; /**< already clamped by the front to session_start's maxima */
	uint32_t keyboard_layout;     /**< Windows KLID, 0 when the protocol does not say */
};

/** After an allowing verdict: asks the gateway to dial and starts the back. Returns at once;
 *  FRONT_RUNNING or FRONT_END follow. */
void session_open_target(struct session *session, const struct session_view *view);

/* ---- Front: what happened (front thread) ---- */

enum front_flag {
	/** the target's first size is known and the recorder accepted it; input is taken from now
	 *  on */
	FRONT_RUNNING = 1 << 0,
	FRONT_PICTURE = 1 << 1, /**< session_take_picture has something */
	/** session_size changed; comes before the pictures of the new size, and with
	 *  FRONT_RUNNING */
	FRONT_RESIZED = 1 << 2,
	FRONT_CURSOR_SHAPE = 1 << 3,
	FRONT_CURSOR_MOVED = 1 << 4, /**< the target moved the pointer itself */
	FRONT_CLIPBOARD = 1 << 5,
	FRONT_NOTICE = 1 << 6, /**< session_notice changed: draw it or clear it */
	FRONT_END = 1 << 7,    /**< session_end_reason is set; say goodbye and return from run */
};

/** eventfd, readable while flags are waiting. */
int session_front_fd(struct session *session);
/** Takes all waiting flags (and empties the eventfd). */
unsigned session_front_flags(struct session *session);

/** Current size of the target's desktop; 0 x 0 before FRONT_RUNNING. */
void session_size(struct session *session, uint32_t *ret_width, uint32_t *ret_height);

/** The front's own copy of the picture: what its viewer was told last, or is about to be told.
 *  BGRX. */
struct shadow {
	uint8_t *pixels;
	size_t stride_bytes;
	uint32_t width, height;
};
struct shadow *shadow_create(uint32_t width,
			     uint32_t height); /**< black; NULL when out of memory */
void shadow_destroy(struct shadow *shadow);

struct picture_copy {
	struct rect to;
	uint32_t from_x, from_y;
};
/** How to bring a viewer from the shadow before to the shadow now: first the copies in order, then
 *  the pixels of `painted`. */
struct picture_update {
	struct picture_copy *copies;
	unsigned n_copies;
	pixman_region32_t painted;
	uint64_t newest_us; /**< when the newest change in it happened (CLOCK_MONOTONIC) */
};
void picture_update_init(struct picture_update *update);
void picture_update_finish(struct picture_update *update);

/** Brings `shadow` up to the canvas (copies and changed pixels, under the lock, memcpy speed) and
 *  says what changed. A front calls it only when its viewer can take a picture: everything since
 *  the last call is merged. Returns 0; -EAGAIN nothing new, frozen, or a frame is just being drawn
 *  (held back for at most 50 ms; FRONT_PICTURE comes with its end); -ESTALE the shadow has another
 *  size than the canvas: make a new one first (its whole area is then painted). */
int session_take_picture(struct session *session, struct shadow *shadow,
			 struct picture_update *ret);

/** Marks an area as not yet shown (RefreshRect, a viewer's non-incremental request,
 *  after un-minimising). */
void session_repaint(struct session *session, const struct rect *r);

struct cursor_shape {
	uint32_t width, height, hot_x, hot_y; /**< at most 384 px; 0 x 0: no cursor to show */
	uint8_t *bgra;			      /**< straight alpha, tightly packed */
};
/** Copy of the current shape; free .bgra with g_free. False when the target never sent one. */
bool session_get_cursor(struct session *session, struct cursor_shape *ret);
void session_get_pointer(struct session *session, int32_t *ret_x, int32_t *ret_y,
			 bool *ret_visible);

/** Text to lay over the picture (recorder away, the verdict's banner, a supervisor's
 *  message), or NULL. g_free it. */
char *session_notice(struct session *session);

/** Newest clipboard text of the target (UTF-8) or NULL. g_free it. */
char *session_take_target_clipboard(struct session *session);

/* ---- Front: input (front thread) ---- */

enum key_kind { KEY_SCANCODE, KEY_KEYSYM, KEY_UNICODE };
enum key_prefix { KEY_PREFIX_NONE, KEY_PREFIX_E0, KEY_PREFIX_E1 };
struct key_event {
	enum key_kind kind;
	uint32_t code;		/**< set 1 scancode without prefix, X keysym, or UTF-16 code unit */
	enum key_prefix prefix; /**< KEY_SCANCODE only */
	bool down;
};
enum pointer_button {
	POINTER_LEFT = 1 << 0,
	POINTER_MIDDLE = 1 << 1,
	POINTER_RIGHT = 1 << 2,
	POINTER_X1 = 1 << 3,
	POINTER_X2 = 1 << 4,
};
/** One notch of a wheel, as RDP counts ([MS-RDPBCGR] 2.2.8.1.1.3.1.1.3); parts of it are
 *  possible. */
#define POINTER_WHEEL_NOTCH 120
struct pointer_event {
	int32_t x, y;	  /**< in the target's pixels; the core clips */
	uint32_t buttons; /**< all that are down after this event */
	int32_t wheel_up; /**< POINTER_WHEEL_NOTCH a notch, negative: down */
	int32_t wheel_right;
};
enum lock_state { LOCK_SCROLL = 1, LOCK_NUM = 2, LOCK_CAPS = 4, LOCK_KANA = 8 };

/** Input. Dropped while frozen, before FRONT_RUNNING and after the end; noted on the timeline;
 *  held keys are tracked. */
void session_key(struct session *session, const struct key_event *event);
void session_pointer(struct session *session, const struct pointer_event *event);
/** Lock keys as the viewer sees them (RDP Synchronize); also releases every key the core believes
 *  held. */
void session_sync_locks(struct session *session, uint32_t lock_state);
/** The viewer lost focus or is gone: releases every held key and button at the target. */
void session_release_input(struct session *session);
void session_request_size(struct session *session, uint32_t width_px, uint32_t height_px);
void session_viewer_clipboard(struct session *session, const char *utf8);

/* ---- Back (back thread) ---- */

/** The target's desktop has (or now has) this size. Makes a new canvas, offers it to the recorder
 *  and waits until it is recorded.
 *  Returns 0; -EINVAL for an absurd size (end the session with END_TARGET_PROTOCOL); -ECANCELED
 *  when the session is ending. */
int session_resize(struct session *session, uint32_t width, uint32_t height);

/** Pixels changed. `picture` is the first pixel of the back's whole private picture (BGRX).
 *  Rectangles are clipped; parts that are equal to what the canvas shows already are dropped. */
void session_paint(struct session *session, const uint8_t *picture, size_t stride_bytes,
		   const struct rect *rects, unsigned n_rects);
/** A rectangle moved inside the picture. Ignored unless both places lie inside the canvas. What was
 *  changed in the private picture before must have been painted already: the copy
 *  happens in the canvas. */
void session_copy(struct session *session, const struct rect *to, uint32_t from_x, uint32_t from_y);
void session_fill(struct session *session, const struct rect *r, uint32_t bgrx);
/** The picture is consistent now: show it, record it. */
void session_frame(struct session *session);

void session_set_cursor(struct session *session, const struct cursor_shape *shape); /**< copies */
void session_set_pointer(struct session *session, int32_t x, int32_t y, bool visible);
void session_target_clipboard(struct session *session, const char *utf8);

enum back_command_kind {
	BACK_KEY = 1,
	BACK_POINTER,
	BACK_SYNC,
	BACK_SIZE,
	BACK_CLIPBOARD,
	BACK_STOP, /**< disconnect and return END_NONE */
};
struct back_command {
	enum back_command_kind kind;
	union {
		struct key_event key;
		struct pointer_event pointer;
		uint32_t lock_state;
		struct {
			uint32_t width_px, height_px;
		} size;
		char *clipboard; /**< g_free it */
	};
};
/** eventfd, readable while commands wait. */
int session_back_fd(struct session *session);
/** Takes the next command. Returns false when none waits. */
bool session_back_next(struct session *session, struct back_command *ret);
