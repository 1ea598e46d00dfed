/* Options and words on the terminal: what a command needs without an installation around it. It
 * must not know configuration or database. */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

void cli_say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	fprintf(stderr, "vitrine: %s\n", text);
}

int cli_fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	cli_say("%s", text);
	return CLI_FAILED;
}

/* "vitrine user add", or the program that has but one command. */
static char *program_name(const struct cli *cli)
{
	const struct command *command = cli->command;

	if (cli->program != NULL)
		return g_strdup(cli->program);
	return command->verb == NULL
		       ? g_strdup_printf("vitrine %s", command->group)
		       : g_strdup_printf("vitrine %s %s", command->group, command->verb);
}

static GOptionContext *options_of(struct cli *cli)
{
	if (cli->options == NULL)
		cli->options = g_option_context_new(cli->command->arguments);
	return cli->options;
}

void cli_add_options(struct cli *cli, const GOptionEntry *entries)
{
	g_option_context_add_main_entries(options_of(cli), entries, NULL);
}

bool cli_parse(struct cli *cli, const GOptionEntry *entries, int least, int most, int *argc,
	       char ***argv)
{
	g_autofree char *config_path = NULL;
	const GOptionEntry common[] = {
		{"config", 'c', 0, G_OPTION_ARG_FILENAME, &config_path,
		 "Configuration file (" CONFIG_DEFAULT_PATH ")", "FILE"},
		{0},
	};
	g_autofree char *program = program_name(cli);
	g_autoptr(GOptionContext) context = options_of(cli);
	g_autoptr(GError) error = NULL;

	cli->options = NULL;
	g_set_prgname(program);
	g_option_context_set_summary(context, cli->command->summary);
	if (entries != NULL)
		g_option_context_add_main_entries(context, entries, NULL);
	if (cli->program == NULL)
		g_option_context_add_main_entries(context, common, NULL);
	if (!g_option_context_parse(context, argc, argv, &error)) {
		cli_say("%s (see %s --help)", error->message, program);
		return false;
	}
	/* One behind the command counts more than one in front of it. */
	if (config_path != NULL) {
		g_free(cli->config_path);
		cli->config_path = g_steal_pointer(&config_path);
	}
	--*argc;
	++*argv;
	if (*argc > 0 && strcmp((*argv)[0], "--") == 0) {
		--*argc;
		++*argv;
	}
	if (*argc >= least && *argc <= most)
		return true;
	cli_say("usage: %s [OPTION...] %s (see %s --help)", program, cli->command->arguments,
		program);
	return false;
}

char *cli_time(uint64_t utc_us)
{
	if (utc_us == 0)
		return g_strdup("-");
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc((gint64)(utc_us / 1000000u));
	return time != NULL ? g_date_time_format(time, "%Y-%m-%d %H:%M:%S") : g_strdup("?");
}
