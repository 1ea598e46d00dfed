/* From session_command rows to TERMINATE. It must not know who may order what: the web and the database have decided that. */
#include "gateway/command_listener.h"

#include "gateway/broker/note.h"
#include "sql/audit_store.h"
#include "sql/db_listener.h"
#include "sql/session_store.h"

#include <string.h>

struct command_listener {
	struct broker *broker;
	const struct broker_tools *tools;
	struct db_listener *listener;
};

struct take_job {
	char *node;
	GPtrArray *commands; /* struct session_command, or NULL */
};

/* The order itself was audited by whoever gave it; this record says that this gateway carries it out. */
static void write_down(struct db *db, const struct session_command *command)
{
	g_autofree char *detail =
		note_texts("kind", command->kind, "reason", command->reason, NULL);
	g_autoptr(GError) error = NULL;

	if (!audit_store_add(db, command->by, "session-cut", command->session_id, "", detail,
			     &error))
		g_warning("the end of session %s cannot be written down: %s", command->session_id,
			  error->message);
}

static void take(struct db *db, void *data)
{
	struct take_job *job = data;
	g_autoptr(GError) error = NULL;

	if (!session_store_take_commands(db, job->node, &job->commands, &error)) {
		g_warning("orders to sessions cannot be read: %s", error->message);
		return;
	}
	for (guint i = 0; i < job->commands->len; i++)
		write_down(db, job->commands->pdata[i]);
}

static void carry_out(void *data, void *user_data)
{
	struct take_job *job = data;
	struct broker *broker = user_data;

	for (guint i = 0; job->commands != NULL && i < job->commands->len; i++) {
		const struct session_command *command = job->commands->pdata[i];
		if (strcmp(command->kind, "terminate") != 0)
			g_warning("unknown order \"%s\" to session %s", command->kind,
				  command->session_id);
		else if (!broker_terminate(broker, command->session_id, END_TERMINATED,
					   command->reason, command->by))
			g_message("session %s to be ended is over already", command->session_id);
		else
			g_message("session %s is ended by %s", command->session_id, command->by);
	}
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
	job->node = g_strdup(node);
	jobs_push(listener->tools->lookups, job, take, carry_out);
}

struct command_listener *command_listener_create(struct broker *broker,
						 const struct broker_tools *tools)
{
	struct command_listener *listener = g_new0(struct command_listener, 1);
	const struct config_database *database = &tools->config->database;

	listener->broker = broker;
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
