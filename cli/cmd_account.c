/* vitrine account: the accounts Vitrine logs in with at targets. Secrets are sealed here
 * and cannot be read back. */
#include "base/secret.h"
#include "cli/cli.h"
#include "cli/prompt.h"
#include "cli/table.h"
#include "gateway/broker/vault.h"
#include "sql/target_store.h"

#include <stdio.h>
#include <string.h>

/* Asks for the secret of an account and seals it to its row; NULL: said why. */
static GBytes *ask_sealed(struct cli *cli, const char *target, const char *account, int password_fd)
{
	g_autoptr(GError) error = NULL;
	struct vault *vault = vault_create_from_file(cli->config->gateway.master_key_file, &error);
	GBytes *sealed = NULL;

	if (vault == NULL) {
		cli_say("%s", error->message);
		return NULL;
	}
	autosecret secret = prompt_secret("Password at the target", password_fd, 0, &error);
	g_autofree char *row = vault_account_row(target, account);
	if (secret != NULL)
		sealed = vault_seal(vault, row, secret, strlen(secret), &error);
	if (sealed == NULL)
		cli_say("%s", error->message);
	vault_destroy(vault);
	return sealed;
}

/* The seal is bound to the target's name as it was created. */
static bool find_target(struct cli *cli, const char *name, struct target **ret)
{
	g_autoptr(GError) error = NULL;

	if (!target_store_find(cli->db, name, ret, &error))
		cli_say("%s", error->message);
	else if (*ret == NULL)
		cli_say("there is no target '%s': see vitrine target list", name);
	else
		return true;
	return false;
}

static int run_add(struct cli *cli, int argc, char **argv)
{
	g_autofree char *domain = NULL;
	int password_fd = -1;
	const GOptionEntry entries[] = {
		{"domain", 'd', 0, G_OPTION_ARG_STRING, &domain, "Windows domain of the account",
		 "NAME"},
		{"password-fd", 0, 0, G_OPTION_ARG_INT, &password_fd,
		 "Read the password from this descriptor instead of the terminal", "N"},
		{0},
	};
	autorow(target) target = NULL;
	g_autoptr(GBytes) sealed = NULL;
	g_autoptr(GError) error = NULL;

	if (!cli_parse(cli, entries, 2, 2, &argc, &argv))
		return CLI_USAGE;
	if (!cli_open_db(cli) || !find_target(cli, argv[0], &target))
		return CLI_FAILED;
	sealed = ask_sealed(cli, target->name, argv[1], password_fd);
	if (sealed == NULL)
		return CLI_FAILED;
	bool ok = cli_begin(cli, "account-add", target->name,
			    json_pack("{s:s}", "account", argv[1]), &error) &&
		  account_store_add(cli->db, target->name, argv[1], domain, sealed, &error);
	if (!cli_commit(cli, ok, &error))
		return cli_explain(error, "account", argv[1]);
	printf("account %s on %s added; let somebody use it with vitrine grant add\n", argv[1],
	       target->name);
	return CLI_OK;
}

/* The account's own name as it was created is needed for the seal too. */
static char *find_account(struct cli *cli, const char *target, const char *name)
{
	g_autoptr(GPtrArray) accounts = NULL;
	g_autoptr(GError) error = NULL;

	if (!account_store_list(cli->db, target, &accounts, &error)) {
		cli_say("%s", error->message);
		return NULL;
	}
	g_autofree char *wanted = g_utf8_strdown(name, -1);
	for (unsigned i = 0; i < accounts->len; i++) {
		const struct account *account = accounts->pdata[i];
		g_autofree char *found = g_utf8_strdown(account->name, -1);
		if (strcmp(wanted, found) == 0)
			return g_strdup(account->name);
	}
	cli_say("there is no account '%s' on '%s': see vitrine account list %s", name, target,
		target);
	return NULL;
}

static int run_passwd(struct cli *cli, int argc, char **argv)
{
	int password_fd = -1;
	const GOptionEntry entries[] = {
		{"password-fd", 0, 0, G_OPTION_ARG_INT, &password_fd,
		 "Read the password from this descriptor instead of the terminal", "N"},
		{0},
	};
	autorow(target) target = NULL;
	g_autoptr(GBytes) sealed = NULL;
	g_autofree char *name = NULL;
	g_autoptr(GError) error = NULL;

	if (!cli_parse(cli, entries, 2, 2, &argc, &argv))
		return CLI_USAGE;
	if (!cli_open_db(cli) || !find_target(cli, argv[0], &target))
		return CLI_FAILED;
	name = find_account(cli, target->name, argv[1]);
	if (name == NULL)
		return CLI_FAILED;
	sealed = ask_sealed(cli, target->name, name, password_fd);
	if (sealed == NULL)
		return CLI_FAILED;
	bool ok = cli_begin(cli, "account-password", target->name,
			    json_pack("{s:s}", "account", name), &error) &&
		  account_store_set_secret(cli->db, target->name, name, sealed, &error);
	if (!cli_commit(cli, ok, &error))
		return cli_explain(error, "account", name);
	printf("password of %s on %s changed here; the target was not touched\n", name,
	       target->name);
	return CLI_OK;
}

static int run_list(struct cli *cli, int argc, char **argv)
{
	static const char *const headings[] = {"TARGET", "ACCOUNT", "DOMAIN", "GRANTED TO", NULL};
	g_autoptr(GPtrArray) accounts = NULL;
	g_autoptr(GError) error = NULL;

	if (!cli_parse(cli, NULL, 0, 1, &argc, &argv))
		return CLI_USAGE;
	if (!cli_open_db(cli))
		return CLI_FAILED;
	if (!account_store_list(cli->db, argc > 0 ? argv[0] : NULL, &accounts, &error))
		return cli_fail("%s", error->message);
	struct table *table = table_create(headings);
	for (unsigned i = 0; i < accounts->len; i++) {
		const struct account *account = accounts->pdata[i];
		table_add(table, account->target);
		table_add(table, account->name);
		table_add(table, account->domain[0] != '\0' ? account->domain : "-");
		table_add_format(table, "%u user%s", account->grants,
				 account->grants == 1 ? "" : "s");
	}
	table_print(table, "no accounts: add one with vitrine account add TARGET NAME");
	return CLI_OK;
}

static int run_remove(struct cli *cli, int argc, char **argv)
{
	g_autoptr(GError) error = NULL;

	if (!cli_parse(cli, NULL, 2, 2, &argc, &argv))
		return CLI_USAGE;
	if (!cli_open_db(cli))
		return CLI_FAILED;
	bool ok = cli_begin(cli, "account-remove", argv[0], json_pack("{s:s}", "account", argv[1]),
			    &error) &&
		  account_store_remove(cli->db, argv[0], argv[1], &error);
	if (!cli_commit(cli, ok, &error))
		return cli_explain(error, "account", argv[1]);
	printf("account %s on %s removed\n", argv[1], argv[0]);
	return CLI_OK;
}

const struct command account_commands[] = {
	{"account", "add", "TARGET NAME", "Store an account to log in with at a target", run_add},
	{"account", "list", "[TARGET]", "List accounts, never their passwords", run_list},
	{"account", "passwd", "TARGET NAME", "Store a new password of an account", run_passwd},
	{"account", "remove", "TARGET NAME", "Forget an account and its grants", run_remove},
	{0},
};
