/** How long tests wait. Far above what anything takes, because a machine may be slow, busy, or
 *  both. */
#pragma once

#include <glib.h>

/** For what is sure to come: only where something is broken does a test wait as long, and then
 *  says what is missing. */
#define PATIENCE_MS 30000
#define PATIENCE_US (PATIENCE_MS * (gint64)1000)

/** For what must not wait for a deadline of the product's: it is over long before that,
 *  however slow the machine. */
#define PROMPT_US (10 * G_TIME_SPAN_SECOND)
