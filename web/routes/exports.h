/** What the routes about exports share. */
#pragma once

#include "sql/export_store.h"
#include "web/routes/route.h"

/** The job that the path names; NULL: already answered. */
struct export_row *exports_find(struct route_call *call);
/** Whether this login may take keys and other events out (export.timelines). */
bool exports_may_have_timelines(const struct route_call *call);
