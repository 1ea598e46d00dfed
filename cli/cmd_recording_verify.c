/* vitrine recording verify: judges a recording of this node's store, and leaves an audit record of
 * who looked and what came out. `vitrine verify` says the same of any directory and
 * is nobody's business. */
#include "cli/trust_options.h"
#include "cli/verify_print.h"

#include <errno.h>
#include <stdio.h>

struct question {
	struct trust_options trust;
	gboolean json;
};

static bool record(struct cli *cli, const char *id, const struct verdict *verdict)
{
	const struct verify_report *report = verdict->report;
	json_t *detail = json_pack("{s:s*, s:b, s:s}", "head", report->head, "origin_asked",
				   verdict->origin_asked, "verdict", verdict_key(verdict));

	return cli_audit(cli, "recording-verify", id, detail);
}

static bool print(const char *path, const struct verdict *verdict, bool as_json)
{
	if (!as_json) {
		verify_print_words(verdict);
		return true;
	}
	json_t *object = verify_print_object(path, verdict);
	bool ok = object != NULL && json_dumpf(object, stdout, JSON_INDENT(2)) == 0 &&
		  putchar('\n') != EOF;
	json_decref(object);
	return ok;
}

static int judge(struct cli *cli, const char *id, const struct question *q,
		 const struct archive_key *key)
{
	const struct verify_whom whom = trust_options_whom(&q->trust);
	g_autofree char *path = g_build_filename(cli->config->recorder.store_dir, id, NULL);
	struct verify_report report;
	int result = verify_recording_for(path, &whom, key, &report);
	const struct verdict verdict = verdict_make(result, q->trust.ca != NULL, &report, NULL);
	int code = (int)verdict.code;

	if (result == -EPROTONOSUPPORT)
		cli_say("it has format version %" G_GUINT64_FORMAT
			", which this program does not know: update it before you judge",
			report.version);
	else if (result < 0)
		cli_say("cannot read %s, or a file that was named: %s", path, g_strerror(-result));
	if (!record(cli, id, &verdict))
		code = CLI_FAILED;
	else if (!print(path, &verdict, q->json))
		code = cli_fail("the report cannot be written");
	verify_report_finish(&report);
	return code;
}

static int verify(struct cli *cli, const char *id, const struct question *q)
{
	struct archive_key *key = NULL;
	g_autoptr(GError) error = NULL;

	if (!g_uuid_string_is_valid(id))
		return cli_fail("'%s' is not the id of a recording", id);
	if (!cli_open_db(cli))
		return CLI_FAILED;
	if (!config_require(cli->config->recorder.store_dir, "recorder.store_dir", &error))
		return cli_fail("%s", error->message);
	const char *key_file = cli->config->web.archive_key_file;
	if (key_file != NULL && (key = archive_key_load(key_file, &error)) == NULL)
		return cli_fail("%s", error->message);
	int code = judge(cli, id, q, key);
	archive_key_destroy(key);
	return code;
}

static int run_recording_verify(struct cli *cli, int argc, char **argv)
{
	struct question q = {0};
	const GOptionEntry entries[] = {
		{"json", 'j', 0, G_OPTION_ARG_NONE, &q.json, "Print the report as JSON", NULL},
		{0},
	};

	trust_options_add(cli, &q.trust);
	int code =
		cli_parse(cli, entries, 1, 1, &argc, &argv) ? verify(cli, argv[0], &q) : CLI_USAGE;
	trust_options_clear(&q.trust);
	return code;
}

const struct command recording_verify_commands[] = {
	{"recording", "verify", "ID", "Judge a recording of the store; an audit record",
	 run_recording_verify},
	{0},
};
