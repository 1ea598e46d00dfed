/* From session_command rows to TERMINATE. It must not know who may order what: the web and the
 * database have decided that. */
#include "gateway/command_listener.h"

#include "gateway/broker/note.h"
#include "sql/db_listener.h"
#include "sql/session_store.h"

#include <string.h>

struct command_listener {
	const struct broker_tools *tools;
	struct db_listener *listener;
};

/* Outlives the listener when the gateway stops meanwhile. */
struct take_job {
	struct journal *journal;
	char *node;
	GPtrArray *commands; /* struct session_command, or NULL */
};

static void take(struct db *db, void *data)
{
	struct take_job *job = data;
	g_autoptr(GError) error = NULL;

	if (!session_store_take_commands(db, job->node, &job->commands, &error))
		g_warning("orders to sessions cannot be read: %s", error->message);
}

/* The order itself was audited by whoever gave it; this record says that this gateway carried it
 * out. It comes after the cut: a supervisor who ends a session does not wait for a disk. */
static void write_down(struct journal *journal, const struct session_command *command)
{
	g_autofree char *detail =
		note_texts("kind", command->kind, "reason", command->reason, NULL);

	journal_audit(journal, command->by, "session-cut", command->session_id, "", detail);
}

static void carry_out(struct broker *broker, struct journal *journal,
		      const struct session_command *command)
{
	if (strcmp(command->kind, "terminate") != 0) {
		g_warning("unknown order \"%s\" to session %s", command->kind, command->session_id);
	} else if (!broker_terminate(broker, command->session_id, END_TERMINATED, command->reason,
				     command->by)) {
		g_message("session %s to be ended is over already", command->session_id);
	} else {
		g_message("session %s is ended by %s", command->session_id, command->by);
		write_down(journal, command);
	}
}

static void taken(void *data, void *user_data)
{
	struct take_job *job = data;

	for (guint i = 0; job->commands != NULL && i < job->commands->len; i++)
		carry_out(user_data, job->journal, job->commands->pdata[i]);
	if (job->commands != NULL)
		g_ptr_array_unref(job->commands);
	g_free(job->node);
	g_free(job);
}

static void notified(const char *payload, void *user_data)
{
	struct command_listener *listener = user_data;
	const char *node = listener->tools->config->node;

	if (payload != NULL && strcmp(payload, node) != 0)
		return;
	struct take_job *job = g_new0(struct take_job, 1);
	job->journal = listener->tools->journal;
	job->node = g_strdup(node);
	jobs_push(listener->tools->lookups, job, take, taken);
}

struct command_listener *command_listener_create(const struct broker_tools *tools)
{
	struct command_listener *listener = g_new0(struct command_listener, 1);
	const struct config_database *database = &tools->config->database;

	listener->tools = tools;
	listener->listener =
		db_listener_create(database->conninfo, database->gateway_role, "vitrine-gateway",
				   DB_CHANNEL_COMMAND, NULL, notified, listener);
	return listener;
}

void command_listener_destroy(struct command_listener *listener)
{
	if (listener == NULL)
		return;
	db_listener_destroy(listener->listener);
	g_free(listener);
}
