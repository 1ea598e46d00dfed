/** Watches over freerdp_connect, which blocks for as long as a target is silent: ends it at a
 *  deadline, or at once on BACK_STOP. */
#pragma once

#include "gateway/session/session.h"

#include <freerdp/freerdp.h>

enum rdp_guard_outcome {
	RDP_GUARD_QUIET,   /**< never had to act */
	RDP_GUARD_STOPPED, /**< BACK_STOP came */
	RDP_GUARD_LATE,	   /**< the deadline passed */
};

struct rdp_guard;

/** Starts a thread that reads the session's back commands until rdp_guard_finish: nobody else
 *  may read them meanwhile.
 *  socket_fd  the target's connection; duplicated, so that it can be shut down whoever owns it by
 *             then
 *  Returns NULL with errno set when descriptors or threads are out. */
struct rdp_guard *rdp_guard_start(struct session *session, rdpContext *context, int socket_fd,
				  uint32_t deadline_ms);

/** Joins the thread and frees the guard. Input that came too early is dropped; the newest size and
 *  clipboard text are kept. ret_size, ret_clipboard kind is 0 when none came; clipboard text is
 *  the caller's (g_free) */
enum rdp_guard_outcome rdp_guard_finish(struct rdp_guard *guard, struct back_command *ret_size,
					struct back_command *ret_clipboard);
