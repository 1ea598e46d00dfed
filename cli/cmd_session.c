/* vitrine session: who is where, who was, and the end of a running one. */
#include "base/text.h"
#include "cli/page_options.h"
#include "cli/table.h"
#include "sql/session_store.h"

#include <stdio.h>

static const char *state_text(const struct session_row *row)
{
	return row->state == SESSION_STATE_ENDED ? end_reason_key(row->end_reason)
						 : session_state_key(row->state);
}

static void add_row(struct table *table, const struct session_row *row)
{
	g_autofree char *opened = cli_time(row->opened_utc_us);

	table_add(table, row->id);
	table_add(table, row->login);
	table_add_format(table, "%s@%s", row->account, row->target);
	table_add_format(table, "%s>%s", row->front, row->back);
	table_add(table, row->viewer_address);
	table_add(table, opened);
	table_add(table, state_text(row));
	table_add(table, row->recording_state[0] != '\0' ? row->recording_state : "-");
}

static int run_list(struct cli *cli, int argc, char **argv)
{
	static const char *const headings[] = {"ID",	 "USER",  "ACCOUNT",   "PROTOCOL", "FROM",
					       "OPENED", "STATE", "RECORDING", NULL};
	g_autofree char *login = NULL, *target = NULL, *text = NULL;
	gboolean running = FALSE;
	struct page_options options;
	const GOptionEntry entries[] = {
		{"running", 'r', 0, G_OPTION_ARG_NONE, &running, "Only those that have not ended",
		 NULL},
		{"user", 'u', 0, G_OPTION_ARG_STRING, &login, "Only of this user", "LOGIN"},
		{"target", 't', 0, G_OPTION_ARG_STRING, &target, "Only to this target", "NAME"},
		{"search", 's', 0, G_OPTION_ARG_STRING, &text,
		 "Only with this text in names, address or id", "TEXT"},
		{0},
	};
	g_autoptr(GPtrArray) rows = NULL;
	g_autoptr(GError) error = NULL;
	uint64_t total = 0;
	struct session_filter filter = {0};

	page_options_add(cli, &options);
	if (!cli_parse(cli, entries, 0, 0, &argc, &argv) ||
	    !page_options_read(&options, &filter.page))
		return CLI_USAGE;
	filter.login = login;
	filter.target = target;
	filter.text = text;
	filter.running = running ? 1 : 0;
	if (!cli_open_db(cli))
		return CLI_FAILED;
	if (!session_store_list(cli->db, &filter, &rows, &total, &error))
		return cli_fail("%s", error->message);
	struct table *table = table_create(headings);
	for (unsigned i = 0; i < rows->len; i++)
		add_row(table, rows->pdata[i]);
	table_print(table, "no sessions");
	page_options_print_rest(rows->len, total);
	return CLI_OK;
}

static void print_session(const struct session_row *row)
{
	g_autofree char *opened = cli_time(row->opened_utc_us),
			*running = cli_time(row->running_utc_us);
	g_autofree char *ended = cli_time(row->ended_utc_us);
	g_autofree char *size = g_strdup_printf("%u x %u", row->width_px, row->height_px);
	g_autofree char *recorded = g_strdup_printf(
		"%s, %.1f s, %.1f MB",
		row->recording_state[0] != '\0' ? row->recording_state : "none",
		(double)row->recording_duration_us / 1e6, (double)row->recording_bytes / 1e6);

	table_print_line("id", row->id);
	table_print_line("user", row->login);
	table_print_line("target", row->target);
	table_print_line("account", row->account);
	table_print_line("viewer", row->front);
	table_print_line("viewer address", row->viewer_address);
	table_print_line("viewer name", row->viewer_name);
	table_print_line("login by", row->door);
	table_print_line("protocol there", row->back);
	table_print_line("node", row->node);
	table_print_line("state", session_state_key(row->state));
	table_print_line("size", size);
	table_print_line("opened", opened);
	table_print_line("first picture", running);
	table_print_line("ended", ended);
	if (row->state == SESSION_STATE_ENDED) {
		table_print_line("end", end_reason_key(row->end_reason));
		table_print_line("end, in words", end_reason_text(row->end_reason));
		table_print_line("end, detail", row->end_detail);
	}
	table_print_line("recording", recorded);
}

static int run_show(struct cli *cli, int argc, char **argv)
{
	autorow(session_row) row = NULL;
	g_autoptr(GError) error = NULL;

	if (!cli_parse(cli, NULL, 1, 1, &argc, &argv))
		return CLI_USAGE;
	if (!cli_open_db(cli))
		return CLI_FAILED;
	if (!session_store_find(cli->db, argv[0], &row, &error))
		return cli_fail("%s", error->message);
	if (row == NULL)
		return cli_fail("there is no session '%s': see vitrine session list", argv[0]);
	print_session(row);
	return CLI_OK;
}

static int run_terminate(struct cli *cli, int argc, char **argv)
{
	g_autofree char *reason = NULL;
	const GOptionEntry entries[] = {
		{"reason", 'r', 0, G_OPTION_ARG_STRING, &reason,
		 "Why; the person at the viewer reads it", "TEXT"},
		{0},
	};
	g_autoptr(GError) error = NULL;

	if (!cli_parse(cli, entries, 1, 1, &argc, &argv))
		return CLI_USAGE;
	if (reason == NULL || reason[0] == '\0') {
		cli_say("say why with --reason TEXT");
		return CLI_USAGE;
	}
	if (!g_uuid_string_is_valid(argv[0]))
		return cli_fail("'%s' is no session id: see vitrine session list --running",
				argv[0]);
	if (!cli_open_db(cli))
		return CLI_FAILED;
	bool ok = cli_begin(cli, "session-terminate", argv[0], json_pack("{s:s}", "reason", reason),
			    &error) &&
		  session_store_terminate(cli->db, argv[0], reason, cli->actor, &error);
	if (cli_commit(cli, ok, &error)) {
		printf("the gateway was told to end session %s\n", argv[0]);
		return CLI_OK;
	}
	if (g_error_matches(error, DB_ERROR, DB_ERROR_MISSING))
		return cli_fail("there is no running session %s", argv[0]);
	if (g_error_matches(error, DB_ERROR, DB_ERROR_INVALID))
		return cli_fail("the reason must have at most 500 characters on one line");
	return cli_fail("%s", error->message);
}

const struct command session_commands[] = {
	{"session", "list", "", "List running and past sessions, newest first", run_list},
	{"session", "show", "ID", "Tell everything about one session", run_show},
	{"session", "terminate", "ID", "End a running session", run_terminate},
	{0},
};
