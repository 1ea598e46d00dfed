/** A front: the side towards the viewer, one per protocol (gateway/rdp/rdp_front.c,
 *  gateway/vnc/vnc_front.c).
 *
 *  A front owns the main thread of vitrine-session. It talks to the core only through
 *  gateway/session/session.h. */
#pragma once

#include "gateway/session/session.h"

struct front_ops {
	const char *name; /**< "rdp" or "vnc" */

	/** Loads libraries and tables, before the sandbox and before any thread. May open files.
	 *  Returns 0 or -errno (logged by itself). */
	int (*prepare)(void);

	/** Serves one viewer on `viewer_fd` (taken) from its first byte to its last; returns when
	 *  the session is over, never before session_end was called (by either side). Main
	 *  thread, inside the sandbox. */
	void (*run)(struct session *session, int viewer_fd, const struct session_start *start);
};

extern const struct front_ops rdp_front, vnc_front;
