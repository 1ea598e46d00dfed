/* vitrine export: one signed MP4 of a recording. The work is evidence/'s; here are its options. */
#include "cli/export_run.h"

#define LEFT_OUT_BY_REQUEST "left out at the exporter's request"

static int export_session(struct cli *cli, const char *session_id,
			  const struct export_options *options, bool without_timeline)
{
	struct evidence_wish wish = {.leave_out_timelines =
					     without_timeline ? LEFT_OUT_BY_REQUEST : NULL};
	autorow(recording_row) recording = NULL;

	int code = export_find(cli, session_id, options, &recording, &wish);
	return code == CLI_OK ? export_run(cli, &wish, NULL) : code;
}

static int run_export(struct cli *cli, int argc, char **argv)
{
	struct export_options options = {0};
	gboolean without_timeline = FALSE;
	const GOptionEntry entries[] = {
		EXPORT_OPTION_ROWS(&options),
		{"without-timeline", 0, 0, G_OPTION_ARG_NONE, &without_timeline,
		 "Leave keys, clipboard and other events out", NULL},
		{0},
	};
	int status = CLI_USAGE;

	if (cli_parse(cli, entries, 1, 1, &argc, &argv))
		status = export_session(cli, argv[0], &options, without_timeline);
	export_options_clear(&options);
	return status;
}

const struct command export_commands[] = {
	{"export", NULL, "SESSION -o FILE", "Make one signed MP4 of a recording, with its proof",
	 run_export},
	{0},
};
