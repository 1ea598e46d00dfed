/** What the gateway tidies up by itself, at its start and then each hour: one-time passwords that
 *  are spent for longer than a day. */
#pragma once

#include "gateway/jobs.h"

struct housekeeping;

/** Begins at once. `lookups` is borrowed and must outlive this. Main loop only. */
struct housekeeping *housekeeping_create(struct jobs *lookups);
/** NULL is fine. */
void housekeeping_destroy(struct housekeeping *housekeeping);
