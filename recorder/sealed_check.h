/** Plays sealed recordings again, when the machine has nothing better to do: first segment, last, and a random one between them. Frames are counted against the
 *  chain, and somewhere something must be brighter than black. The outcome goes into the recording's row; one that fails is an alarm there. */
#pragma once

#include "recorder/index.h"

#include <stdatomic.h>

struct sealed_check;

/** A thread of its own, scheduled as SCHED_IDLE. `store_dir` is copied, `index` borrowed. */
struct sealed_check *sealed_check_create(const char *store_dir, struct index *index);
/** What waits is dropped, what is being played is left. NULL is fine. */
void sealed_check_destroy(struct sealed_check *check);

/** This recording was sealed. Any thread. */
void sealed_check_add(struct sealed_check *check, const char *session_id);

/** What the thread does with one; tests call it. "passed", "failed", or "skipped": it cannot be read (encrypted to a key that is not here) or was stopped.
 *  `ret_detail` says why, empty when it passed; g_free it. `stopped` may be NULL. */
const char *sealed_check_run(const char *store_dir, const char *session_id, atomic_bool *stopped,
			     char **ret_detail);
