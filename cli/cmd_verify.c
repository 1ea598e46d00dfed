/* vitrine verify: judges a recording's directory or an evidence file. Needs no configuration, no database, no network. */
#include "cli/cli.h"
#include "cli/verify_print.h"

#include <errno.h>

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

/* A directory is a recording, a file is evidence. */
static int judge(const char *path, const struct verify_whom *whom, const struct archive_key *key,
		 bool json)
{
	struct evidence_report evidence = {0};
	bool is_dir = g_file_test(path, G_FILE_TEST_IS_DIR);
	int result = is_dir ? verify_recording_for(path, whom, key, &evidence.recording)
			    : evidence_verify_for(path, whom, &evidence);
	const struct verdict verdict = verdict_make(result, whom->ca != NULL, &evidence.recording,
						    is_dir ? NULL : &evidence);
	int code = (int)verdict.code;

	explain(result, evidence.recording.version, path, whom);
	if (!json)
		verify_print_words(&verdict);
	else if (!verify_print_json(&verdict))
		code = cli_fail("the report cannot be written as JSON");
	evidence_report_finish(&evidence);
	return code;
}

static int run_verify(struct cli *cli, int argc, char **argv)
{
	g_autofree char *ca = NULL, *tsa_ca = NULL, *crl = NULL, *key_path = NULL;
	g_autoptr(GError) error = NULL;
	gboolean json = FALSE;
	const GOptionEntry entries[] = {
		{"ca", 0, 0, G_OPTION_ARG_FILENAME, &ca,
		 "PEM file with the CA or the signing certificates to trust", "FILE"},
		{"certificate", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME, &ca, NULL, NULL},
		{"tsa-ca", 0, 0, G_OPTION_ARG_FILENAME, &tsa_ca,
		 "PEM file with the CAs of time stamp authorities to trust", "FILE"},
		{"crl", 0, 0, G_OPTION_ARG_FILENAME, &crl,
		 "PEM file with revocation lists of the CA's", "FILE"},
		{"archive-key", 0, 0, G_OPTION_ARG_FILENAME, &key_path,
		 "PEM file (0600) with the private keys that open encrypted recordings", "FILE"},
		{"json", 'j', 0, G_OPTION_ARG_NONE, &json, "Print the report as JSON", NULL},
		{0},
	};

	if (!cli_parse(cli, entries, 1, 1, &argc, &argv))
		return CLI_USAGE;
	struct archive_key *key = key_path != NULL ? archive_key_load(key_path, &error) : NULL;
	if (error != NULL)
		return cli_fail("%s", error->message);
	const struct verify_whom whom = {ca, tsa_ca, crl};
	int code = judge(argv[0], &whom, key, json);
	archive_key_destroy(key);
	return code;
}

const struct command verify_commands[] = {
	{"verify", NULL, "FILE|DIR", "Judge an evidence file or a recording by its signatures",
	 run_verify},
	{0},
};
