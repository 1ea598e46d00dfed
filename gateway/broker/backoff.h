/** Slows down guessing: after failed logins the next try from the same source for the same user
 *  waits longer before it is looked at.
 *
 *  A key is a source and a user together, so nobody can lock a user out from elsewhere, and a wrong
 *  name harms nobody. The table is bounded; a full one forgets what was used least
 *  recently. Main loop only. */
#pragma once

#include <stdint.h>

struct backoff;

/** For backoff_create: less than a megabyte when full. */
#define BACKOFF_ENTRIES_MAX 4096u
/** The wait begins at half a second and doubles with each failure, up to this. */
#define BACKOFF_LONGEST_US 10000000u
/** More than this much waiting in line: the try is refused without being looked at. */
#define BACKOFF_LINE_US 20000000u
/** After this long without a try the failures are forgotten. */
#define BACKOFF_FORGET_US 900000000u

#define BACKOFF_REFUSE UINT64_MAX

/** Remembers at most `max_entries` pairs. */
struct backoff *backoff_create(unsigned max_entries);
void backoff_destroy(struct backoff *backoff); /**< NULL is fine */

/** A try begins. Returns how many microseconds to wait before looking at the password (0 when
 *  nothing failed before), or BACKOFF_REFUSE. Tries of one key stand in line, so parallel
 *  connections gain nothing. */
uint64_t backoff_begin(struct backoff *backoff, const char *source, const char *user,
		       uint64_t now_us);

/** How the try ended that backoff_begin let through; success forgets the failures before it. A try
 *  that was never looked at needs neither. */
void backoff_failed(struct backoff *backoff, const char *source, const char *user, uint64_t now_us);
void backoff_succeeded(struct backoff *backoff, const char *source, const char *user);
