/* vitrine migrate: brings the database to the schema of this version. */
#include "cli/cli.h"
#include "sql/migrate.h"

#include <stdio.h>

static void report(const char *name, void *user_data)
{
	printf("applied %s\n", name);
	fflush(stdout);
}

static int run_migrate(struct cli *cli, int argc, char **argv)
{
	g_autofree char *database = NULL;
	const GOptionEntry entries[] = {
		{"database", 'd', 0, G_OPTION_ARG_STRING, &database,
		 "Where, and as whom, instead of database.conninfo: \"host=... dbname=... "
		 "user=...\"",
		 "CONNINFO"},
		{0},
	};
	g_autoptr(GError) error = NULL;
	uint32_t applied = 0;

	if (!cli_parse(cli, entries, 0, 0, &argc, &argv))
		return CLI_USAGE;
	if (database == NULL && !cli_load_config(cli))
		return CLI_FAILED;
	if (!migrate_run(database != NULL ? database : cli->config->database.conninfo, report, NULL,
			 &applied, &error))
		return cli_fail("%s", error->message);
	printf("the schema is at version %u%s\n", n_migrations, applied == 0 ? " already" : "");
	return CLI_OK;
}

const struct command migrate_commands[] = {
	{"migrate", NULL, "", "Bring the database to this version's schema", run_migrate},
	{0},
};
