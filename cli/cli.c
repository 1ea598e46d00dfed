/* What subcommands of an installation do: configuration, database, its errors in an operator's
 * words. It knows no subcommand. */
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
	if (!audit_store_add(cli->db, cli->actor, action, subject, NULL, text, error)) {
		db_rollback(cli->db);
		return false;
	}
	cli->begun_action = g_strdup(action);
	cli->begun_subject = g_strdup(subject);
	cli->begun_detail = g_steal_pointer(&text);
	return true;
}

static void record_refusal(struct cli *cli)
{
	g_autofree char *action = g_strconcat(cli->begun_action, "-refused", NULL);
	g_autoptr(GError) error = NULL;

	if (!audit_store_add(cli->db, cli->actor, action, cli->begun_subject, NULL,
			     cli->begun_detail, &error))
		cli_say("that it was refused is not in the audit trail: %s", error->message);
}

static void forget_begun(struct cli *cli)
{
	g_clear_pointer(&cli->begun_action, g_free);
	g_clear_pointer(&cli->begun_subject, g_free);
	g_clear_pointer(&cli->begun_detail, g_free);
}

bool cli_commit(struct cli *cli, bool ok, GError **error)
{
	bool kept = ok && db_commit(cli->db, error);

	if (!kept)
		db_rollback(cli->db);
	if (!ok && cli->begun_action != NULL)
		record_refusal(cli);
	forget_begun(cli);
	return kept;
}

bool cli_audit(struct cli *cli, const char *action, const char *subject, json_t *detail)
{
	g_autoptr(GError) error = NULL;
	bool ok = cli_begin(cli, action, subject, detail, &error);

	if (cli_commit(cli, ok, &error))
		return true;
	cli_say("the audit record cannot be written: %s", error->message);
	return false;
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
