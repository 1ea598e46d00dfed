/* `vitrine` and vitrine-export: finds the subcommand and runs it. It knows the program's table of
 * commands, not what they do. */
#include "base/secret.h"
#include "cli/cli.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

static void print_help(FILE *out)
{
	fputs("Usage: vitrine [--config FILE] COMMAND [OPTION...] ...\n\n"
	      "Administers a Vitrine installation and verifies recordings.\n\nCommands:\n",
	      out);
	for (unsigned i = 0; cli_groups[i] != NULL; i++)
		for (const struct command *c = cli_groups[i]; c->group != NULL; c++) {
			g_autofree char *words =
				g_strdup_printf("%s%s%s %s", c->group, c->verb != NULL ? " " : "",
						c->verb != NULL ? c->verb : "", c->arguments);
			fprintf(out, "  %-40s %s\n", words, c->summary);
		}
	fputs("\nvitrine COMMAND --help tells its options. Passwords are asked for on the terminal "
	      "or read from\n"
	      "--password-fd; they are never taken from arguments or the environment.\n",
	      out);
}

static bool group_known(const char *word)
{
	for (unsigned i = 0; cli_groups[i] != NULL; i++)
		for (const struct command *c = cli_groups[i]; c->group != NULL; c++)
			if (strcmp(c->group, word) == 0)
				return true;
	return false;
}

static const struct command *find_command(int words, char **word)
{
	for (unsigned i = 0; cli_groups[i] != NULL; i++)
		for (const struct command *c = cli_groups[i]; c->group != NULL; c++)
			if (strcmp(c->group, word[0]) == 0 &&
			    (c->verb == NULL || (words > 1 && strcmp(c->verb, word[1]) == 0)))
				return c;
	return NULL;
}

static int refuse(int words, char **word)
{
	if (!group_known(word[0])) {
		cli_say("there is no command '%s': see vitrine --help", word[0]);
		return CLI_USAGE;
	}
	cli_say("'%s' needs one of:", word[0]);
	for (unsigned i = 0; cli_groups[i] != NULL; i++)
		for (const struct command *c = cli_groups[i]; c->group != NULL; c++)
			if (strcmp(c->group, word[0]) == 0)
				fprintf(stderr, "  vitrine %s %s %s\n", c->group, c->verb,
					c->arguments);
	return CLI_USAGE;
}

/* --config may stand before the command too. Returns how many words that took, -1
 * when a word is missing. */
static int leading_config(struct cli *cli, int argc, char **argv)
{
	if (argc < 2 || (strncmp(argv[1], "--config", 8) != 0 && strcmp(argv[1], "-c") != 0))
		return 0;
	if (argv[1][0] == '-' && argv[1][1] == '-' && argv[1][8] == '=') {
		cli->config_path = g_strdup(argv[1] + 9);
		return 1;
	}
	if (argc < 3)
		return -1;
	cli->config_path = g_strdup(argv[2]);
	return 2;
}

static int run(struct cli *cli, int argc, char **argv)
{
	int taken = leading_config(cli, argc, argv);

	argc -= taken;
	argv += taken;
	if (taken < 0 || argc < 2) {
		print_help(stderr);
		return CLI_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		print_help(stdout);
		return CLI_OK;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("vitrine " VITRINE_VERSION);
		return CLI_OK;
	}
	cli->command = find_command(argc - 1, argv + 1);
	if (cli->command == NULL)
		return refuse(argc - 1, argv + 1);
	int words = cli->command->verb != NULL ? 2 : 1;
	return cli->command->run(cli, argc - words, argv + words);
}

int main(int argc, char **argv)
{
	struct cli cli = {.actor = g_strdup_printf("os:%s", g_get_user_name())};

	if (setlocale(LC_ALL, "") == NULL || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		setlocale(LC_CTYPE, "C.UTF-8");
	if (secret_init() != 0)
		return cli_fail("cannot start libsodium");
	int status = run(&cli, argc, argv);
	db_close(cli.db);
	config_free(cli.config);
	g_free(cli.config_path);
	g_free(cli.actor);
	if (fflush(stdout) != 0 && status == CLI_OK)
		return cli_fail("cannot write the output");
	return status;
}
