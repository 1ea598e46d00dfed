/* vitrine timeline: the events of a session as lines, a table or subtitles; only what was compared
 * with what was signed. */
#include "cli/cli.h"
#include "cli/timeline_file.h"
#include "cli/trust_options.h"
#include "evidence/policy.h"
#include "sql/recording_store.h"

#include <errno.h>

struct timeline_options {
	struct trust_options trust;
	char *output;
	gboolean csv, jsonl, vtt;
};

static enum timeline_form form_of(const struct timeline_options *options)
{
	if (options->vtt)
		return TIMELINE_VTT;
	return options->csv ? TIMELINE_CSV : TIMELINE_JSONL;
}

/* Whoever has the file has what is in it: no right is asked for. */
static int of_file(const char *path, const struct timeline_options *options)
{
	const struct verify_whom whom = trust_options_whom(&options->trust);
	enum verdict_code verdict;
	g_autoptr(GError) error = NULL;
	struct timeline_source *source = timeline_source_of_file(path, &whom, &verdict, &error);

	if (source == NULL) {
		cli_say("%s", error->message);
		return verdict == VERDICT_BROKEN ? (int)verdict : CLI_FAILED;
	}
	unsigned left_out = timeline_source_left_out(source);
	if (left_out > 0)
		cli_say("%u timelines were left out of %s: vitrine verify says why", left_out,
			path);
	int code = timeline_file_write(source, form_of(options), options->output);
	timeline_source_destroy(source);
	return code == CLI_OK && verdict != VERDICT_PROVEN ? (int)verdict : code;
}

static int of_reader(const struct reader *reader, const struct timeline_options *options)
{
	const struct evidence_span all = {0, UINT64_MAX};
	g_autoptr(GError) error = NULL;
	struct timeline_source *source = timeline_source_of_recording(reader, all, &error);

	if (source == NULL)
		return cli_fail("%s", error->message);
	int code = timeline_file_write(source, form_of(options), options->output);
	timeline_source_destroy(source);
	return code;
}

static int of_store(const struct config *config, const char *session_id,
		    const struct timeline_options *options)
{
	const char *key_path = config->web.archive_key_file;
	g_autoptr(GError) error = NULL;
	struct archive_key *key = key_path != NULL ? archive_key_load(key_path, &error) : NULL;
	struct reader *reader;

	if (error != NULL)
		return cli_fail("%s", error->message);
	int result = reader_open_session(config->recorder.store_dir, session_id, key, &reader);
	int code = result == 0 ? of_reader(reader, options)
			       : cli_fail("the recording of session %s cannot be opened: %s",
					  session_id, g_strerror(-result));
	if (result == 0)
		reader_close(reader);
	archive_key_destroy(key);
	return code;
}

static int of_session(struct cli *cli, const char *session_id,
		      const struct timeline_options *options)
{
	autorow(recording_row) recording = NULL;
	g_autoptr(GError) error = NULL;

	if (!cli_open_db(cli))
		return CLI_FAILED;
	if (!config_require(cli->config->recorder.store_dir, "recorder.store_dir", &error) ||
	    !recording_store_find(cli->db, session_id, &recording, &error))
		return cli_fail("%s", error->message);
	if (recording == NULL)
		return cli_fail("there is neither a file nor a recording of session '%s': see "
				"vitrine recording list",
				session_id);
	if (!policy_gives_timelines(&cli->config->export, POLICY_ADMIN))
		return cli_fail("policy: export.timelines lets nobody take timelines out");
	if (!cli_audit(cli, "timeline-export", recording->session_id,
		       json_pack("{s:s}", "file", options->output != NULL ? options->output : "-")))
		return CLI_FAILED;
	return of_store(cli->config, recording->session_id, options);
}

static int run_timeline(struct cli *cli, int argc, char **argv)
{
	struct timeline_options options = {0};
	const GOptionEntry entries[] = {
		{"output", 'o', 0, G_OPTION_ARG_FILENAME, &options.output,
		 "The file to make, instead of standard output", "FILE"},
		{"jsonl", 0, 0, G_OPTION_ARG_NONE, &options.jsonl,
		 "The recorded lines, one JSON object each (default)", NULL},
		{"csv", 0, 0, G_OPTION_ARG_NONE, &options.csv, "A table (RFC 4180)", NULL},
		{"vtt", 0, 0, G_OPTION_ARG_NONE, &options.vtt, "Subtitles (WebVTT)", NULL},
		{0},
	};
	int status = CLI_USAGE;

	trust_options_add(cli, &options.trust);
	if (cli_parse(cli, entries, 1, 1, &argc, &argv)) {
		if (options.csv + options.jsonl + options.vtt > 1)
			cli_say("--csv, --jsonl and --vtt exclude each other");
		else
			status = g_file_test(argv[0], G_FILE_TEST_EXISTS)
					 ? of_file(argv[0], &options)
					 : of_session(cli, argv[0], &options);
	}
	trust_options_clear(&options.trust);
	g_free(options.output);
	return status;
}

const struct command timeline_commands[] = {
	{"timeline", NULL, "FILE|SESSION [-o FILE]",
	 "Write a session's events as JSON Lines, table or subtitles", run_timeline},
	{0},
};
