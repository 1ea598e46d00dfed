/* `vitrine-verify`: the one command of `vitrine` that a stranger needs, without libraries and
 * without an installation. */
#include "base/secret.h"
#include "cli/cli.h"

#include <locale.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	struct cli cli = {.command = verify_commands, .program = "vitrine-verify"};

	setlocale(LC_CTYPE, "C.UTF-8");
	if (secret_init() != 0)
		return cli_fail("cannot start libsodium");
	int status = cli.command->run(&cli, argc, argv);
	if (fflush(stdout) != 0 && status == CLI_OK)
		return cli_fail("cannot write the output");
	return status;
}
