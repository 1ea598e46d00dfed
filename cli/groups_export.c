/* The commands of vitrine-export, which `vitrine` starts: those that make evidence files
 * and the page about them. */
#include "cli/cli.h"

const struct command *const cli_groups[] = {
	export_commands,
	certificate_commands,
	redact_commands,
	NULL,
};
