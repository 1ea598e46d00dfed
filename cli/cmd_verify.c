/* vitrine verify: judges recordings' directories and evidence files. Needs no configuration, no
 * database, no network. */
#include "cli/trust_options.h"
#include "cli/verify_print.h"
#include "recorder/chain/chain.h"
#include "recorder/nodelog/nodelog.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

static void explain(int result, uint64_t version, const char *path, const struct verify_whom *whom)
{
	bool named = whom->ca != NULL || whom->tsa_ca != NULL || whom->crl != NULL;

	if (result == -EPROTONOSUPPORT)
		cli_say("%s has format version %" G_GUINT64_FORMAT
			", which this program does not know: update it before you judge",
			path, version);
	else if (result < 0)
		cli_say("cannot read %s%s: %s", path,
			named ? ", or a file with certificates or lists that was named" : "",
			g_strerror(-result));
}

/* How one path is judged and told. */
struct question {
	const struct verify_whom *whom;
	const struct archive_key *key;
	json_t *reports; /**< array to add to; NULL: words are printed */
};

static bool tell(const char *path, const struct verdict *verdict, json_t *reports)
{
	if (reports != NULL)
		return json_array_append_new(reports, verify_print_object(path, verdict)) == 0;
	verify_print_words(verdict);
	return true;
}

/* Judged as a recording it would be called broken, which says nothing of a log that is whole. */
static bool is_log(const char *dir)
{
	g_autofree char *leaves = g_build_filename(dir, NODELOG_LEAVES, NULL);
	g_autofree char *chain = g_build_filename(dir, CHAIN_FILE, NULL);

	return g_file_test(leaves, G_FILE_TEST_EXISTS) && !g_file_test(chain, G_FILE_TEST_EXISTS);
}

/* A directory is a recording, a file is evidence. */
static int judge(const char *path, const struct question *q)
{
	struct evidence_report evidence = {0};
	bool is_dir = g_file_test(path, G_FILE_TEST_IS_DIR);

	if (is_dir && is_log(path))
		return cli_fail("%s is a node's log, no recording: 'vitrine log verify --store' "
				"judges it",
				path);
	int result = is_dir ? verify_recording_for(path, q->whom, q->key, &evidence.recording)
			    : evidence_verify_for(path, q->whom, &evidence);
	const struct verdict verdict = verdict_make(result, q->whom->ca != NULL,
						    &evidence.recording, is_dir ? NULL : &evidence);
	int code = (int)verdict.code;

	explain(result, evidence.recording.version, path, q->whom);
	if (!tell(path, &verdict, q->reports))
		code = cli_fail("the report on %s cannot be written as JSON", path);
	evidence_report_finish(&evidence);
	return code;
}

/* Of several the first in the order of the exit codes counts, as of several findings about one. */
static int worse(int a, int b)
{
	return a == CLI_OK || (b != CLI_OK && b < a) ? b : a;
}

/* A single path gets an object, several an array. */
static bool print_reports(const json_t *reports)
{
	const json_t *what = json_array_size(reports) == 1 ? json_array_get(reports, 0) : reports;

	return json_dumpf(what, stdout, JSON_INDENT(2)) == 0 && putchar('\n') != EOF;
}

static int judge_all(char **paths, int n_paths, struct question *q, bool json)
{
	int code = CLI_OK;

	q->reports = json ? json_array() : NULL;
	for (int i = 0; i < n_paths; i++) {
		if (!json && n_paths > 1)
			printf("%s%s\n", i > 0 ? "\n" : "", paths[i]);
		code = worse(code, judge(paths[i], q));
	}
	if (json && !print_reports(q->reports))
		code = cli_fail("the report cannot be written");
	json_decref(q->reports);
	return code;
}

static int verify(char **paths, int n_paths, const struct trust_options *trust,
		  const char *key_path, bool json)
{
	g_autoptr(GError) error = NULL;
	struct archive_key *key = key_path != NULL ? archive_key_load(key_path, &error) : NULL;

	if (error != NULL)
		return cli_fail("%s", error->message);
	const struct verify_whom whom = trust_options_whom(trust);
	struct question question = {.whom = &whom, .key = key};
	int code = judge_all(paths, n_paths, &question, json);
	archive_key_destroy(key);
	return code;
}

static int run_verify(struct cli *cli, int argc, char **argv)
{
	struct trust_options trust = {0};
	g_autofree char *key_path = NULL;
	gboolean json = FALSE;
	const GOptionEntry entries[] = {
		{"certificate", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME, &trust.ca, NULL,
		 NULL},
		{"archive-key", 0, 0, G_OPTION_ARG_FILENAME, &key_path,
		 "PEM file (0600) with the private keys that open encrypted recordings", "FILE"},
		{"json", 'j', 0, G_OPTION_ARG_NONE, &json,
		 "Print the report as JSON; of several paths an array", NULL},
		{0},
	};

	trust_options_add(cli, &trust);
	int code = cli_parse(cli, entries, 1, INT_MAX, &argc, &argv)
			   ? verify(argv, argc, &trust, key_path, json)
			   : CLI_USAGE;
	trust_options_clear(&trust);
	return code;
}

const struct command verify_commands[] = {
	{"verify", NULL, "FILE|DIR...", "Judge evidence files or recordings by their signatures",
	 run_verify},
	{0},
};
