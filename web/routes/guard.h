/** Looks now and then whether those who watch still may: a login can expire, be ended or lose its
 *  role while a stream runs. */
#pragma once

#include "web/routes/web.h"

struct guard;

/** Starts looking, from the main loop; the database is asked on a thread of its own. */
struct guard *guard_create(struct web *web);
/** Waits for a look under way. NULL is fine. */
void guard_destroy(struct guard *guard);
