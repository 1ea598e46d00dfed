/* vitrine grant: which user may use which account on which target. */
#include "cli/cli.h"
#include "cli/table.h"
#include "sql/target_store.h"

#include <stdio.h>

static json_t *grant_detail(char **names)
{
	return json_pack("{s:s, s:s}", "target", names[1], "account", names[2]);
}

/* What add and set share. */
struct policy_options {
	int idle_minutes;
	char *banner, *keys, *quality;
};
#define POLICY_OPTIONS_NONE                                                                        \
	{                                                                                          \
		.idle_minutes = -1                                                                 \
	}
#define IDLE_MINUTES_MAX 1440

static void policy_options_clear(struct policy_options *options)
{
	g_free(options->banner);
	g_free(options->keys);
	g_free(options->quality);
}

static bool parse_policy(struct cli *cli, struct policy_options *options, int *argc, char ***argv)
{
	const GOptionEntry entries[] = {
		{"idle-limit", 'i', 0, G_OPTION_ARG_INT, &options->idle_minutes,
		 "End sessions without keys and pointer after so many minutes; 0: never", "N"},
		{"banner", 'b', 0, G_OPTION_ARG_STRING, &options->banner,
		 "Text over the picture at the beginning; \"\": none", "TEXT"},
		{"keys", 'k', 0, G_OPTION_ARG_STRING, &options->keys,
		 "Whether keys are put on record: on (default), off, or sealed to the key for "
		 "keystrokes",
		 "on|off|sealed"},
		{"quality", 'q', 0, G_OPTION_ARG_STRING, &options->quality,
		 "evidence, standard or economy; \"\": as the recorder is set", "QUALITY"},
		{0},
	};

	return cli_parse(cli, entries, 3, 3, argc, argv);
}

/* False: said why. */
static bool policy_change(const struct policy_options *options, struct grant_change *ret)
{
	static const char *const words[] = {"on", "off", "sealed", NULL};

	*ret = (struct grant_change){-1, options->banner, options->keys, options->quality};
	if (options->idle_minutes < -1 || options->idle_minutes > IDLE_MINUTES_MAX) {
		cli_say("--idle-limit must be 0 to %d minutes", IDLE_MINUTES_MAX);
		return false;
	}
	if (options->idle_minutes >= 0)
		ret->idle_limit_s = options->idle_minutes * 60;
	if (options->keys != NULL && !g_strv_contains(words, options->keys)) {
		cli_say("--keys must be on, off or sealed");
		return false;
	}
	return true;
}

static json_t *change_detail(char **names, const struct policy_options *options)
{
	json_t *detail = grant_detail(names);

	if (options->idle_minutes >= 0)
		json_object_set_new(detail, "idle_limit_minutes",
				    json_integer(options->idle_minutes));
	if (options->banner != NULL)
		json_object_set_new(detail, "banner", json_string(options->banner));
	if (options->keys != NULL)
		json_object_set_new(detail, "keys", json_string(options->keys));
	if (options->quality != NULL)
		json_object_set_new(detail, "quality", json_string(options->quality));
	return detail;
}

static int explain_change(const GError *error, char **names)
{
	if (g_error_matches(error, DB_ERROR, DB_ERROR_MISSING))
		return cli_fail("%s was not granted account %s on %s", names[0], names[2],
				names[1]);
	if (g_error_matches(error, DB_ERROR, DB_ERROR_INVALID))
		return cli_fail("--banner must have at most 500 characters on one line, --quality "
				"be evidence, standard or economy");
	return cli_fail("%s", error->message);
}

/* One transaction: a grant never stands for a moment with less policy than was asked for. */
static int store_grant(struct cli *cli, char **names, const struct policy_options *options,
		       bool is_new)
{
	g_autoptr(GError) error = NULL;
	struct grant_change change;

	if (!policy_change(options, &change))
		return CLI_USAGE;
	if (!cli_open_db(cli))
		return CLI_FAILED;
	bool ok = cli_begin(cli, is_new ? "grant-add" : "grant-set", names[0],
			    change_detail(names, options), &error);
	if (ok && is_new && !grant_store_add(cli->db, names[0], names[1], names[2], &error)) {
		cli_commit(cli, false, NULL);
		return cli_fail("%s", error->message);
	}
	ok = ok && grant_store_change(cli->db, names[0], names[1], names[2], &change, &error);
	if (!cli_commit(cli, ok, &error))
		return explain_change(error, names);
	printf("%s may use account %s on %s\n", names[0], names[2], names[1]);
	return CLI_OK;
}

static int run_store(struct cli *cli, int argc, char **argv, bool is_new)
{
	struct policy_options options = POLICY_OPTIONS_NONE;
	int status = CLI_USAGE;

	if (parse_policy(cli, &options, &argc, &argv))
		status = store_grant(cli, argv, &options, is_new);
	policy_options_clear(&options);
	return status;
}

static int run_add(struct cli *cli, int argc, char **argv)
{
	return run_store(cli, argc, argv, true);
}

static int run_set(struct cli *cli, int argc, char **argv)
{
	return run_store(cli, argc, argv, false);
}

static void add_policy(struct table *table, const struct grant_policy *policy)
{
	if (policy->idle_limit_s == 0)
		table_add(table, "none");
	else
		table_add_format(table, "%u min", policy->idle_limit_s / 60);
	table_add(table, policy->keys);
	table_add(table, policy->quality[0] != '\0' ? policy->quality : "-");
	table_add(table, policy->banner[0] != '\0' ? policy->banner : "-");
}

static int run_list(struct cli *cli, int argc, char **argv)
{
	static const char *const headings[] = {"USER", "TARGET",  "ACCOUNT", "SINCE", "IDLE LIMIT",
					       "KEYS", "QUALITY", "BANNER",  NULL};
	g_autofree char *login = NULL, *target = NULL;
	const GOptionEntry entries[] = {
		{"user", 'u', 0, G_OPTION_ARG_STRING, &login, "Only of this user", "LOGIN"},
		{"target", 't', 0, G_OPTION_ARG_STRING, &target, "Only on this target", "NAME"},
		{0},
	};
	g_autoptr(GPtrArray) grants = NULL;
	g_autoptr(GError) error = NULL;

	if (!cli_parse(cli, entries, 0, 0, &argc, &argv))
		return CLI_USAGE;
	if (!cli_open_db(cli))
		return CLI_FAILED;
	if (!grant_store_list(cli->db, login, target, &grants, &error))
		return cli_fail("%s", error->message);
	struct table *table = table_create(headings);
	for (unsigned i = 0; i < grants->len; i++) {
		const struct grant *grant = grants->pdata[i];
		g_autofree char *since = cli_time(grant->created_utc_us);
		table_add(table, grant->login);
		table_add(table, grant->target);
		table_add(table, grant->account);
		table_add(table, since);
		add_policy(table, &grant->policy);
	}
	table_print(table, "no grants: add one with vitrine grant add USER TARGET ACCOUNT");
	return CLI_OK;
}

static int run_remove(struct cli *cli, int argc, char **argv)
{
	g_autoptr(GError) error = NULL;

	if (!cli_parse(cli, NULL, 3, 3, &argc, &argv))
		return CLI_USAGE;
	if (!cli_open_db(cli))
		return CLI_FAILED;
	bool ok = cli_begin(cli, "grant-remove", argv[0], grant_detail(argv), &error) &&
		  grant_store_remove(cli->db, argv[0], argv[1], argv[2], &error);
	if (!cli_commit(cli, ok, &error)) {
		if (g_error_matches(error, DB_ERROR, DB_ERROR_MISSING))
			return cli_fail("%s was not granted account %s on %s", argv[0], argv[2],
					argv[1]);
		return cli_fail("%s", error->message);
	}
	printf("%s may not use account %s on %s any more; running sessions go on\n", argv[0],
	       argv[2], argv[1]);
	return CLI_OK;
}

const struct command grant_commands[] = {
	{"grant", "add", "USER TARGET ACCOUNT", "Let a user use an account on a target", run_add},
	{"grant", "set", "USER TARGET ACCOUNT", "Change what goes with a grant", run_set},
	{"grant", "list", "", "List who may go where", run_list},
	{"grant", "remove", "USER TARGET ACCOUNT", "Take a grant back", run_remove},
	{0},
};
