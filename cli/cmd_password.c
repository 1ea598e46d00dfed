/* vitrine password: passwords nobody has to think up. It stores nothing. */
#include "base/password.h"
#include "base/secret.h"
#include "cli/cli.h"

#include <stdio.h>

#define LENGTH_MIN_CHARACTERS 12
#define LENGTH_MAX_CHARACTERS 128

static int run_generate(struct cli *cli, int argc, char **argv)
{
	int length = 20;
	const GOptionEntry entries[] = {
		{"length", 'n', 0, G_OPTION_ARG_INT, &length, "How many characters (20)", "N"},
		{0},
	};

	if (!cli_parse(cli, entries, 0, 0, &argc, &argv))
		return CLI_USAGE;
	if (length < LENGTH_MIN_CHARACTERS || length > LENGTH_MAX_CHARACTERS) {
		cli_say("--length must be %d to %d", LENGTH_MIN_CHARACTERS, LENGTH_MAX_CHARACTERS);
		return CLI_USAGE;
	}
	autosecret password = password_generate((unsigned)length);
	printf("%s\n", password);
	return CLI_OK;
}

const struct command password_commands[] = {
	{"password", "generate", "", "Print a random password", run_generate},
	{0},
};
