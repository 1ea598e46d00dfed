/* vitrine log: judging the node log, proving from it, showing its heads. Needs the store; the database only for audit records. */
#include "base/text.h"
#include "cli/cli.h"
#include "cli/table.h"
#include "evidence/verdict.h"
#include "recorder/nodelog/log_check.h"
#include "recorder/nodelog/proof.h"
#include "sql/audit_store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PAGE_ROWS 1000u

/* The store that an option names, or the configuration's. NULL: said why. */
static const char *store_dir(struct cli *cli, const char *option)
{
	if (option != NULL)
		return option;
	if (!cli_load_config(cli))
		return NULL;
	const char *dir = cli->config->recorder.store_dir;
	if (dir == NULL || dir[0] == '\0')
		cli_say("recorder.store_dir is not set; name the store with --store");
	return dir != NULL && dir[0] != '\0' ? dir : NULL;
}

#define STORE_OPTION(variable)                                                                     \
	{                                                                                          \
		"store", 's', 0, G_OPTION_ARG_FILENAME, &(variable),                               \
			"The recorder's store (default: recorder.store_dir)", "DIR"                \
	}

/* ---- verify ---- */

struct verify_options {
	char *store, *ca;
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

static int verdict_code(const struct log_check *check)
{
	switch (log_check_worst(check)) {
	case VERIFY_BROKEN:
		return VERDICT_BROKEN;
	case VERIFY_UNTRUSTED:
		return VERDICT_UNTRUSTED;
	case VERIFY_INCOMPLETE:
		return VERDICT_INCOMPLETE;
	case VERIFY_NOTE:
		break;
	}
	return CLI_OK;
}

static const char *verdict_words(int code, const struct verify_options *options, bool with_audit)
{
	switch (code) {
	case VERDICT_BROKEN:
		return "BROKEN: the log, or what it speaks of, is not what was signed.";
	case VERDICT_UNTRUSTED:
		return "UNTRUSTED: the log holds, but under a certificate that was not named.";
	case VERDICT_INCOMPLETE:
		return "INCOMPLETE: what is signed holds, but not everything is signed yet.";
	default:
		break;
	}
	if (options->heads == NULL)
		return with_audit
			       ? "WHOLE: log, recordings and audit records agree. That the log was "
				 "not written anew shows a head kept elsewhere: --head."
			       : "WHOLE: log and recordings agree. That the log was not written "
				 "anew shows a head kept elsewhere: --head.";
	return with_audit ? "PROVEN: log, recordings and audit records agree, and with the heads "
			    "that were kept elsewhere."
			  : "PROVEN: log and recordings agree, and with the heads that were kept "
			    "elsewhere.";
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
	for (unsigned i = 0; i < report->findings->len; i++) {
		const struct log_finding *finding = report->findings->pdata[i];
		g_autofree char *clean = text_clean(finding->text);
		printf("%s: %s\n", verify_class_name(finding->class), clean);
	}
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
		return cli_fail("a file that was named holds no certificate, or no head");
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
	int code = verdict_code(check);
	bool with_audit = !options->no_database;
	if (options->json)
		return print_json(report, code, with_audit) ? code : CLI_FAILED;
	print_report(report, verdict_words(code, options, with_audit), with_audit);
	return code;
}

static int verify(struct cli *cli, const struct verify_options *options)
{
	const char *store = store_dir(cli, options->store);
	struct log_check *check;

	if (store == NULL)
		return CLI_FAILED;
	const struct log_check_settings settings = {store, options->ca,
						    (const char *const *)options->heads};
	int result = log_check_open(&settings, &check);
	int code = result == 0 ? judge(cli, options, store, check)
			       : explain_open(check, store, result);
	log_check_close(check);
	return code;
}

static int run_log_verify(struct cli *cli, int argc, char **argv)
{
	struct verify_options options = {0};
	const GOptionEntry entries[] = {
		STORE_OPTION(options.store),
		{"ca", 0, 0, G_OPTION_ARG_FILENAME, &options.ca,
		 "PEM file with the CA or the certificates to trust", "FILE"},
		{"head", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.heads,
		 "Heads kept elsewhere, also as a syslog daemon writes them; may be repeated",
		 "FILE"},
		{"no-database", 0, 0, G_OPTION_ARG_NONE, &options.no_database,
		 "Do not compare audit records", NULL},
		{"json", 'j', 0, G_OPTION_ARG_NONE, &options.json, "Print the report as JSON",
		 NULL},
		{0},
	};

	int code = cli_parse(cli, entries, 0, 0, &argc, &argv) ? verify(cli, &options) : CLI_USAGE;
	g_free(options.store);
	g_free(options.ca);
	g_strfreev(options.heads);
	return code;
}

/* ---- prove ---- */

static int put_proof(const char *dir, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	g_autoptr(GError) error = NULL;

	if (text == NULL)
		return CLI_OK;
	if (!g_file_set_contents(path, text, -1, &error))
		return cli_fail("%s", error->message);
	puts(path);
	return CLI_OK;
}

static int prove_session(const char *store, const char *session, const char *output)
{
	g_autofree char *genesis = NULL, *seal = NULL, *pem = NULL;
	int result = proof_make_both(store, session, &genesis, &seal, &pem);

	if (result < 0)
		return cli_fail("the log in %s cannot be read: %s", store, g_strerror(-result));
	if (genesis == NULL)
		return cli_fail("no signed leaf of the log knows recording %s", session);
	if (put_proof(output, "log-genesis.json", genesis) != CLI_OK ||
	    put_proof(output, "log-seal.json", seal) != CLI_OK ||
	    put_proof(output, "log-certificate.pem", pem) != CLI_OK)
		return CLI_FAILED;
	if (seal == NULL)
		cli_say("the recording is not sealed, or its seal is not signed yet: only its "
			"beginning is proven");
	return CLI_OK;
}

static int prove_consistency(const char *store, const char *head_path, const char *output)
{
	g_autoptr(GPtrArray) heads = NULL;
	g_autofree char *json = NULL;
	int result = view_read_heads(head_path, &heads);

	if (result < 0 || heads->len == 0)
		return cli_fail("%s %s", head_path,
				result < 0 ? "cannot be read" : "holds no head");
	const struct view_head *head = heads->pdata[0];
	result = proof_make_consistency(store, head->line, &json);
	if (result < 0)
		return cli_fail("that the log goes on from the head in %s cannot be proven: %s",
				head_path,
				result == -EINVAL ? "it is newer than the log, or not a head"
						  : g_strerror(-result));
	return put_proof(output, "log-consistency.json", json);
}

static int run_log_prove(struct cli *cli, int argc, char **argv)
{
	g_autofree char *store_option = NULL, *head = NULL, *output = NULL;
	const GOptionEntry entries[] = {
		STORE_OPTION(store_option),
		{"since", 0, 0, G_OPTION_ARG_FILENAME, &head,
		 "Prove that the log goes on from the first head in this file", "FILE"},
		{"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "Where proofs go (.)", "DIR"},
		{0},
	};

	if (!cli_parse(cli, entries, 0, 1, &argc, &argv))
		return CLI_USAGE;
	if (argc == 0 && head == NULL) {
		cli_say("name a session, or an older head with --since");
		return CLI_USAGE;
	}
	const char *store = store_dir(cli, store_option);
	if (store == NULL)
		return CLI_FAILED;
	const char *dir = output != NULL ? output : ".";
	int code = argc == 1 ? prove_session(store, argv[0], dir) : CLI_OK;
	return code == CLI_OK && head != NULL ? prove_consistency(store, head, dir) : code;
}

/* ---- heads ---- */

static void print_raw(const struct view *view, unsigned skip)
{
	for (unsigned i = skip; i < view->heads->len; i++) {
		const struct view_head *head = view->heads->pdata[i];
		puts(head->line);
	}
}

static void print_heads(const struct view *view, unsigned skip)
{
	static const char *const headings[] = {"SIGNED", "LEAVES", "ROOT", NULL};
	struct table *table = table_create(headings);

	for (unsigned i = skip; i < view->heads->len; i++) {
		const struct view_head *head = view->heads->pdata[i];
		char root[MERKLE_HEX_BYTES];
		if (head->result != 0)
			continue;
		merkle_hex(&head->head.root, root);
		table_add(table, head->head.utc);
		table_add_format(table, "%" G_GUINT64_FORMAT, head->head.size);
		table_add(table, root);
	}
	table_print(table, "no heads");
}

static int run_log_heads(struct cli *cli, int argc, char **argv)
{
	g_autofree char *store_option = NULL;
	int limit = 20;
	gboolean raw = FALSE;
	const GOptionEntry entries[] = {
		STORE_OPTION(store_option),
		{"limit", 'n', 0, G_OPTION_ARG_INT, &limit, "How many of the newest (20)", "N"},
		{"raw", 0, 0, G_OPTION_ARG_NONE, &raw, "Whole signed lines, to be kept elsewhere",
		 NULL},
		{0},
	};
	struct view *view;

	if (!cli_parse(cli, entries, 0, 0, &argc, &argv))
		return CLI_USAGE;
	const char *store = store_dir(cli, store_option);
	if (store == NULL)
		return CLI_FAILED;
	int result = view_open(store, NULL, NULL, &view);
	if (result < 0)
		return cli_fail("the log in %s cannot be read: %s", store, g_strerror(-result));
	unsigned n = view->heads->len, skip = n - MIN(n, (unsigned)MAX(limit, 0));
	if (raw)
		print_raw(view, skip);
	else
		print_heads(view, skip);
	view_close(view);
	return CLI_OK;
}

const struct command log_commands[] = {
	{"log", "verify", "", "Judge the node log against recordings and audit records",
	 run_log_verify},
	{"log", "prove", "[SESSION]", "Write proofs of a recording's leaves", run_log_prove},
	{"log", "heads", "", "Show the newest signed heads", run_log_heads},
	{0},
};
