/* vitrine user: the people who may log in. */
#include "base/password.h"
#include "base/secret.h"
#include "cli/cli.h"
#include "cli/prompt.h"
#include "cli/table.h"
#include "sql/user_store.h"

#include <stdio.h>

static const char password_fd_help[] =
	"Read the password from this descriptor instead of the terminal";

/* Hashes what the operator types; NULL: said why. */
static char *ask_password_hash(int password_fd)
{
	g_autoptr(GError) error = NULL;
	autosecret password = prompt_secret("Password", password_fd, PASSWORD_MIN_BYTES, &error);

	if (password == NULL) {
		cli_say("%s", error->message);
		return NULL;
	}
	char *hash = password_hash(password);
	if (hash == NULL)
		cli_say("the password cannot be hashed: not enough memory");
	return hash;
}

static int run_add(struct cli *cli, int argc, char **argv)
{
	g_autofree char *role_text = NULL;
	int password_fd = -1;
	const GOptionEntry entries[] = {
		{"role", 'r', 0, G_OPTION_ARG_STRING, &role_text,
		 "user (default), watcher, auditor or admin", "ROLE"},
		{"password-fd", 0, 0, G_OPTION_ARG_INT, &password_fd, password_fd_help, "N"},
		{0},
	};
	g_autoptr(GError) error = NULL;

	if (!cli_parse(cli, entries, 1, 1, &argc, &argv))
		return CLI_USAGE;
	enum user_role role = role_text == NULL ? USER_ROLE_USER : user_role_from_key(role_text);
	if (role == 0) {
		cli_say("'%s' is no role: user, watcher, auditor or admin", role_text);
		return CLI_USAGE;
	}
	if (!cli_open_db(cli))
		return CLI_FAILED;
	g_autofree char *hash = ask_password_hash(password_fd);
	if (hash == NULL)
		return CLI_FAILED;
	bool ok = cli_begin(cli, "user-add", argv[0],
			    json_pack("{s:s}", "role", user_role_key(role)), &error) &&
		  user_store_add(cli->db, argv[0], hash, role, &error);
	if (!cli_commit(cli, ok, &error))
		return cli_explain(error, "user", argv[0]);
	printf("user %s added as %s\n", argv[0], user_role_key(role));
	return CLI_OK;
}

static int run_list(struct cli *cli, int argc, char **argv)
{
	static const char *const headings[] = {"LOGIN",	  "ROLE",	"STATE",
					       "CREATED", "LAST LOGIN", NULL};
	g_autoptr(GPtrArray) users = NULL;
	g_autoptr(GError) error = NULL;

	if (!cli_parse(cli, NULL, 0, 0, &argc, &argv))
		return CLI_USAGE;
	if (!cli_open_db(cli))
		return CLI_FAILED;
	if (!user_store_list(cli->db, &users, &error))
		return cli_fail("%s", error->message);
	struct table *table = table_create(headings);
	for (unsigned i = 0; i < users->len; i++) {
		const struct user *user = users->pdata[i];
		g_autofree char *created = cli_time(user->created_utc_us);
		g_autofree char *last = cli_time(user->last_login_utc_us);
		table_add(table, user->login);
		table_add(table, user_role_key(user->role));
		table_add(table, user->disabled ? "disabled" : "enabled");
		table_add(table, created);
		table_add(table, last);
	}
	table_print(table, "no users: add one with vitrine user add LOGIN");
	return CLI_OK;
}

static int run_remove(struct cli *cli, int argc, char **argv)
{
	g_autoptr(GError) error = NULL;

	if (!cli_parse(cli, NULL, 1, 1, &argc, &argv))
		return CLI_USAGE;
	if (!cli_open_db(cli))
		return CLI_FAILED;
	bool ok = cli_begin(cli, "user-remove", argv[0], NULL, &error) &&
		  user_store_remove(cli->db, argv[0], &error);
	if (!cli_commit(cli, ok, &error))
		return cli_explain(error, "user", argv[0]);
	printf("user %s removed; what is recorded of them stays\n", argv[0]);
	return CLI_OK;
}

static int run_passwd(struct cli *cli, int argc, char **argv)
{
	int password_fd = -1;
	const GOptionEntry entries[] = {
		{"password-fd", 0, 0, G_OPTION_ARG_INT, &password_fd, password_fd_help, "N"},
		{0},
	};
	g_autoptr(GError) error = NULL;

	if (!cli_parse(cli, entries, 1, 1, &argc, &argv))
		return CLI_USAGE;
	if (!cli_open_db(cli))
		return CLI_FAILED;
	g_autofree char *hash = ask_password_hash(password_fd);
	if (hash == NULL)
		return CLI_FAILED;
	bool ok = cli_begin(cli, "user-password", argv[0], NULL, &error) &&
		  user_store_set_password(cli->db, argv[0], hash, &error);
	if (!cli_commit(cli, ok, &error))
		return cli_explain(error, "user", argv[0]);
	printf("password of %s changed\n", argv[0]);
	return CLI_OK;
}

static int set_disabled(struct cli *cli, int argc, char **argv, bool disabled)
{
	g_autoptr(GError) error = NULL;

	if (!cli_parse(cli, NULL, 1, 1, &argc, &argv))
		return CLI_USAGE;
	if (!cli_open_db(cli))
		return CLI_FAILED;
	bool ok =
		cli_begin(cli, disabled ? "user-disable" : "user-enable", argv[0], NULL, &error) &&
		user_store_set_disabled(cli->db, argv[0], disabled, &error);
	if (!cli_commit(cli, ok, &error))
		return cli_explain(error, "user", argv[0]);
	printf("user %s %s\n", argv[0],
	       disabled ? "disabled; running sessions go on: see vitrine session list" : "enabled");
	return CLI_OK;
}

static int run_disable(struct cli *cli, int argc, char **argv)
{
	return set_disabled(cli, argc, argv, true);
}

static int run_enable(struct cli *cli, int argc, char **argv)
{
	return set_disabled(cli, argc, argv, false);
}

static int run_role(struct cli *cli, int argc, char **argv)
{
	g_autoptr(GError) error = NULL;

	if (!cli_parse(cli, NULL, 2, 2, &argc, &argv))
		return CLI_USAGE;
	enum user_role role = user_role_from_key(argv[1]);
	if (role == 0) {
		cli_say("'%s' is no role: user, watcher, auditor or admin", argv[1]);
		return CLI_USAGE;
	}
	if (!cli_open_db(cli))
		return CLI_FAILED;
	bool ok =
		cli_begin(cli, "user-role", argv[0], json_pack("{s:s}", "role", argv[1]), &error) &&
		user_store_set_role(cli->db, argv[0], role, &error);
	if (!cli_commit(cli, ok, &error))
		return cli_explain(error, "user", argv[0]);
	printf("user %s is now %s\n", argv[0], argv[1]);
	return CLI_OK;
}

const struct command user_commands[] = {
	{"user", "add", "LOGIN", "Add a person who may log in", run_add},
	{"user", "list", "", "List all users", run_list},
	{"user", "remove", "LOGIN", "Remove a user with grants and one-time passwords", run_remove},
	{"user", "passwd", "LOGIN", "Set a user's password", run_passwd},
	{"user", "role", "LOGIN ROLE", "Make a user a user, watcher, auditor or admin", run_role},
	{"user", "disable", "LOGIN", "Refuse a user's logins", run_disable},
	{"user", "enable", "LOGIN", "Allow a user's logins again", run_enable},
	{0},
};
