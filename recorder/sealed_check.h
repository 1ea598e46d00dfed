/** Plays sealed recordings again, when the machine has nothing better to do: first segment, last,
 *  and a random one between them. Frames are counted against the chain, and somewhere
 *  something must be brighter than black. The outcome goes into the recording's row; one that
 *  fails is an alarm there. */
#pragma once

#include "recorder/index.h"

#include "recorder/crypt/data_key.h"

#include <stdatomic.h>

struct sealed_check;

/** A thread of its own, scheduled as SCHED_IDLE. Begins with what an earlier start of the recorder
 *  left unchecked, as the rows say. `store_dir` is copied, `index` borrowed. Before anything is
 *  sealed. */
struct sealed_check *sealed_check_create(const char *store_dir, struct index *index);
/** What waits is left to the next start, and so is what is being played. NULL is fine. */
void sealed_check_destroy(struct sealed_check *check);

/** This recording was sealed. `data_keys`: its struct data_key by number - 1, NULL where one is
 *  lost; taken; the last anybody here has of them. `check` may be
 *  NULL. Any thread. */
void sealed_check_add(struct sealed_check *check, const char *session_id, GPtrArray *data_keys);

/** What the thread does with one; tests call it. "passed", "failed", or "skipped": it cannot be
 *  read (encrypted under a key that is lost) or was stopped.
 *  `ret_detail` says why, and what could not be looked at; else empty; g_free it. `data_keys` and
 *  `stopped` may be NULL. */
const char *sealed_check_run(const char *store_dir, const char *session_id,
			     const GPtrArray *data_keys, atomic_bool *stopped, char **ret_detail);
