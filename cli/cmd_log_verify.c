/* vitrine log verify: judges the node log. Needs the store; the database only for audit records. */
#include "base/text.h"
#include "cli/cmd_log.h"
#include "evidence/verdict.h"
#include "recorder/nodelog/log_check.h"
#include "sql/audit_store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PAGE_ROWS 1000u

struct verify_options {
	char *store, *ca, *crl;
	char **heads;
	gboolean json, no_database;
};

/* False: the database cannot be asked; said why. */
static bool compare_audit(struct cli *cli, struct log_check *check)
{
	g_autoptr(GError) error = NULL;
	uint64_t last = 0;
	unsigned n;

	if (!cli_open_db(cli))
		return false;
	do {
		g_autoptr(GPtrArray) rows = NULL;
		if (!audit_store_after(cli->db, last, PAGE_ROWS, &rows, &error)) {
			cli_say("%s", error->message);
			return false;
		}
		n = rows->len;
		for (unsigned i = 0; i < n; i++) {
			const struct audit_row *row = rows->pdata[i];
			g_autofree char *json = audit_row_json(row);
			char sha256[DIGEST_HEX_BYTES];
			digest_hex_of(json, strlen(json), sha256);
			log_check_audit(check, row->number, sha256);
			last = row->number;
		}
	} while (n == PAGE_ROWS);
	log_check_audit_end(check);
	return true;
}

/* What nobody compared is said, and so is what nobody was named for. */
static char *sound_words(const struct verify_options *options, bool with_audit)
{
	bool named = options->ca != NULL, kept = options->heads != NULL;

	return g_strdup_printf(
		"%s: log%s agree%s.%s%s%s", named && kept ? "PROVEN" : "WHOLE",
		with_audit ? ", recordings and audit records" : " and recordings",
		kept ? ", and with the heads that were kept elsewhere" : "",
		kept ? ""
		     : " That the log was not written anew shows a head kept elsewhere: --head.",
		named ? "" : " Who signed is not proven: name the trusted certificate with --ca.",
		with_audit ? "" : " Audit records were not compared.");
}

static char *verdict_words(int code, const struct verify_options *options, bool with_audit)
{
	switch (code) {
	case VERDICT_BROKEN:
		return g_strdup("BROKEN: the log, or what it speaks of, is not what was signed: "
				"the findings below say what.");
	case VERDICT_UNTRUSTED:
		return g_strdup("UNTRUSTED: the log holds, but somebody else may have made it: a "
				"certificate behind it is not to be trusted, see below.");
	case VERDICT_INCOMPLETE:
		return g_strdup("INCOMPLETE: what is signed holds, but not everything is signed, "
				"see below. While the recorder runs it signs what is new within "
				"recorder.log.head_seconds: ask again then.");
	default:
		return sound_words(options, with_audit);
	}
}

static void print_number(const char *heading, uint64_t value)
{
	printf("  %-14s %" G_GUINT64_FORMAT "\n", heading, value);
}

static void print_text(const char *heading, const char *text)
{
	g_autofree char *clean = text_clean(text != NULL ? text : "unknown");

	printf("  %-14s %s\n", heading, clean);
}

/* What makes the verdict comes first. */
static void print_findings(const struct log_check_report *report)
{
	for (int rank = VERIFY_BROKEN; rank <= VERIFY_NOTE; rank++)
		for (unsigned i = 0; i < report->findings->len; i++) {
			const struct log_finding *finding = report->findings->pdata[i];
			g_autofree char *clean = text_clean(finding->text);
			if ((int)finding->class == rank)
				printf("%s: %s\n", verify_class_name(finding->class), clean);
		}
}

static void print_report(const struct log_check_report *report, const char *words, bool with_audit)
{
	puts(words);
	print_text("node", report->node);
	print_text("signed by", report->signer);
	print_text("newest head", report->newest_utc);
	print_number("leaves", report->n_leaves);
	print_number("signed leaves", report->n_signed);
	print_number("heads", report->n_heads);
	print_number("kept heads", report->n_outside_heads);
	print_number("recordings", report->n_recordings);
	if (with_audit)
		print_number("audit records", report->n_audit_rows);
	else
		print_text("audit records", "not compared");
	print_findings(report);
}

static json_t *findings_json(const struct log_check_report *report)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < report->findings->len; i++) {
		const struct log_finding *finding = report->findings->pdata[i];
		g_autofree char *text = g_utf8_make_valid(finding->text, -1);
		json_array_append_new(list,
				      json_pack("{s:s, s:s}", "class",
						verify_class_name(finding->class), "text", text));
	}
	return list;
}

static bool print_json(const struct log_check_report *report, int code, bool with_audit)
{
	static const char *const verdicts[] = {"whole",	 "unreadable", "unreadable",
					       "broken", "untrusted",  "incomplete"};
	json_t *object = json_pack(
		"{s:s, s:s?, s:s?, s:s?, s:I, s:I, s:I, s:I, s:I, s:b, s:I, s:o}", "verdict",
		verdicts[code], "node", report->node, "signer", report->signer, "newest_utc",
		report->newest_utc, "leaves", (json_int_t)report->n_leaves, "signed_leaves",
		(json_int_t)report->n_signed, "heads", (json_int_t)report->n_heads, "kept_heads",
		(json_int_t)report->n_outside_heads, "recordings", (json_int_t)report->n_recordings,
		"audit_compared", with_audit, "audit_records", (json_int_t)report->n_audit_rows,
		"findings", findings_json(report));
	bool ok = object != NULL && json_dumpf(object, stdout, JSON_INDENT(2)) == 0;

	putchar('\n');
	json_decref(object);
	return ok;
}

static int explain_open(const struct log_check *check, const char *store, int result)
{
	if (result == -EPROTONOSUPPORT)
		return cli_fail("the log has a head of version %" G_GUINT64_FORMAT
				", which this program does not know: update it before you judge",
				log_check_report(check)->version);
	if (result == -ENOENT)
		return cli_fail("%s has no node log, or a file that was named is missing", store);
	if (result == -EINVAL)
		return cli_fail("a file that was named holds no certificate, no revocation list, "
				"or no head");
	return cli_fail("the log in %s cannot be read: %s", store, g_strerror(-result));
}

static int judge(struct cli *cli, const struct verify_options *options, const char *store,
		 struct log_check *check)
{
	int result = log_check_recordings(check);

	if (result < 0)
		return cli_fail("the recordings in %s cannot be read: %s", store,
				g_strerror(-result));
	if (!options->no_database && !compare_audit(cli, check))
		return cli_fail("audit records cannot be compared; --no-database leaves them out");
	const struct log_check_report *report = log_check_report(check);
	int code = verdict_code_of(log_check_worst(check));
	bool with_audit = !options->no_database;
	if (options->json)
		return print_json(report, code, with_audit) ? code : CLI_FAILED;
	g_autofree char *words = verdict_words(code, options, with_audit);
	print_report(report, words, with_audit);
	return code;
}

static int verify(struct cli *cli, const struct verify_options *options)
{
	const char *store = log_store_dir(cli, options->store);
	struct log_check *check;

	if (store == NULL)
		return CLI_FAILED;
	const struct log_check_settings settings = {
		store, options->ca, (const char *const *)options->heads, options->crl};
	int result = log_check_open(&settings, &check);
	int code = result == 0 ? judge(cli, options, store, check)
			       : explain_open(check, store, result);
	log_check_close(check);
	return code;
}

int run_log_verify(struct cli *cli, int argc, char **argv)
{
	struct verify_options options = {0};
	const GOptionEntry entries[] = {
		{"ca", 0, 0, G_OPTION_ARG_FILENAME, &options.ca,
		 "PEM file with the CA or the certificates to trust", "FILE"},
		{"crl", 0, 0, G_OPTION_ARG_FILENAME, &options.crl,
		 "PEM file with revocation lists of the CA's", "FILE"},
		{"head", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.heads,
		 "Heads kept elsewhere, also as a syslog daemon writes them; may be repeated",
		 "FILE"},
		{"no-database", 0, 0, G_OPTION_ARG_NONE, &options.no_database,
		 "Do not compare audit records", NULL},
		{"json", 'j', 0, G_OPTION_ARG_NONE, &options.json, "Print the report as JSON",
		 NULL},
		{0},
	};

	log_add_store_option(cli, &options.store);
	int code = cli_parse(cli, entries, 0, 0, &argc, &argv) ? verify(cli, &options) : CLI_USAGE;
	g_free(options.store);
	g_free(options.ca);
	g_free(options.crl);
	g_strfreev(options.heads);
	return code;
}
