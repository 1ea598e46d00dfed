/* vitrine export: one signed MP4 of a recording. The work is evidence/'s; here are its options. */
#include "cli/certificate_file.h"
#include "cli/export_run.h"
#include "evidence/policy.h"

/* What only whole exports have. */
struct export_more {
	gboolean without_timeline;
	char *certificate, *ca;
};

static const char *reason_to_leave_out(const struct cli *cli, const struct export_more *more)
{
	if (!policy_gives_timelines(&cli->config->export, POLICY_ADMIN))
		return POLICY_LEFT_OUT;
	return more->without_timeline ? POLICY_UNWANTED : NULL;
}

/* The evidence is there already; what is wrong with the page does not take it back. */
static int add_certificate(const struct cli *cli, const char *evidence,
			   const struct export_more *more)
{
	const struct certificate_order order = {
		evidence,
		{.ca = more->ca != NULL ? more->ca : cli->config->export.ca_file},
	};
	int code = certificate_file_make(&order, more->certificate);

	return code == CLI_FAILED || code == (int)VERDICT_BROKEN ? CLI_FAILED : CLI_OK;
}

static int export_session(struct cli *cli, const char *session_id,
			  const struct export_options *options, const struct export_more *more)
{
	struct evidence_wish wish = {0};
	autorow(recording_row) recording = NULL;

	int code = export_find(cli, session_id, options, &recording, &wish);
	if (code != CLI_OK)
		return code;
	wish.leave_out_timelines = reason_to_leave_out(cli, more);
	code = export_run(cli, &wish, NULL);
	return code == CLI_OK && more->certificate != NULL
		       ? add_certificate(cli, options->output, more)
		       : code;
}

static int run_export(struct cli *cli, int argc, char **argv)
{
	struct export_options options = {0};
	struct export_more more = {0};
	const GOptionEntry entries[] = {
		EXPORT_OPTION_ROWS(&options),
		{"without-timeline", 0, 0, G_OPTION_ARG_NONE, &more.without_timeline,
		 "Leave keys, clipboard and other events out", NULL},
		{"certificate", 0, 0, G_OPTION_ARG_FILENAME, &more.certificate,
		 "Also make a page for people about it (PDF)", "FILE"},
		{"ca", 0, 0, G_OPTION_ARG_FILENAME, &more.ca,
		 "Whom the certificate trusts, instead of export.ca_file (PEM)", "FILE"},
		{0},
	};
	int status = CLI_USAGE;

	if (cli_parse(cli, entries, 1, 1, &argc, &argv))
		status = export_session(cli, argv[0], &options, &more);
	export_options_clear(&options);
	g_free(more.certificate);
	g_free(more.ca);
	return status;
}

const struct command export_commands[] = {
	{"export", NULL, "SESSION -o FILE", "Make one signed MP4 of a recording, with its proof",
	 run_export},
	{0},
};
