/** Sessions as the page reads them. */
#pragma once

#include "sql/session_store.h"

#include <jansson.h>

/** New reference. Times in microseconds UTC; null for what has not happened. */
json_t *session_json(const struct session_row *row);
