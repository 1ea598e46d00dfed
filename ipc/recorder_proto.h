/** Recorder protocol, two links.
 *
 *  gateway <-> recorder, over the recorder's socket (one connection for all sessions). What the
 *  gateway knows reaches a recording this way and never through the session process:
 *
 *      OPEN + 1 fd   ----->           the recorder's end of the session link
 *                    <-----  OPENED   once per OPEN; with a reason also later, for a recording
 *                                     that the recorder ends (full store, lying canvas)
 *      EVENT         ----->
 *                    <-----  TAKEN    once per EVENT; for a CLOSE when there is nothing to close
 *      CLOSE         ----->           why the session ended
 *                    <-----  SEALED   once per recording, when it is closed for ever
 *                    <-----  STORAGE  at connect and whenever it changes
 *
 *  The gateway keeps an EVENT until TAKEN and a CLOSE until SEALED and says them again on a new
 *  connection: what a killed recorder had in its hands is not lost. Either also takes up a
 *  recording that a recorder before left open.
 *
 *  session <-> recorder, over that session link:
 *
 *      CANVAS + 2 fds ---->           sealed memfd, doorbell eventfd; a resize sends a new one
 *                    <-----  CANVAS_READY
 *
 *  Pictures, cursor and events travel in the canvas's ring (recorder/ring/ring_layout.h). End of
 *  file on the session link means the session process is gone; CLOSE from the gateway says why.
 *  After a restart of the recorder the gateway sends OPEN again with resume = 1 and the session
 *  offers its canvas again. */
#pragma once

#include "ipc/message.h"

enum recorder_type {
	RECORDER_OPEN = 1,
	RECORDER_EVENT,
	RECORDER_CLOSE,
	RECORDER_CANVAS,
	RECORDER_OPENED = 32,
	RECORDER_SEALED,
	RECORDER_STORAGE,
	RECORDER_CANVAS_READY,
	RECORDER_TAKEN,
};

struct recorder_open {
	char *session_id;
	uint32_t resume; /**< 1: this recording was open before the recorder went away */
	char *user;	 /**< canonical login name */
	char *viewer_address, *viewer_name;
	char *target, *target_address, *account;
	char *front, *back; /**< "rdp" or "vnc" */
	char *door;	    /**< "password", "nla-ticket" */
	char *node;
	char *quality; /**< "evidence", "standard", "economy"; empty: the recorder's own default */
	uint64_t opened_utc_us;
	char *keys; /**< "on", "off", "sealed": to the certificate for keystrokes; empty: on */
};
#define RECORDER_KEYS_SEALED "sealed"

struct recorder_opened {
	char *session_id;
	uint32_t reason; /**< END_NONE: recording; END_STORAGE_FULL, END_RECORDER_LOST: refused */
	char *detail;
};

#define RECORDER_EVENT_MAX_BYTES 8192u
struct recorder_event {
	char *session_id;
	char *json; /**< one JSON object: {"type": "...", ...}; the recorder adds time and origin */
	uint64_t number; /**< comes back in TAKEN */
};

struct recorder_close {
	char *session_id;
	uint32_t reason; /**< enum end_reason */
	char *detail;
	uint64_t number; /**< comes back in TAKEN, if that is the answer */
};

struct recorder_taken {
	char *session_id;
	uint64_t number;
	/** 1: the line stands in the recording's file; 0: it never will, the recording is over, or
	 *  was never here. */
	uint32_t written;
};

struct recorder_sealed {
	char *session_id;
	uint32_t ok; /**< 0: see detail */
	char *detail;
	char *head; /**< chain head in hex */
	uint64_t frames, bytes, duration_us;
};

struct recorder_storage {
	uint64_t free_bytes;
	uint32_t accepting; /**< 0: below the reserve, new sessions must be refused */
};

struct recorder_canvas {
	uint32_t width_px, height_px;
	uint64_t memfd_bytes;
};

struct recorder_canvas_ready {
	uint32_t reason; /**< END_NONE or why this canvas is not recorded */
};

/** The layout of a message; NULL when there is no such type. */
const struct message_type *recorder_message_type(uint16_t number);
extern const struct message_type recorder_types[];
extern const unsigned recorder_n_types;
