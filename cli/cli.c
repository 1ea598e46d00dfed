/* What subcommands of an installation do: configuration, database, its errors in an operator's words. It knows no subcommand. */
#include "cli/cli.h"

#include "sql/audit_store.h"
#include "sql/user_store.h"

#include <string.h>

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
