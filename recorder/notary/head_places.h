/** Places outside the node where heads of the log are told. Each call blocks until it is done or
 *  failed. Private to recorder/notary. */
#pragma once

#include "base/config.h"

struct head_place {
	const char *name; /**< for logs: "syslog" */
	/** NULL or empty: this place is not configured. */
	const char *(*address)(const struct config_log *settings);
	/** `line` without a newline. `stop` (atomic) ends a wait for the network. */
	bool (*tell)(const struct config_log *settings, const char *line, const bool *stop,
		     GError **error);
};
extern const struct head_place head_places[];
extern const unsigned n_head_places;
#define HEAD_PLACES_MAX 3u
