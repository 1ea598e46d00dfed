/** A back: the side towards the target, one per protocol (gateway/rdp/rdp_back.c,
 *  gateway/vnc/vnc_back.c).
 *
 *  The core runs it on a thread of its own. A back decodes into a private picture and hands what
 *  changed to session_paint / session_copy / session_fill; it takes input with
 *  session_back_next. */
#pragma once

#include "gateway/session/session.h"

enum back_keys {
	BACK_KEYS_SCANCODE, /**< wants struct key_event with KEY_SCANCODE or KEY_UNICODE (RDP) */
	BACK_KEYS_KEYSYM, /**< wants KEY_KEYSYM (VNC); the core translates by the viewer's layout */
};

/** What the gateway granted: lives as long as run() runs; wiped by the core afterwards. */
struct back_target {
	int fd;		  /**< connected socket; taken by run() */
	const char *host; /**< for SNI, SPN, certificate */
	uint16_t port;
	const char *account, *domain;
	char *password; /**< secret; the back wipes it (secret_wipe) as soon as the target has it */
	const char *certificate_sha256, *ca_pem;
	uint32_t security;	      /**< enum target_security */
	uint32_t width_px, height_px; /**< what the viewer would like */
	uint32_t keyboard_layout;     /**< Windows KLID of the viewer, 0 unknown */
};

struct back_ops {
	const char *name; /**< "rdp" or "vnc" */
	enum back_keys keys;

	/** As front_ops.prepare. */
	int (*prepare)(void);

	/** Connects and relays until the target is gone or BACK_STOP arrives. Every stage has a
	 *  deadline (silent targets exist).
	 *  ret_detail  what happened, for the log (g_malloc, no secrets), or NULL
	 *  Returns why it ended: END_TARGET_CLOSED, _CERTIFICATE, _LOGIN, _PROTOCOL, _UNREACHABLE,
	 *  or END_NONE after BACK_STOP.
	 *  Runs on the back thread. */
	enum end_reason (*run)(struct session *session, struct back_target *target,
			       char **ret_detail);
};

extern const struct back_ops rdp_back, vnc_back;
