/* vitrine export: one signed MP4 of a recording. The work is evidence/'s; here are its options. */
#include "cli/certificate_file.h"
#include "cli/export_run.h"
#include "cli/maker_words.h"
#include "cli/timeline_file.h"
#include "evidence/policy.h"

/* What only whole exports have. */
struct export_more {
	gboolean without_timeline;
	char *certificate, *subtitles, *ca;
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

static int add_subtitles(const char *evidence, const char *target)
{
	const struct verify_whom nobody = {0};
	g_autoptr(GError) error = NULL;
	struct timeline_source *source = timeline_source_of_file(evidence, &nobody, NULL, &error);

	if (source == NULL)
		return cli_fail("%s", error->message);
	int code = timeline_file_write(source, TIMELINE_VTT, target);
	timeline_source_destroy(source);
	return code;
}

static int add_companions(const struct cli *cli, const char *evidence,
			  const struct export_more *more)
{
	int code = CLI_OK;

	if (more->certificate != NULL)
		code = add_certificate(cli, evidence, more);
	if (code == CLI_OK && more->subtitles != NULL)
		code = add_subtitles(evidence, more->subtitles);
	return code;
}

/* Better said before gigabytes are copied than behind them. */
static const char *already_there(const struct export_more *more)
{
	const char *const targets[] = {more->certificate, more->subtitles};

	for (unsigned i = 0; i < G_N_ELEMENTS(targets); i++)
		if (targets[i] != NULL && g_file_test(targets[i], G_FILE_TEST_EXISTS))
			return targets[i];
	return NULL;
}

static int export_session(struct cli *cli, const char *session_id,
			  const struct export_options *options, const struct export_more *more)
{
	struct evidence_wish wish = {0};
	autorow(recording_row) recording = NULL;

	if (already_there(more) != NULL)
		return cli_fail("%s exists already", already_there(more));
	int code = export_find(cli, session_id, options, &recording, &wish);
	if (code != CLI_OK)
		return code;
	wish.leave_out_timelines = reason_to_leave_out(cli, more);
	if (wish.leave_out_timelines != NULL && more->subtitles != NULL)
		return cli_fail("there can be no subtitles, timelines stay out: %s",
				wish.leave_out_timelines);
	code = export_run(cli, &wish, NULL);
	return code == CLI_OK ? add_companions(cli, options->output, more) : code;
}

static int run_export(struct cli *cli, int argc, char **argv)
{
	struct export_options options = {0};
	struct export_more more = {0};
	const GOptionEntry entries[] = {
		{"without-timeline", 0, 0, G_OPTION_ARG_NONE, &more.without_timeline,
		 "Leave keys, clipboard and other events out", NULL},
		{"certificate", 0, 0, G_OPTION_ARG_FILENAME, &more.certificate,
		 "Also make a page for people about it (PDF)", "FILE"},
		{"subtitles", 0, 0, G_OPTION_ARG_FILENAME, &more.subtitles,
		 "Also write keys, titles and notices as subtitles (WebVTT)", "FILE"},
		{"ca", 0, 0, G_OPTION_ARG_FILENAME, &more.ca,
		 "Whom the certificate trusts, instead of export.ca_file (PEM)", "FILE"},
		{0},
	};
	int status = CLI_USAGE;

	export_options_add(cli, &options);
	if (cli_parse(cli, entries, 1, 1, &argc, &argv))
		status = export_session(cli, argv[0], &options, &more);
	export_options_clear(&options);
	g_free(more.certificate);
	g_free(more.subtitles);
	g_free(more.ca);
	return status;
}

const struct command export_commands[] = {
	{EXPORT_WORDS, run_export},
	{0},
};
