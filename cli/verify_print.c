/* Words and JSON for a verdict. It must not judge. */
#include "cli/verify_print.h"

#include "base/clock.h"
#include "base/text.h"
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

static void print_line(const char *heading, const char *text)
{
	g_autofree char *clean = text_clean(text != NULL ? text : "unknown");

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

static void print_finding(const struct verify_finding *finding)
{
	g_autofree char *clean = text_clean(finding->text);

	printf("%s: ", verify_class_name(finding->class));
	if (finding->segment != 0)
		printf("segment %u: ", finding->segment);
	if (finding->end_us != 0 && finding->start_us == finding->end_us)
		printf("at %.3f s: ", (double)finding->end_us / 1e6);
	else if (finding->end_us != 0)
		printf("%.3f s to %.3f s: ", (double)finding->start_us / 1e6,
		       (double)finding->end_us / 1e6);
	printf("%s\n", clean);
}

/* What makes the verdict comes first. */
static void print_findings(const struct verify_report *report)
{
	for (int rank = VERIFY_BROKEN; rank <= VERIFY_NOTE; rank++)
		for (unsigned i = 0; i < report->findings->len; i++) {
			const struct verify_finding *finding = report->findings->pdata[i];
			if ((int)finding->class == rank)
				print_finding(finding);
		}
}

static void print_operation(const char *heading, json_t *operation)
{
	const char *name = "";
	json_int_t x = 0, y = 0, width = 0, height = 0, start_us = 0, end_us = 0, qp = 0;
	g_autofree char *words = NULL;

	json_unpack(operation, "{s:s, s?I, s?I, s?I, s?I, s?I, s?I, s?I}", "operation", &name, "x",
		    &x, "y", &y, "width", &width, "height", &height, "start_us", &start_us,
		    "end_us", &end_us, "qp", &qp);
	const double from = (double)start_us / 1e6, to = (double)end_us / 1e6;
	if (strcmp(name, "cover") == 0)
		words = g_strdup_printf("%lld x %lld pixels at %lld, %lld covered with grey, "
					"%.3f s to %.3f s",
					width, height, x, y, from, to);
	else if (strcmp(name, "mask") == 0)
		words = g_strdup_printf("%.3f s to %.3f s masked by a card", from, to);
	else if (strcmp(name, "transcode") == 0)
		words = g_strdup_printf("all pictures encoded anew, QP %lld", qp);
	else
		words = json_dumps(operation, JSON_COMPACT | JSON_ENCODE_ANY);
	print_line(heading, words);
}

/* What a copy is, instead of what it lacks: its notes name that. */
static void print_derived(const struct manifest *m)
{
	json_t *operation;
	size_t i;

	print_line("made from", m->source_sha256);
	json_array_foreach(m->operations, i, operation)
		print_operation(i == 0 ? "done to it" : "", operation);
}

/* What of the recording is not in the file. */
static char *absence(const struct verdict *v)
{
	const struct manifest *m = &v->evidence->manifest;

	if (!m->whole || m->left_out->len > 0)
		return g_strdup_printf(
			"%u of %u segments%s", v->report->n_segments - v->evidence->n_segments,
			v->report->n_segments,
			m->left_out->len > 0 ? ", and what the notes below name" : "");
	return g_strdup(v->code == VERDICT_INCOMPLETE ? "what the findings below name" : "nothing");
}

static void print_cover(const struct verdict *v)
{
	const struct manifest *m = &v->evidence->manifest;
	g_autofree char *cover = g_strdup_printf(
		"%.3f s to %.3f s of the recording%s", (double)m->span_start_us / 1e6,
		(double)m->span_end_us / 1e6, m->whole ? ", all of it" : "");
	g_autofree char *rest = absence(v);

	print_line("covers", cover);
	if (m->derived)
		print_derived(m);
	else
		print_line("not here", rest);
}

static void print_export(const struct verdict *v)
{
	const struct manifest *m = &v->evidence->manifest;
	g_autofree char *at = clock_format_utc(v->evidence->signed_utc_s * G_USEC_PER_SEC);
	g_autofree char *by = g_strdup_printf(
		"%s on %s, signed by %s at %s", m->created_by, m->node,
		v->evidence->exporter != NULL ? v->evidence->exporter : "nobody", at);

	print_line("exported", by);
	if (m->purpose[0] != '\0')
		print_line("purpose", m->purpose);
	print_cover(v);
	print_line("node log", v->evidence->in_log ? "the recording stands in its node's log"
						   : "no proof in this file");
}

static void print_recording(const struct verdict *v)
{
	const struct verify_report *report = v->report;
	g_autofree char *utc = cli_time(report->started_utc_us);
	g_autofree char *started = g_strdup_printf("%s UTC, by its node's clock", utc);
	g_autofree char *length = g_strdup_printf("%.3f s", (double)report->duration_us / 1e6);
	/* A copy's pictures are others than those that the chain counts. */
	g_autofree char *pictures =
		verdict_warning(v) != NULL
			? g_strdup("a copy")
			: g_strdup_printf("%" G_GUINT64_FORMAT " pictures", report->n_frames);
	g_autofree char *counts = g_strdup_printf(
		"%u entries, %u segments, %s, %" G_GUINT64_FORMAT " bytes", report->n_entries,
		v->evidence != NULL ? v->evidence->n_segments : report->n_segments, pictures,
		report->n_bytes);

	print_line("session", report->session_id);
	print_line("signed by", report->signer);
	g_autofree char *time = v->code != VERDICT_BROKEN ? verdict_time_text(v) : NULL;
	print_line("started", started);
	if (time != NULL)
		print_line("time", time);
	print_line("length", length);
	print_line(v->code == VERDICT_BROKEN ? "read" : "proven", counts);
	print_gaps(report);
	print_line("end", report->sealed ? report->end_reason : "not sealed");
	print_line("head", report->head);
}

void verify_print_words(const struct verdict *v)
{
	const char *warning = verdict_warning(v);

	if (warning != NULL)
		puts(warning);
	puts(verdict_text(v));
	if (v->code == VERDICT_UNREADABLE)
		return;
	/* Without a beginning there is nothing to tell of but what is wrong. */
	if (v->report->session_id != NULL)
		print_recording(v);
	if (verdict_has_manifest(v))
		print_export(v);
	print_findings(v->report);
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

static json_t *time_json(uint64_t utc_us)
{
	return utc_us != 0 ? json_integer((json_int_t)utc_us) : json_null();
}

/* Of what is broken nothing is proven. */
static json_t *times_json(const struct verdict *v)
{
	static const struct verify_times none = {0};
	const struct verify_times *times = v->code != VERDICT_BROKEN ? &v->report->times : &none;

	return json_pack("{s:o, s:o, s:o}", "begun_after_utc_us",
			 time_json(times->begun_after_utc_us), "begun_before_utc_us",
			 time_json(times->begun_before_utc_us), "ended_before_utc_us",
			 time_json(times->ended_before_utc_us));
}

static json_t *export_json(const struct evidence_report *evidence)
{
	const struct manifest *m = &evidence->manifest;
	json_t *left_out = json_array();

	for (unsigned i = 0; i < m->left_out->len; i++) {
		const struct manifest_omission *o = m->left_out->pdata[i];
		json_array_append_new(
			left_out, json_pack("{s:s, s:s}", "name", o->name, "reason", o->reason));
	}
	return json_pack("{s:s, s:s?, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:b, s:I, s:s, s:b, s:o, "
			 "s:s?, s:O?}",
			 "kind", m->derived ? "derived" : "original", "signer", evidence->exporter,
			 "created", m->created, "created_by", m->created_by, "node", m->node,
			 "purpose", m->purpose, "signed_utc_s", (json_int_t)evidence->signed_utc_s,
			 "start_us", (json_int_t)m->span_start_us, "end_us",
			 (json_int_t)m->span_end_us, "whole", m->whole, "segments",
			 (json_int_t)evidence->n_segments, "video_sha256", m->video_sha256,
			 "in_log", evidence->in_log, "left_out", left_out, "source_sha256",
			 m->derived ? m->source_sha256 : NULL, "operations", m->operations);
}

json_t *verify_print_object(const char *path, const struct verdict *v)
{
	static const char *const contents[] = {[VERIFY_CONTENTS_CHECKED] = "checked",
					       [VERIFY_CONTENTS_ENCRYPTED] = "encrypted",
					       [VERIFY_CONTENTS_SHREDDED] = "shredded"};
	const struct verify_report *report = v->report;
	g_autofree char *utf8_path = g_utf8_make_valid(path, -1);
	json_t *object = json_pack(
		"{s:s, s:s, s:s, s:b, s:s?, s:s?, s:s?, s:b, s:s?, s:I, s:I, s:I, s:I, s:I, s:I, "
		"s:o, s:o, s:o}",
		"path", utf8_path, "verdict", verdict_key(v), "contents",
		contents[report->contents], "origin_proven",
		v->origin_asked && v->code == VERDICT_PROVEN, "session", report->session_id,
		"signer", report->signer, "head", report->head, "sealed", report->sealed,
		"end_reason", report->end_reason, "segments", (json_int_t)report->n_segments,
		"entries", (json_int_t)report->n_entries, "frames", (json_int_t)report->n_frames,
		"bytes", (json_int_t)report->n_bytes, "duration_us",
		(json_int_t)report->duration_us, "started_utc_us",
		(json_int_t)report->started_utc_us, "proven_time", times_json(v), "gaps",
		gaps_json(report), "findings", findings_json(report));

	if (object != NULL && verdict_has_manifest(v))
		json_object_set_new(object, "export", export_json(v->evidence));
	return object;
}
