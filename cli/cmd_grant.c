/* vitrine grant: which user may use which account on which target. */
#include "cli/cli.h"
#include "cli/table.h"
#include "sql/target_store.h"

#include <stdio.h>

static json_t *grant_detail(char **names)
{
	return json_pack("{s:s, s:s}", "target", names[1], "account", names[2]);
}

static int run_add(struct cli *cli, int argc, char **argv)
{
	g_autoptr(GError) error = NULL;

	if (!cli_parse(cli, NULL, 3, 3, &argc, &argv))
		return CLI_USAGE;
	if (!cli_open_db(cli))
		return CLI_FAILED;
	bool ok = cli_begin(cli, "grant-add", argv[0], grant_detail(argv), &error) &&
		  grant_store_add(cli->db, argv[0], argv[1], argv[2], &error);
	if (!cli_commit(cli, ok, ok ? &error : NULL))
		return cli_fail("%s", error->message);
	printf("%s may use account %s on %s\n", argv[0], argv[2], argv[1]);
	return CLI_OK;
}

static int run_list(struct cli *cli, int argc, char **argv)
{
	static const char *const headings[] = {"USER", "TARGET", "ACCOUNT", "SINCE", NULL};
	g_autofree char *login = NULL, *target = NULL;
	const GOptionEntry entries[] = {
		{"user", 'u', 0, G_OPTION_ARG_STRING, &login, "Only of this user", "LOGIN"},
		{"target", 't', 0, G_OPTION_ARG_STRING, &target, "Only on this target", "NAME"},
		{0},
	};
	g_autoptr(GPtrArray) grants = NULL;
	g_autoptr(GError) error = NULL;

	if (!cli_parse(cli, entries, 0, 0, &argc, &argv))
		return CLI_USAGE;
	if (!cli_open_db(cli))
		return CLI_FAILED;
	if (!grant_store_list(cli->db, login, target, &grants, &error))
		return cli_fail("%s", error->message);
	struct table *table = table_create(headings);
	for (unsigned i = 0; i < grants->len; i++) {
		const struct grant *grant = grants->pdata[i];
		g_autofree char *since = cli_time(grant->created_utc_us);
		table_add(table, grant->login);
		table_add(table, grant->target);
		table_add(table, grant->account);
		table_add(table, since);
	}
	table_print(table, "no grants: add one with vitrine grant add USER TARGET ACCOUNT");
	return CLI_OK;
}

static int run_remove(struct cli *cli, int argc, char **argv)
{
	g_autoptr(GError) error = NULL;

	if (!cli_parse(cli, NULL, 3, 3, &argc, &argv))
		return CLI_USAGE;
	if (!cli_open_db(cli))
		return CLI_FAILED;
	bool ok = cli_begin(cli, "grant-remove", argv[0], grant_detail(argv), &error) &&
		  grant_store_remove(cli->db, argv[0], argv[1], argv[2], &error);
	if (!cli_commit(cli, ok, ok ? &error : NULL)) {
		if (g_error_matches(error, DB_ERROR, DB_ERROR_MISSING))
			return cli_fail("%s was not granted account %s on %s", argv[0], argv[2],
					argv[1]);
		return cli_fail("%s", error->message);
	}
	printf("%s may not use account %s on %s any more; running sessions go on\n", argv[0],
	       argv[2], argv[1]);
	return CLI_OK;
}

const struct command grant_commands[] = {
	{"grant", "add", "USER TARGET ACCOUNT", "Let a user use an account on a target", run_add},
	{"grant", "list", "", "List who may go where", run_list},
	{"grant", "remove", "USER TARGET ACCOUNT", "Take a grant back", run_remove},
	{0},
};
