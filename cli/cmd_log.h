/** What the subcommands of `vitrine log` share. */
#pragma once

#include "cli/cli.h"

/** The store that an option names, or the configuration's. NULL: said why. Borrowed. */
const char *log_store_dir(struct cli *cli, const char *option);

#define LOG_STORE_OPTION(variable)                                                                 \
	{                                                                                          \
		"store", 's', 0, G_OPTION_ARG_FILENAME, &(variable),                               \
			"The recorder's store (default: recorder.store_dir)", "DIR"                \
	}

/** `vitrine log verify`. */
int run_log_verify(struct cli *cli, int argc, char **argv);
