/** Connecting to a target: name resolution and TCP, off the loop, with one deadline for
 *  both. Main loop only. */
#pragma once

#include <stdint.h>

struct dial;

/** Runs once, unless dial_cancel came first; the dial is gone afterwards.
 *  fd      connected, blocking, close-on-exec, the callee's; -1: it did not work
 *  detail  "connected to 192.0.2.9:3389", or what went wrong, for staff; borrowed */
typedef void (*dial_done)(int fd, const char *detail, void *user_data);

/** Begins to connect to `host` (a name or an address). `done` never runs from within this call.
 *  The result is valid until `done` or dial_cancel. */
struct dial *dial_start(const char *host, uint16_t port, uint32_t timeout_ms, dial_done done,
			void *user_data);
/** NULL is fine. */
void dial_cancel(struct dial *dial);
