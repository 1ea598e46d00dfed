/* What all subcommands do: options, configuration, database, errors in an operator's words. It knows no subcommand. */
#include "cli/cli.h"

#include "sql/audit_store.h"
#include "sql/user_store.h"

#include <errno.h>
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

static char *command_name(const struct command *command)
{
	return command->verb == NULL ? g_strdup(command->group)
				     : g_strdup_printf("%s %s", command->group, command->verb);
}

bool cli_parse(struct cli *cli, const GOptionEntry *entries, int least, int most, int *argc,
	       char ***argv)
{
	const GOptionEntry common[] = {
		{"config", 'c', 0, G_OPTION_ARG_FILENAME, &cli->config_path,
		 "Configuration file (" CONFIG_DEFAULT_PATH ")", "FILE"},
		{0},
	};
	g_autofree char *name = command_name(cli->command);
	g_autofree char *program = g_strdup_printf("vitrine %s", name);
	g_autoptr(GOptionContext) context = g_option_context_new(cli->command->arguments);
	g_autoptr(GError) error = NULL;

	g_set_prgname(program);
	g_option_context_set_summary(context, cli->command->summary);
	if (entries != NULL)
		g_option_context_add_main_entries(context, entries, NULL);
	g_option_context_add_main_entries(context, common, NULL);
	if (!g_option_context_parse(context, argc, argv, &error)) {
		cli_say("%s (see vitrine %s --help)", error->message, name);
		return false;
	}
	--*argc;
	++*argv;
	if (*argc > 0 && strcmp((*argv)[0], "--") == 0) {
		--*argc;
		++*argv;
	}
	if (*argc >= least && *argc <= most)
		return true;
	cli_say("usage: vitrine %s [OPTION...] %s (see vitrine %s --help)", name,
		cli->command->arguments, name);
	return false;
}

bool cli_load_config(struct cli *cli)
{
	g_autoptr(GError) error = NULL;

	if (cli->config != NULL)
		return true;
	cli->config = config_load(cli->config_path != NULL ? cli->config_path : CONFIG_DEFAULT_PATH,
				  &error);
	if (cli->config != NULL)
		return true;
	cli_say("%s%s", error->message,
		cli->config_path == NULL ? "; name another file with --config" : "");
	return false;
}

bool cli_open_db(struct cli *cli)
{
	g_autoptr(GError) error = NULL;

	if (cli->db != NULL)
		return true;
	if (!cli_load_config(cli))
		return false;
	const struct config_database *database = &cli->config->database;
	cli->db = db_open(database->conninfo, database->admin_role, "vitrine", &error);
	if (cli->db != NULL)
		return true;
	cli_say("%s", error->message);
	if (strstr(error->message, "eer authentication failed") != NULL)
		cli_say("the server does not take this user for %s: run the command as the user "
			"that"
			" pg_ident.conf maps to it, usually root",
			database->admin_role);
	return false;
}

bool cli_begin(struct cli *cli, const char *action, const char *subject, json_t *detail,
	       GError **error)
{
	g_autofree char *text = detail != NULL ? json_dumps(detail, JSON_COMPACT) : NULL;

	json_decref(detail);
	if (!db_begin(cli->db, error))
		return false;
	if (audit_store_add(cli->db, cli->actor, action, subject, NULL, text, error))
		return true;
	db_rollback(cli->db);
	return false;
}

bool cli_commit(struct cli *cli, bool ok, GError **error)
{
	if (ok)
		ok = db_commit(cli->db, error);
	if (!ok)
		db_rollback(cli->db);
	return ok;
}

int cli_explain(const GError *error, const char *noun, const char *name)
{
	if (g_error_matches(error, DB_ERROR, DB_ERROR_CONFLICT))
		return cli_fail("%s '%s' exists already", noun, name);
	if (g_error_matches(error, DB_ERROR, DB_ERROR_MISSING))
		return cli_fail("%s '%s' does not exist", noun, name);
	if (g_error_matches(error, DB_ERROR, DB_ERROR_INVALID))
		return cli_fail("%s '%s' is refused: names have %s (%s)", noun, name, NAME_RULE,
				error->message);
	return cli_fail("%s", error->message);
}

char *cli_time(uint64_t utc_us)
{
	if (utc_us == 0)
		return g_strdup("-");
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc((gint64)(utc_us / 1000000u));
	return time != NULL ? g_date_time_format(time, "%Y-%m-%d %H:%M:%S") : g_strdup("?");
}
