/* vitrine log: proves from the node log, shows its heads. Needs the store alone;
 * cmd_log_verify.c judges. */
#include "cli/cmd_log.h"
#include "cli/table.h"
#include "evidence/verdict.h"
#include "recorder/nodelog/proof.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void log_add_store_option(struct cli *cli, char **ret)
{
	const GOptionEntry entries[] = {
		{"store", 's', 0, G_OPTION_ARG_FILENAME, ret,
		 "The recorder's store (default: recorder.store_dir)", "DIR"},
		{0},
	};

	cli_add_options(cli, entries);
}

const char *log_store_dir(struct cli *cli, const char *option)
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

/* The first head of a file; NULL: said why. */
static char *first_head(const char *path)
{
	g_autoptr(GPtrArray) heads = NULL;
	int result = view_read_heads(path, &heads);

	if (result == 0 && heads->len > 0)
		return g_strdup(((const struct view_head *)heads->pdata[0])->line);
	cli_say("%s %s", path, result < 0 ? "cannot be read" : "holds no head");
	return NULL;
}

/* What is handed over must hold; a log that was cut or written anew gives a proof that does not. */
static bool holds(const char *json, const char *pem, char **ret_why)
{
	struct verify_trust *certificates = pem != NULL ? verify_trust_create(pem) : NULL;
	struct consistency_proof proof;
	bool ok = false;

	if (certificates == NULL || consistency_parse(json, strlen(json), &proof) < 0) {
		*ret_why = g_strdup("the log's certificate cannot be read");
	} else {
		ok = consistency_holds(&proof, certificates, ret_why);
		consistency_clear(&proof);
	}
	verify_trust_destroy(certificates);
	return ok;
}

static int prove_consistency(const char *store, const char *since, const char *until,
			     const char *output)
{
	g_autofree char *older = first_head(since), *newer = NULL;
	g_autofree char *json = NULL, *pem = NULL, *why = NULL;

	if (older == NULL || (until != NULL && (newer = first_head(until)) == NULL))
		return CLI_FAILED;
	int result = proof_make_consistency(store, older, newer, &json, &pem);
	if (result < 0)
		return cli_fail("that the log goes on from the head in %s cannot be proven: %s",
				since,
				result == -EINVAL ? "a head is newer than the log, or not one, or "
						    "they are in the wrong order"
						  : g_strerror(-result));
	if (!holds(json, pem, &why)) {
		cli_say("the log does not go on from the head in %s: %s", since, why);
		return VERDICT_BROKEN;
	}
	return put_proof(output, "log-consistency.json", json) == CLI_OK
		       ? put_proof(output, "log-certificate.pem", pem)
		       : CLI_FAILED;
}

static int run_log_prove(struct cli *cli, int argc, char **argv)
{
	g_autofree char *store_option = NULL, *since = NULL, *until = NULL, *output = NULL;
	const GOptionEntry entries[] = {
		{"since", 0, 0, G_OPTION_ARG_FILENAME, &since,
		 "Prove that the log goes on from the first head in this file", "FILE"},
		{"until", 0, 0, G_OPTION_ARG_FILENAME, &until,
		 "With --since: up to the first head in this file, not the newest", "FILE"},
		{"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "Where proofs go (.)", "DIR"},
		{0},
	};

	log_add_store_option(cli, &store_option);
	if (!cli_parse(cli, entries, 0, 1, &argc, &argv))
		return CLI_USAGE;
	if ((argc == 0 || until != NULL) && since == NULL) {
		cli_say("name a session, or an older head with --since");
		return CLI_USAGE;
	}
	const char *store = log_store_dir(cli, store_option);
	if (store == NULL)
		return CLI_FAILED;
	const char *dir = output != NULL ? output : ".";
	if (g_mkdir_with_parents(dir, 0755) != 0)
		return cli_fail("%s: %s", dir, g_strerror(errno));
	int code = argc == 1 ? prove_session(store, argv[0], dir) : CLI_OK;
	return code == CLI_OK && since != NULL ? prove_consistency(store, since, until, dir) : code;
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
		{"limit", 'n', 0, G_OPTION_ARG_INT, &limit, "How many of the newest (20)", "N"},
		{"raw", 0, 0, G_OPTION_ARG_NONE, &raw, "Whole signed lines, to be kept elsewhere",
		 NULL},
		{0},
	};
	struct view *view;

	log_add_store_option(cli, &store_option);
	if (!cli_parse(cli, entries, 0, 0, &argc, &argv))
		return CLI_USAGE;
	const char *store = log_store_dir(cli, store_option);
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
