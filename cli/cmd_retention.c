/* vitrine retention, and what holds or ends one recording: classes, legal holds, requests to
 * delete. The recorder deletes, not this program. */
#include "cli/cli.h"
#include "cli/table.h"
#include "sql/deletion_store.h"
#include "sql/retention_store.h"

#include <stdio.h>

#define GIB_BYTES (UINT64_C(1) << 30)

static int run_list(struct cli *cli, int argc, char **argv)
{
	static const char *const headings[] = {"CLASS",	  "KEPT FOR",	"AT MOST",
					       "TARGETS", "RECORDINGS", NULL};
	g_autoptr(GPtrArray) classes = NULL;
	g_autoptr(GError) error = NULL;

	if (!cli_parse(cli, NULL, 0, 0, &argc, &argv))
		return CLI_USAGE;
	if (!cli_open_db(cli))
		return CLI_FAILED;
	if (!retention_store_list(cli->db, &classes, &error))
		return cli_fail("%s", error->message);
	struct table *table = table_create(headings);
	for (unsigned i = 0; i < classes->len; i++) {
		const struct retention_class *class = classes->pdata[i];
		table_add(table, class->name);
		if (class->keep_days == 0)
			table_add(table, "ever");
		else
			table_add_format(table, "%" G_GUINT64_FORMAT " days", class->keep_days);
		if (class->max_bytes == 0)
			table_add(table, "any size");
		else
			table_add_format(table, "%" G_GUINT64_FORMAT " GiB a node",
					 class->max_bytes / GIB_BYTES);
		table_add_format(table, "%" G_GUINT64_FORMAT, class->targets);
		table_add_format(table, "%" G_GUINT64_FORMAT, class->recordings);
	}
	table_print(table, "no retention classes");
	return CLI_OK;
}

static int run_set(struct cli *cli, int argc, char **argv)
{
	int days = 0, gib = 0;
	const GOptionEntry entries[] = {
		{"days", 'd', 0, G_OPTION_ARG_INT, &days, "Delete when older; 0: never (default)",
		 "N"},
		{"max-gib", 'g', 0, G_OPTION_ARG_INT, &gib,
		 "Delete the oldest above this size on a node; 0: never (default)", "N"},
		{0},
	};
	g_autoptr(GError) error = NULL;

	if (!cli_parse(cli, entries, 1, 1, &argc, &argv))
		return CLI_USAGE;
	if (days < 0 || days > 36500 || gib < 0) {
		cli_say("--days must be 0 to 36500 and --max-gib not negative");
		return CLI_USAGE;
	}
	if (!cli_open_db(cli))
		return CLI_FAILED;
	bool ok = cli_begin(cli, "retention-set", argv[0],
			    json_pack("{s:i, s:i}", "days", days, "max_gib", gib), &error) &&
		  retention_store_set(cli->db, argv[0], (uint64_t)days, (uint64_t)gib * GIB_BYTES,
				      &error);
	if (!cli_commit(cli, ok, &error))
		return cli_explain(error, "retention class", argv[0]);
	printf("retention class %s is set; it counts for its old recordings, too\n", argv[0]);
	return CLI_OK;
}

static int run_remove(struct cli *cli, int argc, char **argv)
{
	g_autoptr(GError) error = NULL;

	if (!cli_parse(cli, NULL, 1, 1, &argc, &argv))
		return CLI_USAGE;
	if (!cli_open_db(cli))
		return CLI_FAILED;
	bool ok = cli_begin(cli, "retention-remove", argv[0], NULL, &error) &&
		  retention_store_remove(cli->db, argv[0], &error);
	if (cli_commit(cli, ok, &error)) {
		printf("retention class %s removed; its recordings are kept for ever\n", argv[0]);
		return CLI_OK;
	}
	if (g_error_matches(error, DB_ERROR, DB_ERROR_CONFLICT))
		return cli_fail("targets are still in class %s: see vitrine retention assign",
				argv[0]);
	return cli_explain(error, "retention class", argv[0]);
}

static int run_assign(struct cli *cli, int argc, char **argv)
{
	g_autoptr(GError) error = NULL;

	if (!cli_parse(cli, NULL, 2, 2, &argc, &argv))
		return CLI_USAGE;
	if (!cli_open_db(cli))
		return CLI_FAILED;
	bool ok = cli_begin(cli, "retention-assign", argv[0], json_pack("{s:s}", "class", argv[1]),
			    &error) &&
		  retention_store_assign(cli->db, argv[0], argv[1], &error);
	if (cli_commit(cli, ok, &error)) {
		printf("new sessions to %s are kept as class %s\n", argv[0], argv[1]);
		return CLI_OK;
	}
	if (g_error_matches(error, DB_ERROR, DB_ERROR_CONFLICT))
		return cli_fail("there is no retention class '%s': see vitrine retention list",
				argv[1]);
	return cli_explain(error, "target", argv[0]);
}

/* ---- One recording ---- */

static bool open_for(struct cli *cli, const char *session_id)
{
	if (g_uuid_string_is_valid(session_id))
		return cli_open_db(cli);
	cli_say("'%s' is no session id: see vitrine recording list", session_id);
	return false;
}

static int say_why(const GError *error, const char *missing, const char *session_id)
{
	if (g_error_matches(error, DB_ERROR, DB_ERROR_MISSING))
		return cli_fail("%s %s", missing, session_id);
	if (g_error_matches(error, DB_ERROR, DB_ERROR_INVALID))
		return cli_fail("the reason must have at most 500 characters on one line");
	return cli_fail("%s", error->message);
}

/* hold and request-deletion: a session's id and a reason. */
static int with_reason(struct cli *cli, int argc, char **argv, const char *action,
		       bool (*act)(struct db *db, const char *session_id, const char *reason,
				   const char *by, GError **error),
		       const char *done)
{
	g_autofree char *reason = NULL;
	const GOptionEntry entries[] = {
		{"reason", 'r', 0, G_OPTION_ARG_STRING, &reason, "Why; kept for good", "TEXT"},
		{0},
	};
	g_autoptr(GError) error = NULL;

	if (!cli_parse(cli, entries, 1, 1, &argc, &argv))
		return CLI_USAGE;
	if (reason == NULL || reason[0] == '\0') {
		cli_say("say why with --reason TEXT");
		return CLI_USAGE;
	}
	if (!open_for(cli, argv[0]))
		return CLI_FAILED;
	bool ok = cli_begin(cli, action, argv[0], json_pack("{s:s}", "reason", reason), &error) &&
		  act(cli->db, argv[0], reason, cli->actor, &error);
	if (!cli_commit(cli, ok, &error))
		return say_why(error, "there is no recording of session", argv[0]);
	puts(done);
	return CLI_OK;
}

static int run_hold(struct cli *cli, int argc, char **argv)
{
	return with_reason(cli, argc, argv, "recording-hold", deletion_store_hold,
			   "held: no limit and no request deletes it until it is released");
}

static int run_request(struct cli *cli, int argc, char **argv)
{
	return with_reason(cli, argc, argv, "recording-delete-request", deletion_store_request,
			   "requested: it is deleted when somebody else approves in the console");
}

static bool withdraw(struct db *db, const char *session_id, const char *by, GError **error)
{
	return deletion_store_withdraw(db, session_id, error);
}

/* release and withdraw-deletion. */
static int take_back(struct cli *cli, int argc, char **argv, const char *action,
		     bool (*act)(struct db *db, const char *session_id, const char *by,
				 GError **error),
		     const char *done, const char *missing)
{
	g_autoptr(GError) error = NULL;

	if (!cli_parse(cli, NULL, 1, 1, &argc, &argv))
		return CLI_USAGE;
	if (!open_for(cli, argv[0]))
		return CLI_FAILED;
	bool ok = cli_begin(cli, action, argv[0], NULL, &error) &&
		  act(cli->db, argv[0], cli->actor, &error);
	if (!cli_commit(cli, ok, &error))
		return say_why(error, missing, argv[0]);
	puts(done);
	return CLI_OK;
}

static int run_release(struct cli *cli, int argc, char **argv)
{
	return take_back(cli, argc, argv, "recording-release", deletion_store_release,
			 "released: its retention class decides again",
			 "no hold is in force on the recording of session");
}

static int run_withdraw(struct cli *cli, int argc, char **argv)
{
	return take_back(cli, argc, argv, "recording-delete-withdraw", withdraw,
			 "withdrawn: the recording stays",
			 "no request waits to delete the recording of session");
}

const struct command retention_commands[] = {
	{"retention", "list", "", "List how long recordings are kept", run_list},
	{"retention", "set", "CLASS", "Make a retention class or change its limits", run_set},
	{"retention", "remove", "CLASS", "Remove a retention class", run_remove},
	{"retention", "assign", "TARGET CLASS", "Choose the class of a target's new sessions",
	 run_assign},
	{"recording", "hold", "ID", "Keep a recording, whatever limits say", run_hold},
	{"recording", "release", "ID", "End the hold on a recording", run_release},
	{"recording", "request-deletion", "ID", "Ask for a recording's deletion before its time",
	 run_request},
	{"recording", "withdraw-deletion", "ID", "Take such a request back", run_withdraw},
	{0},
};
