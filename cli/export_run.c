/* Runs exports: finds the recording, writes the audit records, shows progress. It must not know
 * what is exported of it. */
#include "cli/export_run.h"

#include "cli/time_span.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define PROGRESS_US (G_USEC_PER_SEC / 4)

struct export_progress {
	bool terminal;
	gint64 began_us, shown_us;
};

static void show_progress(struct export_progress *progress, uint64_t done, uint64_t total)
{
	gint64 now_us = g_get_monotonic_time();

	if (!progress->terminal || (done < total && now_us - progress->shown_us < PROGRESS_US))
		return;
	progress->shown_us = now_us;
	double seconds = (double)MAX(now_us - progress->began_us, 1) / 1e6;
	fprintf(stderr, "\r%3.0f %%  %.1f of %.1f MB  %.0f MB/s  ",
		total > 0 ? 100.0 * (double)done / (double)total : 100.0, (double)done / 1e6,
		(double)total / 1e6, (double)done / 1e6 / seconds);
}

/* Ctrl-C is held back and seen here, between two buffers: the export ends in order and can go on
 * later. */
static bool go_on(uint64_t done_bytes, uint64_t total_bytes, void *user)
{
	sigset_t waiting;

	show_progress(user, done_bytes, total_bytes);
	return sigpending(&waiting) != 0 ||
	       (!sigismember(&waiting, SIGINT) && !sigismember(&waiting, SIGTERM));
}

static void hold_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static bool read_span(const struct export_options *options, uint64_t started_utc_us,
		      struct evidence_span *ret)
{
	*ret = (struct evidence_span){0, UINT64_MAX};
	if (options->from != NULL &&
	    !time_span_parse(options->from, started_utc_us, &ret->start_us)) {
		cli_say("--from takes seconds, H:MM:SS or 2026-05-01T12:00:00Z");
		return false;
	}
	if (options->to != NULL && !time_span_parse(options->to, started_utc_us, &ret->end_us)) {
		cli_say("--to takes seconds, H:MM:SS or 2026-05-01T12:00:00Z");
		return false;
	}
	if (ret->start_us < ret->end_us)
		return true;
	cli_say("--to must lie behind --from");
	return false;
}

void export_options_add(struct cli *cli, struct export_options *options)
{
	const GOptionEntry entries[] = {
		{"output", 'o', 0, G_OPTION_ARG_FILENAME, &options->output, "The file to make",
		 "FILE"},
		{"from", 0, 0, G_OPTION_ARG_STRING, &options->from,
		 "Only from here: seconds, H:MM:SS or UTC", "TIME"},
		{"to", 0, 0, G_OPTION_ARG_STRING, &options->to, "Only up to here", "TIME"},
		{"purpose", 'p', 0, G_OPTION_ARG_STRING, &options->purpose,
		 "What for; stands in the file and in the audit trail", "TEXT"},
		{0},
	};

	cli_add_options(cli, entries);
}

void export_options_clear(struct export_options *options)
{
	g_free(options->output);
	g_free(options->from);
	g_free(options->to);
	g_free(options->purpose);
}

int export_find(struct cli *cli, const char *session_id, const struct export_options *options,
		struct recording_row **ret, struct evidence_wish *wish)
{
	g_autoptr(GError) error = NULL;

	if (options->output == NULL) {
		cli_say("say where to with -o FILE");
		return CLI_USAGE;
	}
	if (!cli_open_db(cli))
		return CLI_FAILED;
	if (!recording_store_find(cli->db, session_id, ret, &error))
		return cli_fail("%s", error->message);
	if (*ret == NULL)
		return cli_fail("there is no recording of session '%s': see vitrine recording list",
				session_id);
	if (!read_span(options, (*ret)->started_utc_us, &wish->asked))
		return CLI_USAGE;
	wish->session_id = (*ret)->session_id;
	wish->created_by = cli->actor;
	wish->purpose = options->purpose != NULL ? options->purpose : "";
	wish->target = options->output;
	return CLI_OK;
}

static bool audit_request(struct cli *cli, const struct evidence_wish *wish, json_t *operations)
{
	json_t *detail = json_pack("{s:s, s:I, s:I, s:b, s:s}", "purpose", wish->purpose, "from_us",
				   (json_int_t)wish->asked.start_us, "to_us",
				   (json_int_t)MIN(wish->asked.end_us, (uint64_t)INT64_MAX),
				   "without_timeline", wish->leave_out_timelines != NULL, "file",
				   wish->target);

	if (operations != NULL)
		json_object_set(detail, "operations", operations);
	return cli_audit(cli, "export-request", wish->session_id, detail);
}

static bool audit_finish(struct cli *cli, const char *session, const struct evidence_made *made)
{
	return cli_audit(cli, "export-finish", session,
			 json_pack("{s:s, s:s, s:I}", "video_sha256", made->video_sha256,
				   "manifest_sha256", made->manifest_sha256, "bytes",
				   (json_int_t)made->bytes));
}

static void print_made(const struct evidence_wish *wish, const struct evidence_made *made)
{
	printf("%s: %.1f MB, %.3f s to %.3f s of session %s%s\n", wish->target,
	       (double)made->bytes / 1e6, (double)made->span_start_us / 1e6,
	       (double)made->span_end_us / 1e6, wish->session_id,
	       made->whole     ? ", all of it"
	       : !made->sealed ? ", which has not ended yet"
			       : "");
	printf("video sha256    %s\nmanifest sha256 %s\n", made->video_sha256,
	       made->manifest_sha256);
}

/* What a derived copy leaves behind when it is stopped is nothing. */
static int explain(const GError *error, const struct evidence_wish *wish)
{
	if (!g_error_matches(error, EVIDENCE_ERROR, EVIDENCE_ERROR_CANCELLED))
		return cli_fail("%s", error->message);
	if (wish->derivation != NULL)
		return cli_fail("stopped; nothing was left behind");
	return cli_fail("stopped; the same command goes on where it was. Remove %s.part if you do "
			"not want that",
			wish->target);
}

/* What was asked for did not come about: the trail says so, and why. */
static void audit_end(struct cli *cli, const char *session, const GError *why)
{
	bool stopped = g_error_matches(why, EVIDENCE_ERROR, EVIDENCE_ERROR_CANCELLED);

	cli_audit(cli, stopped ? "export-stop" : "export-fail", session,
		  json_pack("{s:s}", "reason", why->message));
}

static int run_maker(struct cli *cli, const struct evidence_maker *maker,
		     const struct evidence_wish *wish)
{
	const struct export_progress *progress = wish->user;
	struct evidence_made made;
	g_autoptr(GError) error = NULL;

	hold_signals();
	bool ok = evidence_maker_run(maker, wish, &made, &error);
	if (progress->shown_us != 0)
		fputc('\n', stderr);
	if (!ok) {
		audit_end(cli, wish->session_id, error);
		return explain(error, wish);
	}
	print_made(wish, &made);
	return audit_finish(cli, wish->session_id, &made) ? CLI_OK : CLI_FAILED;
}

int export_run(struct cli *cli, struct evidence_wish *wish, json_t *operations)
{
	struct export_progress progress = {.terminal = isatty(STDERR_FILENO),
					   .began_us = g_get_monotonic_time()};
	g_autoptr(GError) error = NULL;

	struct evidence_maker *maker = evidence_maker_create(cli->config, &error);
	if (maker == NULL)
		return cli_fail("%s", error->message);
	wish->progress = go_on;
	wish->user = &progress;
	int code = audit_request(cli, wish, operations) ? run_maker(cli, maker, wish) : CLI_FAILED;
	evidence_maker_destroy(maker);
	return code;
}
