/* Statements about commands to running sessions. The trigger on the table tells the node; this file
 * only writes and takes. */
#include "sql/db_query.h"
#include "sql/session_store.h"

void session_command_free(struct session_command *command)
{
	if (command == NULL)
		return;
	g_free(command->session_id);
	g_free(command->kind);
	g_free(command->reason);
	g_free(command->by);
	g_free(command);
}

static gpointer read_command(struct db_row *row)
{
	struct session_command *command = g_new0(struct session_command, 1);

	command->number = row_u64(row);
	command->session_id = row_text(row);
	command->kind = row_text(row);
	command->reason = row_text(row);
	command->by = row_text(row);
	command->created_utc_us = row_u64(row);
	return command;
}

bool session_store_terminate(struct db *db, const char *id, const char *reason, const char *by,
			     GError **error)
{
	struct db_params params = {0};

	param_text(&params, id);
	param_name(&params, reason);
	param_name(&params, by);
	return db_do(db, "order a session's end",
		     "INSERT INTO session_command (session_id, kind, reason, by_login)"
		     " SELECT id, 'terminate', $2, $3 FROM session"
		     " WHERE id = $1::uuid AND state <> 'ended'",
		     &params, ROWS_ONE, NULL, error);
}

bool session_store_take_commands(struct db *db, const char *node, GPtrArray **ret, GError **error)
{
	struct db_params params = {0};

	param_text(&params, node);
	PGresult *result = db_say(
		db, "take commands",
		"WITH taken AS (UPDATE session_command c SET taken_at = now() FROM session s"
		"  WHERE s.id = c.session_id AND s.node = $1 AND c.taken_at IS NULL"
		"  RETURNING c.number, c.session_id, c.kind, c.reason, c.by_login, c.created_at)"
		" SELECT number, session_id, kind, reason, by_login, utc_us(created_at)"
		" FROM taken ORDER BY number",
		&params, ROWS_ANY, error);
	if (result == NULL)
		return false;
	*ret = rows_take(result, read_command, (GDestroyNotify)session_command_free);
	return true;
}
