/** What all daemons have in common: options, start-up trouble in one line, signals,
 *  sd_notify, the main loop.
 *
 *  A program describes itself and calls daemon_main from main. */
#pragma once

#include "base/config.h"

#include <glib.h>

/** Called once everything has ended, also at once from within `stop`; the main loop then
 *  returns. */
typedef void (*daemon_stopped)(void *user_data);

struct daemon {
	const char *program; /**< "vitrine-gateway" */
	const char *summary; /**< one sentence for --help */

	/** Whether the configuration has what this program needs; also what --check-config asks, so
	 *  it opens nothing. False and an error. */
	bool (*check)(const struct config *config, GError **error);
	/** Makes everything ready to serve; `config` lives until after destroy. NULL and an
	 *  error, told in one line. */
	void *(*create)(const struct config *config, GError **error);
	/** SIGTERM or SIGINT came: end in order, then call `stopped`. Called once, on the main
	 *  loop. */
	void (*stop)(void *instance, daemon_stopped stopped, void *user_data);
	void (*destroy)(void *instance);
};

/** Parses options, serves until a signal ends it. Returns main's exit status: 0 after an
 *  ordered end. Main thread. */
int daemon_main(const struct daemon *daemon, int argc, char **argv);
