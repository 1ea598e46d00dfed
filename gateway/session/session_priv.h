/** The inside of the session core, for gateway/session/ only.
 *
 *  One lock guards everything below it. Functions ending in _locked are called with it held. Link
 *  and doorbell writes never block (non-blocking sockets, eventfds), so they happen under the
 *  lock and stay in order. */
#pragma once

#include "base/clock.h"
#include "base/monitor.h"
#include "gateway/session/back.h"
#include "gateway/session/key_mask.h"
#include "gateway/session/keyboard.h"
#include "gateway/session/session.h"
#include "ipc/link.h"
#include "ipc/recorder_proto.h"
#include "recorder/ring/ring_writer.h"

#include <glib.h>
#include <pixman.h>

#define SECOND_US 1000000u

/** How long a recorder may think about a canvas. */
#define CANVAS_DEADLINE_US (10u * SECOND_US)
/** Dialling has its own, shorter deadline in the gateway; this one catches a gateway that
 *  forgot. */
#define DIAL_DEADLINE_US (60u * SECOND_US)
#define MESSAGE_SHOWN_US (20u * SECOND_US)
#define TIMELINE_RETRY_US (50u * 1000u)
#define TIMELINE_MAX_WAITING 4096u

#define HELD_KEYS_MAX 64u
#define COMMANDS_MAX 4096u
#define CLIPBOARD_MAX_BYTES (4u << 20)
#define COPIES_MAX 64u

/** A question to the gateway. */
enum question_state {
	QUESTION_IDLE,
	QUESTION_ASKED,
	QUESTION_ANSWERED,
	/** timed out or link lost: a late answer is not taken, another question not asked */
	QUESTION_DEAD,
};

enum dial_state {
	DIAL_IDLE,
	DIAL_ASKED,
	DIAL_GRANTED, /**< DIAL_ANSWER came, TARGET_SOCKET must follow */
	DIAL_DONE,
};

enum recorder_state {
	RECORDER_AWAY,	    /**< no link */
	RECORDER_LINKED,    /**< link, nothing offered on it yet */
	RECORDER_OFFERED,   /**< CANVAS sent */
	RECORDER_RECORDING, /**< CANVAS_READY came for the current canvas */
};

struct recorder_side {
	enum recorder_state state;
	int fd;		     /**< -1: none */
	uint64_t offered_us; /**< since when OFFERED */
	uint64_t unheard_us; /**< since when the session has been frozen; 0: it is not */
	bool lost;	     /**< away or stalled: the viewer is told */
	bool cursor_due;     /**< the ring's reader does not know the current cursor yet */
};

/** Keys that are down, as they were told to us or to the back. */
struct held_keys {
	struct key_event keys[HELD_KEYS_MAX];
	unsigned n;
};

struct input_side {
	struct held_keys viewer, target;
	uint32_t buttons;
	int32_t x, y;
	uint64_t last_us; /**< for the idle limit */
	struct key_mask mask;
	GQueue commands; /**< of struct back_command *, to the back */
	bool stop_queued;
	/** the newest command only moves the pointer: the next motion may take its place */
	bool tail_is_motion;
};

/** What a front has not seen yet: first `copies` in order, then everything inside
 *  `dirty` from the canvas. */
struct pending_picture {
	struct picture_copy copies[COPIES_MAX];
	unsigned n_copies;
	pixman_region32_t dirty;
	uint64_t newest_us;
	uint64_t frame_began_us; /**< first change since the last session_frame; 0: none */
};

struct timeline_entry {
	uint64_t time_us;
	char *json;
};

struct session {
	/* constant after session_create */
	int broker_fd, wake_fd, front_fd, back_fd;
	char *id;
	uint32_t handshake_deadline_ms, max_width_px, max_height_px;
	const struct back_ops *const *backs;
	GThread *link_thread;

	/** Guards what follows; notified of answers, recorder states, the end, and the back's
	 *  return. */
	struct monitor monitor;

	bool stopping; /**< session_destroy: the link thread returns */
	bool gateway_lost;
	enum end_reason end_reason;
	char *end_detail, *end_words;

	unsigned front_flags;
	char *title;		 /**< what session_title wrote last; NULL: nothing */
	uint64_t title_due_us;	 /**< one a second brings it up to now; ahead of now by the burst */
	unsigned titles_skipped; /**< since then */

	char *message; /**< supervisor's text */
	uint64_t message_until_us;

	enum question_state nla, login;
	struct broker_nla_answer nla_answer;
	struct broker_login_answer login_answer;

	struct session_view view;
	enum dial_state dial;
	uint64_t dialled_us;
	struct broker_dial_answer granted;
	const struct back_ops *back;
	struct back_target target;
	GThread *back_thread;
	bool back_returned;

	struct recorder_side recorder;
	GQueue timeline; /**< of struct timeline_entry *: not yet in a ring */

	struct ring_writer *writer; /**< NULL before the first size */
	bool running;		    /**< the first canvas is recorded */
	bool running_told;
	uint32_t width, height; /**< what fronts know */
	struct pending_picture pending;

	struct keyboard *keyboard;
	struct input_side input;

	bool has_cursor;
	struct cursor_shape cursor;
	int32_t pointer_x, pointer_y;
	bool pointer_visible;

	char *target_clipboard;
};

/* ---- session.c ---- */
void session_end_locked(struct session *session, enum end_reason reason, const char *detail);
void front_raise_locked(struct session *session, unsigned flags);
/** What session_notice gives has changed: tells the front, and the timeline, because the viewer
 *  sees it and the recorded picture does not show it. */
void session_notice_changed_locked(struct session *session);
/** Makes an eventfd readable / unreadable. */
void event_set(int fd);
void event_clear(int fd);

/* ---- session_link.c ---- */
/** Sends to the gateway; -EINVAL when a field breaks its limit, otherwise as link_send. */
int broker_send_locked(struct session *session, enum broker_type type, const void *message);
void *session_link_thread(void *session);

/* ---- session_dial.c ---- */
void session_dial_answer_locked(struct session *session, struct broker_dial_answer *answer);
/** Takes `fd`. */
void session_target_socket_locked(struct session *session, int fd);

/* ---- session_recorder.c ---- */
/** Takes `fd`: a new link to the recorder. */
void session_recorder_link_locked(struct session *session, int fd);
/** One message, or the link's end, when `result` < 0. */
void session_recorder_heard_locked(struct session *session, int result,
				   const struct packet *packet);
/** Offers the current canvas if there are a link and a canvas. */
void session_offer_canvas_locked(struct session *session);
/** The one place that decides about loss: freezes, thaws, or ends the session. Call after anything
 *  about the recorder changed and when session_recorder_due_us says so. */
void session_recorder_decide_locked(struct session *session);
/** When to call it again at the latest; UINT64_MAX: when something happens. */
uint64_t session_recorder_due_us(const struct session *session);
bool session_frozen_locked(const struct session *session);

/* ---- session_timeline.c ---- */
void timeline_put_locked(struct session *session, const char *json);
/** Takes the object. */
struct json_t;
void timeline_put_json_locked(struct session *session, struct json_t *object);
/** Writes what waits; false when some still waits. */
bool timeline_flush_locked(struct session *session);
void timeline_clear_locked(struct session *session);

/* ---- session_picture.c ---- */
void session_repaint_locked(struct session *session, const struct rect *r);

/* ---- session_take.c ---- */
void pending_init(struct pending_picture *pending);
void pending_finish(struct pending_picture *pending);
void pending_paint(struct pending_picture *pending, const struct rect *r);
bool pending_waits(const struct pending_picture *pending);
void pending_copy(struct pending_picture *pending, const struct rect *to, uint32_t from_x,
		  uint32_t from_y);
/** Everything of a picture of this size, nothing else. */
void pending_reset(struct pending_picture *pending, uint32_t width, uint32_t height);

/* ---- shadow.c ---- */
/** Moves a rectangle inside one picture; both places may overlap. */
void pixels_move(uint8_t *pixels, size_t stride_bytes, const struct rect *to, uint32_t from_x,
		 uint32_t from_y);
void pixels_copy(uint8_t *dst, size_t dst_stride_bytes, const uint8_t *src, size_t src_stride_bytes,
		 const struct rect *r);

/* ---- session_input.c ---- */
bool session_takes_input_locked(const struct session *session);
void session_release_input_locked(struct session *session);

/* ---- session_commands.c ---- */
/** False when the queue is full (a back that does not listen); nothing was queued then. */
bool command_push_locked(struct session *session, const struct back_command *command);
/** A motion without a change of buttons or wheel. */
void command_push_motion_locked(struct session *session, const struct back_command *command);
/** For what must arrive: releases and the stop. */
void command_force_locked(struct session *session, const struct back_command *command);
void commands_clear_locked(struct session *session);

/* ---- session_cursor.c ---- */
/** Tells the ring where the cursor is and what it looks like, as far as it has room. */
void cursor_flush_locked(struct session *session);
void cursor_place_locked(struct session *session, int32_t x, int32_t y, bool visible);
