/* vitrine verify: the verdict of recorder/chain/verify.h in an auditor's words or as JSON. Needs no configuration, no database, no network. */
#include "cli/cli.h"
#include "cli/table.h"
#include "recorder/chain/verify.h"

#include <errno.h>
#include <stdio.h>

/* Exit codes by the worst finding, beside CLI_OK, CLI_FAILED (cannot be read) and CLI_USAGE. */
enum {
	VERIFY_EXIT_BROKEN = 3,
	VERIFY_EXIT_UNTRUSTED = 4,
	VERIFY_EXIT_INCOMPLETE = 5,
	VERIFY_EXIT_DELETED = 6
};

static enum verify_class worst_class(const struct verify_report *report)
{
	enum verify_class worst = VERIFY_NOTE;

	for (unsigned i = 0; i < report->findings->len; i++) {
		const struct verify_finding *finding = report->findings->pdata[i];
		if (finding->class < worst)
			worst = finding->class;
	}
	return worst;
}

static int exit_code(int verdict, enum verify_class worst, bool deleted)
{
	if (verdict < 0)
		return CLI_FAILED;
	switch (worst) {
	case VERIFY_BROKEN:
		return VERIFY_EXIT_BROKEN;
	case VERIFY_UNTRUSTED:
		return VERIFY_EXIT_UNTRUSTED;
	case VERIFY_INCOMPLETE:
		return VERIFY_EXIT_INCOMPLETE;
	case VERIFY_NOTE:
		break;
	}
	if (verdict != 0)
		return VERIFY_EXIT_INCOMPLETE;
	return deleted ? VERIFY_EXIT_DELETED : CLI_OK;
}

static const char *verdict_text(int code, bool origin_proven)
{
	switch (code) {
	case CLI_OK:
		return origin_proven ? "PROVEN: every byte is the one that was signed, nothing is "
				       "missing, the signer is trusted."
				     : "WHOLE: every byte is the one that was signed, nothing is "
				       "missing. Who signed is not proven:"
				       " name the trusted certificate with --certificate.";
	case VERIFY_EXIT_BROKEN:
		return "BROKEN: something is not what was signed.";
	case VERIFY_EXIT_UNTRUSTED:
		return "UNTRUSTED: the signatures hold, but not under the certificate that was "
		       "named.";
	case VERIFY_EXIT_INCOMPLETE:
		return "INCOMPLETE: what is there is proven, but the recording has no proven end.";
	case VERIFY_EXIT_DELETED:
		return origin_proven ? "DELETED: lawfully, by a tombstone of a trusted signer; of "
				       "the recording only its chain is left."
				     : "DELETED: by a signed tombstone; of the recording only its "
				       "chain is left. Who signed is not proven: name the trusted "
				       "certificate with --certificate.";
	default:
		return "UNREADABLE: there is nothing to judge.";
	}
}

static void print_line(const char *heading, const char *text)
{
	g_autofree char *clean = table_clean(text != NULL ? text : "unknown");

	printf("  %-10s %s\n", heading, clean);
}

static void print_gaps(const struct verify_report *report)
{
	uint64_t sum_us = 0;

	for (unsigned i = 0; i < report->gaps->len; i++) {
		const struct verify_gap *gap = report->gaps->pdata[i];
		sum_us += gap->end_us - gap->start_us;
	}
	g_autofree char *gaps = report->gaps->len == 0
					? g_strdup("none")
					: g_strdup_printf("%u, not recorded: %.3f s",
							  report->gaps->len, (double)sum_us / 1e6);
	print_line("gaps", gaps);
}

static void print_findings(const struct verify_report *report)
{
	for (unsigned i = 0; i < report->findings->len; i++) {
		const struct verify_finding *finding = report->findings->pdata[i];
		g_autofree char *clean = table_clean(finding->text);
		printf("%s: ", verify_class_name(finding->class));
		if (finding->segment != 0)
			printf("segment %u: ", finding->segment);
		if (finding->end_us != 0)
			printf("%.3f s to %.3f s: ", (double)finding->start_us / 1e6,
			       (double)finding->end_us / 1e6);
		printf("%s\n", clean);
	}
}

static void print_words(const struct verify_report *report, int code, bool origin_proven)
{
	g_autofree char *started = cli_time(report->started_utc_us);
	g_autofree char *length = g_strdup_printf("%.3f s", (double)report->duration_us / 1e6);
	g_autofree char *counts = g_strdup_printf("%u entries, %u segments, %" G_GUINT64_FORMAT
						  " pictures, %" G_GUINT64_FORMAT " bytes",
						  report->n_entries, report->n_segments,
						  report->n_frames, report->n_bytes);

	puts(verdict_text(code, origin_proven));
	if (code == CLI_FAILED)
		return;
	print_line("session", report->session_id);
	print_line("signed by", report->signer);
	print_line("started", started);
	print_line("length", length);
	print_line("proven", counts);
	print_gaps(report);
	print_line("end", report->sealed ? report->end_reason : "not sealed");
	print_line("head", report->head);
	print_findings(report);
}

static json_t *findings_json(const struct verify_report *report)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < report->findings->len; i++) {
		const struct verify_finding *finding = report->findings->pdata[i];
		g_autofree char *text = g_utf8_make_valid(finding->text, -1);
		json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:I, s:s}", "class",
						      verify_class_name(finding->class), "segment",
						      (json_int_t)finding->segment, "start_us",
						      (json_int_t)finding->start_us, "end_us",
						      (json_int_t)finding->end_us, "text", text));
	}
	return list;
}

static json_t *gaps_json(const struct verify_report *report)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < report->gaps->len; i++) {
		const struct verify_gap *gap = report->gaps->pdata[i];
		g_autofree char *reason = g_utf8_make_valid(gap->reason, -1);
		json_array_append_new(list, json_pack("{s:I, s:I, s:I, s:s}", "start_us",
						      (json_int_t)gap->start_us, "end_us",
						      (json_int_t)gap->end_us, "duration_us",
						      (json_int_t)(gap->end_us - gap->start_us),
						      "reason", reason));
	}
	return list;
}

static int print_json(const struct verify_report *report, int code, bool origin_proven)
{
	static const char *const verdicts[] = {"proven",    "unreadable", "unreadable", "broken",
					       "untrusted", "incomplete", "deleted"};
	json_t *object = json_pack(
		"{s:s, s:b, s:s?, s:s?, s:s?, s:b, s:s?, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}",
		"verdict", verdicts[code], "origin_proven", origin_proven && code == CLI_OK,
		"session", report->session_id, "signer", report->signer, "head", report->head,
		"sealed", report->sealed, "end_reason", report->end_reason, "segments",
		(json_int_t)report->n_segments, "entries", (json_int_t)report->n_entries, "frames",
		(json_int_t)report->n_frames, "bytes", (json_int_t)report->n_bytes, "duration_us",
		(json_int_t)report->duration_us, "started_utc_us",
		(json_int_t)report->started_utc_us, "gaps", gaps_json(report), "findings",
		findings_json(report));

	if (object == NULL || json_dumpf(object, stdout, JSON_INDENT(2)) != 0)
		return cli_fail("the report cannot be written as JSON");
	putchar('\n');
	json_decref(object);
	return code;
}

static int run_verify(struct cli *cli, int argc, char **argv)
{
	g_autofree char *certificate = NULL;
	gboolean json = FALSE;
	const GOptionEntry entries[] = {
		{"certificate", 0, 0, G_OPTION_ARG_FILENAME, &certificate,
		 "PEM file with the signing certificates or the CA to trust", "FILE"},
		{"json", 'j', 0, G_OPTION_ARG_NONE, &json, "Print the report as JSON", NULL},
		{0},
	};
	struct verify_report report = {0};

	if (!cli_parse(cli, entries, 1, 1, &argc, &argv))
		return CLI_USAGE;
	int verdict = verify_recording(argv[0], certificate, &report);
	int code = exit_code(verdict, worst_class(&report), report.deleted);
	if (verdict == -EPROTONOSUPPORT)
		cli_say("the recording has format version %" G_GUINT64_FORMAT
			", which this program does not know: update it before you judge",
			report.version);
	else if (verdict < 0)
		cli_say("cannot read %s%s%s: %s", argv[0], certificate != NULL ? " or " : "",
			certificate != NULL ? certificate : "", g_strerror(-verdict));
	if (json)
		code = print_json(&report, code, certificate != NULL);
	else
		print_words(&report, code, certificate != NULL);
	verify_report_finish(&report);
	return code;
}

const struct command verify_commands[] = {
	{"verify", NULL, "DIR", "Judge a recording by its signed chain", run_verify},
	{0},
};
