/** What the subcommands of `vitrine log` share. */
#pragma once

#include "cli/cli.h"

/** The store that an option names, or the configuration's. NULL: said why. Borrowed. */
const char *log_store_dir(struct cli *cli, const char *option);

/** Adds --store to the options that cli_parse takes; `*ret` stays NULL without it. */
void log_add_store_option(struct cli *cli, char **ret);

/** `vitrine log verify`. */
int run_log_verify(struct cli *cli, int argc, char **argv);
