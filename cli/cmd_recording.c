/* vitrine recording, vitrine audit: what was recorded, and what was decided. Reading only. */
#include "cli/page_options.h"
#include "cli/table.h"
#include "sql/audit_store.h"
#include "sql/recording_store.h"

static int run_recording_list(struct cli *cli, int argc, char **argv)
{
	static const char *const headings[] = {"SESSION", "STARTED", "STATE", "LENGTH", "FRAMES",
					       "SIZE",	  "PICTURE", "CHECK", "NODE",	NULL};
	struct page_options options;
	struct db_page page;
	g_autoptr(GPtrArray) rows = NULL;
	g_autoptr(GError) error = NULL;
	uint64_t total = 0;

	page_options_add(cli, &options);
	if (!cli_parse(cli, NULL, 0, 0, &argc, &argv) || !page_options_read(&options, &page))
		return CLI_USAGE;
	if (!cli_open_db(cli))
		return CLI_FAILED;
	if (!recording_store_list(cli->db, &page, &rows, &total, &error))
		return cli_fail("%s", error->message);
	struct table *table = table_create(headings);
	for (unsigned i = 0; i < rows->len; i++) {
		const struct recording_row *row = rows->pdata[i];
		g_autofree char *started = cli_time(row->started_utc_us);
		uint64_t seconds = row->duration_us / 1000000u;
		table_add(table, row->session_id);
		table_add(table, started);
		table_add(table, recording_state_key(row->state));
		table_add_format(table, "%u:%02u:%02u", (unsigned)(seconds / 3600),
				 (unsigned)(seconds / 60 % 60), (unsigned)(seconds % 60));
		table_add_format(table, "%" G_GUINT64_FORMAT, row->frames);
		table_add_format(table, "%.1f MB", (double)row->bytes / 1e6);
		table_add_format(table, "%ux%u", row->width_px, row->height_px);
		table_add(table, row->check);
		table_add(table, row->node);
	}
	table_print(table, "no recordings");
	page_options_print_rest(rows->len, total);
	return CLI_OK;
}

static void add_audit_row(struct table *table, const struct audit_row *row)
{
	g_autofree char *at = cli_time(row->at_utc_us);

	table_add_format(table, "%" G_GUINT64_FORMAT, row->number);
	table_add(table, at);
	table_add(table, row->program);
	table_add(table, row->actor);
	table_add(table, row->action);
	table_add(table, row->subject);
	table_add(table, row->address);
	table_add(table, row->detail);
}

static int run_audit_list(struct cli *cli, int argc, char **argv)
{
	static const char *const headings[] = {"NUMBER",  "AT",	     "PROGRAM", "ACTOR", "ACTION",
					       "SUBJECT", "ADDRESS", "DETAIL",	NULL};
	struct page_options options;
	g_autofree char *actor = NULL, *action = NULL, *subject = NULL;
	const GOptionEntry entries[] = {
		{"actor", 'u', 0, G_OPTION_ARG_STRING, &actor, "Only by this login", "LOGIN"},
		{"action", 'a', 0, G_OPTION_ARG_STRING, &action, "Only this action", "ACTION"},
		{"subject", 's', 0, G_OPTION_ARG_STRING, &subject,
		 "Only about this session, user or target", "TEXT"},
		{0},
	};
	g_autoptr(GPtrArray) rows = NULL;
	g_autoptr(GError) error = NULL;
	struct audit_filter filter = {0};
	uint64_t total = 0;

	page_options_add(cli, &options);
	if (!cli_parse(cli, entries, 0, 0, &argc, &argv) ||
	    !page_options_read(&options, &filter.page))
		return CLI_USAGE;
	filter.actor = actor;
	filter.action = action;
	filter.subject = subject;
	if (!cli_open_db(cli))
		return CLI_FAILED;
	if (!audit_store_list(cli->db, &filter, &rows, &total, &error))
		return cli_fail("%s", error->message);
	struct table *table = table_create(headings);
	for (unsigned i = 0; i < rows->len; i++)
		add_audit_row(table, rows->pdata[i]);
	table_print(table, "no audit records");
	page_options_print_rest(rows->len, total);
	return CLI_OK;
}

const struct command recording_commands[] = {
	{"recording", "list", "", "List recordings, newest first", run_recording_list},
	{0},
};

const struct command audit_commands[] = {
	{"audit", "list", "", "Read the audit trail, newest first", run_audit_list},
	{0},
};
