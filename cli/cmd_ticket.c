/* vitrine ticket: one-time passwords for the NLA door. The password is shown once and kept
 * nowhere. */
#include "base/clock.h"
#include "base/password.h"
#include "base/secret.h"
#include "cli/cli.h"
#include "gateway/broker/nt_hash.h"
#include "gateway/broker/vault.h"
#include "sql/target_store.h"
#include "sql/ticket_store.h"

#include <stdio.h>

#define PASSWORD_CHARACTERS 20u /* 116 bits */
#define MINUTES_DEFAULT 10
#define MINUTES_MAX (24 * 60)

/* The account when it goes without saying: the only one the user was granted there. NULL: said
 * why. */
static char *only_account(struct cli *cli, const char *login, const char *target)
{
	g_autoptr(GPtrArray) grants = NULL;
	g_autoptr(GError) error = NULL;

	if (!grant_store_list(cli->db, login, target, &grants, &error))
		cli_say("%s", error->message);
	else if (grants->len == 0)
		cli_say("user '%s' was granted no account on '%s': see vitrine grant add", login,
			target);
	else if (grants->len > 1)
		cli_say("user '%s' was granted %u accounts on '%s': name one", login, grants->len,
			target);
	else
		return g_strdup(((struct grant *)grants->pdata[0])->account);
	return NULL;
}

static GBytes *seal_hash(struct cli *cli, const char *id, const char *password, GError **error)
{
	struct nt_hasher *hasher = nt_hasher_create(error);
	struct vault *vault =
		hasher != NULL ? vault_create_from_file(cli->config->gateway.master_key_file, error)
			       : NULL;
	g_autofree char *row = vault_ticket_row(id);
	uint8_t hash[NT_HASH_BYTES];
	GBytes *sealed = NULL;

	if (vault != NULL) {
		if (nt_hash_password(hasher, password, hash) == 0)
			sealed = vault_seal(vault, row, hash, sizeof hash, error);
		else
			g_set_error_literal(error, NT_HASH_ERROR, NT_HASH_ERROR_PROVIDER,
					    "the one-time password cannot be hashed");
		secret_wipe(hash, sizeof hash);
	}
	vault_destroy(vault);
	nt_hasher_destroy(hasher);
	return sealed;
}

static int create(struct cli *cli, const char *login, const char *target, const char *account,
		  int minutes)
{
	g_autofree char *id = g_uuid_string_random();
	uint64_t expires_utc_us = clock_utc_us() + (uint64_t)minutes * 60u * 1000000u;
	autosecret password = password_generate(PASSWORD_CHARACTERS);
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) sealed = seal_hash(cli, id, password, &error);

	if (sealed == NULL)
		return cli_fail("%s", error->message);
	json_t *detail = json_pack("{s:s, s:s, s:s, s:i}", "ticket", id, "target", target,
				   "account", account, "minutes", minutes);
	bool ok = cli_begin(cli, "ticket-create", login, detail, &error) &&
		  ticket_store_create(cli->db, id, login, target, account, sealed, expires_utc_us,
				      &error);
	if (!cli_commit(cli, ok, &error))
		return cli_fail("%s", error->message);
	g_autofree char *until = cli_time(expires_utc_us);
	fprintf(stderr, "One-time password of %s for account %s on %s, good once until %s UTC:\n",
		login, account, target, until);
	printf("%s\n", password);
	return CLI_OK;
}

static int run_create(struct cli *cli, int argc, char **argv)
{
	int minutes = MINUTES_DEFAULT;
	const GOptionEntry entries[] = {
		{"minutes", 'm', 0, G_OPTION_ARG_INT, &minutes,
		 "How long it may wait to be used (10)", "N"},
		{0},
	};

	if (!cli_parse(cli, entries, 2, 3, &argc, &argv))
		return CLI_USAGE;
	if (minutes < 1 || minutes > MINUTES_MAX) {
		cli_say("--minutes must be 1 to %d", MINUTES_MAX);
		return CLI_USAGE;
	}
	if (!cli_open_db(cli))
		return CLI_FAILED;
	g_autofree char *account =
		argc > 2 ? g_strdup(argv[2]) : only_account(cli, argv[0], argv[1]);
	if (account == NULL)
		return CLI_FAILED;
	return create(cli, argv[0], argv[1], account, minutes);
}

const struct command ticket_commands[] = {
	{"ticket", "create", "USER TARGET [ACCOUNT]", "Make a one-time password for an NLA login",
	 run_create},
	{0},
};
