/* What a certificate says, row by row. It must not judge, nor know how the page is set. */
#include "evidence/certificate/words.h"

#include "recorder/chain/verify_trust.h"

#include <inttypes.h>
#include <string.h>

#define GAPS_TOLD 6u
#define LEFT_OUT_TOLD 3u

/* The sheet and what is put on it. */
struct writer {
	const struct certificate_facts *facts;
	const struct verify_report *recording;
	const struct evidence_report *evidence;
	const struct manifest *manifest;
	json_t *genesis; /**< NULL: cannot be read */
	struct sheet *sheet;
};

static char *utc_text(uint64_t utc_us)
{
	g_autoptr(GDateTime) time =
		g_date_time_new_from_unix_utc((gint64)(utc_us / G_USEC_PER_SEC));

	return time != NULL ? g_date_time_format(time, "%Y-%m-%d %H:%M:%S UTC")
			    : g_strdup("at an unknown time");
}

/* The manifest's own form is made for programs. */
static char *iso_text(const char *iso)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(iso, NULL);

	return time != NULL ? utc_text((uint64_t)g_date_time_to_unix(time) * G_USEC_PER_SEC)
			    : g_strdup(iso);
}

/* "1:02:03.250" */
static char *length_text(uint64_t us)
{
	uint64_t s = us / G_USEC_PER_SEC;

	return g_strdup_printf("%" PRIu64 ":%02" PRIu64 ":%02" PRIu64 ".%03" PRIu64, s / 3600,
			       s / 60 % 60, s % 60, us / 1000 % 1000);
}

static const char *genesis_text(const struct writer *w, const char *key)
{
	const char *text = json_string_value(json_object_get(w->genesis, key));

	return text != NULL && text[0] != '\0' ? text : "not stated";
}

static bool genesis_has(const struct writer *w, const char *key)
{
	const char *text = json_string_value(json_object_get(w->genesis, key));

	return text != NULL && text[0] != '\0';
}

static void add_plain(const struct writer *w, const char *heading, unsigned max_lines, char *text)
{
	sheet_add_row(w->sheet, heading, text, max_lines, SHEET_PLAIN);
	g_free(text);
}

/* "name (address)": whichever of the two the recording knows. */
static char *with_address(const struct writer *w, const char *name_key, const char *address_key)
{
	if (genesis_has(w, name_key) && genesis_has(w, address_key))
		return g_strdup_printf("%s (%s)", genesis_text(w, name_key),
				       genesis_text(w, address_key));
	return g_strdup(genesis_text(w, genesis_has(w, name_key) ? name_key : address_key));
}

static void tell_who(const struct writer *w)
{
	sheet_add_section(w->sheet, "WHO AND WHERE");
	add_plain(w, "Person", 2, g_strdup(genesis_text(w, "user")));
	add_plain(w, "Came from", 2, with_address(w, "viewer_address", "viewer_name"));
	add_plain(w, "Target", 2, with_address(w, "target", "target_address"));
	add_plain(w, "Account there", 2, g_strdup(genesis_text(w, "account")));
	add_plain(w, "Session", 1,
		  g_strdup_printf("%s, recorded on %s", w->manifest->session,
				  genesis_text(w, "node")));
}

static void tell_when(const struct writer *w)
{
	uint64_t began = w->recording->started_utc_us;
	g_autofree char *from = utc_text(began), *to = utc_text(began + w->recording->duration_us),
			*length = length_text(w->recording->duration_us),
			*span_from = utc_text(began + w->manifest->span_start_us),
			*span_to = utc_text(began + w->manifest->span_end_us),
			*span_length =
				length_text(w->manifest->span_end_us - w->manifest->span_start_us);

	sheet_add_section(w->sheet, "WHEN, BY THE RECORDER'S CLOCK");
	if (w->recording->sealed)
		add_plain(w, "Session", 1,
			  g_strdup_printf("%s to %s, %s long, ended: %s", from, to, length,
					  w->recording->end_reason));
	else
		add_plain(
			w, "Session", 1,
			g_strdup_printf("from %s; it had not ended when this file was made", from));
	add_plain(w, "In this file", 2,
		  g_strdup_printf("%s to %s, %s long, %s", span_from, span_to, span_length,
				  w->manifest->whole
					  ? "all of the recording"
					  : "which is a part of the recording, in whole segments"));
	add_plain(w, "Others say", 2, verdict_time_text(w->facts->verdict));
}

static char *gaps_text(const struct writer *w)
{
	const GPtrArray *gaps = w->recording->gaps;
	GString *text = g_string_new(NULL);
	uint64_t sum_us = 0;

	if (gaps->len == 0)
		return g_string_free(g_string_assign(text, "none"), FALSE);
	for (unsigned i = 0; i < gaps->len; i++) {
		const struct verify_gap *gap = gaps->pdata[i];
		sum_us += gap->end_us - gap->start_us;
	}
	g_string_append_printf(text, "%u in the whole recording, %.3f s not recorded: ", gaps->len,
			       (double)sum_us / 1e6);
	for (unsigned i = 0; i < MIN(gaps->len, GAPS_TOLD); i++) {
		const struct verify_gap *gap = gaps->pdata[i];
		g_autofree char *at = length_text(gap->start_us);
		g_string_append_printf(text, "%s%.3f s at %s (%s)", i > 0 ? "; " : "",
				       (double)(gap->end_us - gap->start_us) / 1e6, at,
				       gap->reason);
	}
	if (gaps->len > GAPS_TOLD)
		g_string_append_printf(text, "; and %u more", gaps->len - GAPS_TOLD);
	return g_string_free(text, FALSE);
}

static char *left_out_text(const struct writer *w)
{
	const GPtrArray *list = w->manifest->left_out;
	GString *text = g_string_new(NULL);

	for (unsigned i = 0; i < MIN(list->len, LEFT_OUT_TOLD); i++) {
		const struct manifest_omission *omission = list->pdata[i];
		g_string_append_printf(text, "%s%s (%s)", i > 0 ? "; " : "", omission->name,
				       omission->reason);
	}
	if (list->len > LEFT_OUT_TOLD)
		g_string_append_printf(text, "; and %u more", list->len - LEFT_OUT_TOLD);
	return g_string_free(text, FALSE);
}

static void tell_what(const struct writer *w)
{
	g_autofree char *created = iso_text(w->manifest->created);

	sheet_add_section(w->sheet, "WHAT IS IN IT");
	add_plain(w, "Pictures", 1,
		  g_strdup_printf("%" PRIu64 ", in %u of the recording's %u segments",
				  w->recording->n_frames, w->evidence->n_segments,
				  w->recording->n_segments));
	add_plain(w, "Gaps", 4, gaps_text(w));
	if (w->manifest->left_out->len > 0)
		add_plain(w, "Not in it", 2, left_out_text(w));
	add_plain(w, "Exported", 2,
		  g_strdup_printf("%s by %s on %s", created, w->manifest->created_by,
				  w->manifest->node));
	add_plain(w, "Purpose", 3,
		  g_strdup(w->manifest->purpose != NULL && w->manifest->purpose[0] != '\0'
				   ? w->manifest->purpose
				   : "not stated"));
}

static void tell_signer(const struct writer *w, const char *heading, const char *subject,
			const char *sha256)
{
	add_plain(w, heading, 2, g_strdup(subject != NULL ? subject : "unknown"));
	sheet_add_row(w->sheet, "  certificate", sha256, 1, SHEET_CODE);
}

static char *stamp_text(const struct writer *w)
{
	const struct evidence_stamp *stamp = &w->evidence->stamp;
	g_autofree char *utc = utc_text(stamp->utc_us);

	if (stamp->authority == NULL)
		return g_strdup("none over this export");
	return g_strdup_printf("%s by %s%s", utc, stamp->authority,
			       stamp->trusted ? "" : ", whom nobody named as trusted");
}

static void tell_proof(const struct writer *w)
{
	sheet_add_section(w->sheet, "WHAT PROVES IT, BY SHA-256");
	sheet_add_row(w->sheet, "Whole file", w->facts->file_sha256, 1, SHEET_CODE);
	sheet_add_row(w->sheet, "Video", w->manifest->video_sha256, 1, SHEET_CODE);
	sheet_add_row(w->sheet, "Manifest", w->evidence->manifest_sha256, 1, SHEET_CODE);
	tell_signer(w, "Recorder", w->recording->signer, w->evidence->recorder_sha256);
	tell_signer(w, "Exporter", w->evidence->exporter, w->evidence->exporter_sha256);
	add_plain(w, "Time stamp", 2, stamp_text(w));
	add_plain(w, "Node log", 1,
		  g_strdup(w->evidence->in_log
				   ? "a proof in the file shows that the recording stands in its "
				     "node's log"
				   : "no proof from the node's log in this file"));
}

static void tell_steps(const struct writer *w, const char *file)
{
	g_autofree char *quoted = g_shell_quote(file);
	g_autofree char *sum = g_strdup_printf("sha256sum %s", quoted);
	g_autofree char *verify = g_strdup_printf("vitrine verify %s --ca evidence-ca.pem", quoted);
	g_autofree char *unpack = g_strdup_printf(
		"size=$(tail -c 32 %s | cut -d ' ' -f 2); tail -c \"$size\" %s | tail -c +25 | tar "
		"-xf -",
		quoted, quoted);

	sheet_add_section(w->sheet, "HOW TO CHECK IT");
	sheet_add_step(
		w->sheet,
		"Is it the file this page speaks of? Its SHA-256 is the first one above, and "
		"what the code at the top says:",
		sum);
	sheet_add_step(w->sheet,
		       "Is it what was recorded? The answer must be the verdict at the top. The "
		       "page verify.html does the same in a browser, without a network. "
		       "evidence-ca.pem comes from whom you trust, never with the file:",
		       verify);
	sheet_add_step(
		w->sheet,
		"Without this product, with tar and openssl alone: the signature must verify, "
		"the last line must be the manifest's SHA-256 above; README.txt, which "
		"comes out of the file, goes on from there:",
		unpack);
	sheet_add_command(w->sheet,
			  "openssl cms -verify -binary -inform DER -in manifest.cms -content "
			  "manifest.json -CAfile evidence-ca.pem -out /dev/null");
	sheet_add_command(w->sheet, "sha256sum manifest.json");
}

/* Whose certificates the verdict stands under. */
static char *trusted_text(const char *ca_path)
{
	g_autofree char *pem = NULL, *name = NULL, *subject = NULL;
	char sha256[DIGEST_HEX_BYTES];

	if (ca_path == NULL)
		return g_strdup("no certificate was named as trusted");
	name = g_path_get_basename(ca_path);
	if (!g_file_get_contents(ca_path, &pem, NULL, NULL))
		return g_strdup_printf("trusted: %s", name);
	struct verify_trust *trust = verify_trust_create(pem);
	if (trust == NULL)
		return g_strdup_printf("trusted: the certificates in %s", name);
	subject = verify_trust_subject(trust, 0);
	verify_trust_fingerprint(trust, 0, sha256);
	verify_trust_destroy(trust);
	return g_strdup_printf("trusted: %s, fingerprint %s", subject, sha256);
}

/* What makes the verdict less than proven. */
static void append_findings(const struct verify_report *report, GString *text)
{
	for (unsigned i = 0; i < report->findings->len; i++) {
		const struct verify_finding *finding = report->findings->pdata[i];
		if (finding->class != VERIFY_NOTE)
			g_string_append_printf(text, " %s: %s.", verify_class_name(finding->class),
					       finding->text);
	}
}

static char *detail_text(const struct certificate_facts *facts)
{
	g_autofree char *trusted = trusted_text(facts->order->whom.ca);
	g_autofree char *now = utc_text(facts->utc_us);
	GString *text = g_string_new(NULL);

	g_string_append_printf(text, "Judged %s with Vitrine " VITRINE_VERSION "; %s.", now,
			       trusted);
	append_findings(facts->verdict->report, text);
	return g_string_free(text, FALSE);
}

static struct sheet *begin(const struct certificate_facts *facts, const char *file)
{
	const char *warning = verdict_warning(facts->verdict);
	g_autofree char *scan = g_strconcat("sha256:", facts->file_sha256, NULL);
	g_autofree char *size = g_format_size_full(facts->file_bytes, G_FORMAT_SIZE_LONG_FORMAT);
	g_autofree char *subtitle = g_strdup_printf("about the evidence file %s, %s", file, size);
	g_autofree char *words =
		g_strconcat(warning != NULL ? warning : "", warning != NULL ? " " : "",
			    verdict_text(facts->verdict), NULL);
	g_autofree char *detail = detail_text(facts);
	const struct sheet_head head = {
		.title = "Certificate of a recorded session",
		.subtitle = subtitle,
		.scan = scan,
		.scan_caption = "SHA-256 of the whole file",
		.tone = facts->verdict->code == VERDICT_PROVEN && warning == NULL &&
					facts->verdict->origin_asked
				? SHEET_GOOD
				: SHEET_WARNING,
		.verdict = words,
		.verdict_detail = detail,
		.footer = "This page was made from the file it names, after verifying it. It sums "
			  "up; "
			  "what proves is the file, where everything that ends in an ellipsis here "
			  "stands in full.",
		.utc_us = facts->utc_us,
	};

	return sheet_create(&head);
}

struct sheet *words_sheet(const struct certificate_facts *facts)
{
	const struct evidence_report *evidence = facts->verdict->evidence;
	const struct certificate_order *order = facts->order;
	g_autofree char *file = order->shown_name != NULL
					? g_strdup(order->shown_name)
					: g_path_get_basename(order->evidence_path);
	struct writer w = {
		.facts = facts,
		.recording = facts->verdict->report,
		.evidence = evidence,
		.manifest = &evidence->manifest,
		.genesis =
			evidence->genesis != NULL ? json_loads(evidence->genesis, 0, NULL) : NULL,
		.sheet = begin(facts, file),
	};

	tell_who(&w);
	tell_when(&w);
	tell_what(&w);
	tell_proof(&w);
	tell_steps(&w, file);
	json_decref(w.genesis);
	return w.sheet;
}
