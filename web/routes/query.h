/** Query parameters as numbers and texts, within bounds. */
#pragma once

#include "web/routes/route.h"

/** The parameter, or NULL when it is absent or empty. */
const char *query_text(const struct route_call *call, const char *name);

/** A decimal number up to `max`; `fallback` when absent. False: malformed, already answered with
 *  400. */
bool query_number(struct route_call *call, const char *name, uint64_t fallback, uint64_t max,
		  uint64_t *ret);
