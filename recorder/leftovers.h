/** Recordings that a recorder before us left open. They wait for their sessions for a while,
 *  then they are sealed as ended by fault. Main thread. */
#pragma once

#include "recorder/recovery.h"

struct leftovers;

/** Looks through the store and repairs what lies there. `services` is borrowed. */
struct leftovers *leftovers_create(const struct archive_services *services);
/** What still waits stays as it is, for the next start. NULL is fine. */
void leftovers_destroy(struct leftovers *leftovers);

bool leftovers_contains(const struct leftovers *leftovers, const char *session_id);
/** It is the caller's now (recovered_free). NULL: nothing of this session waits. */
struct recovered *leftovers_take(struct leftovers *leftovers, const char *session_id);
/** Nobody is waited for any more. */
void leftovers_seal_all(struct leftovers *leftovers);
