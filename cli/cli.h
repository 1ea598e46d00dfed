/** The `vitrine` command: what its subcommands share. One thread, one command per process. */
#pragma once

#include "base/config.h"
#include "sql/db.h"

#include <jansson.h>

/** Exit codes of all commands; `verify` adds its own (evidence/verdict.h). */
enum cli_exit { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

struct command;

struct cli {
	const struct command *command; /**< the one that runs */
	GOptionContext *options;       /**< between cli_add_options and cli_parse */
	/** of a program that has this one command and needs no configuration; NULL: `vitrine` */
	const char *program;
	char *config_path;     /**< from --config, or the default */
	struct config *config; /**< after cli_load_config */
	struct db *db;	       /**< after cli_open_db */
	char *actor;	       /**< who does it, for the audit trail: "os:root" */
	char *begun_action, *begun_subject, *begun_detail; /**< between cli_begin and cli_commit */
};

struct command {
	const char *group;     /**< "user" */
	const char *verb;      /**< "add"; NULL: the group is the command */
	const char *arguments; /**< "LOGIN", "[TARGET]" */
	const char *summary;
	int (*run)(struct cli *cli, int argc, char **argv);
};

/** Each cmd_*.c ends its table with an empty row. */
extern const struct command user_commands[], target_commands[], account_commands[],
	grant_commands[], ticket_commands[], session_commands[], recording_commands[],
	recording_show_commands[], recording_verify_commands[], keystroke_commands[],
	retention_commands[], audit_commands[], migrate_commands[], verify_commands[],
	export_commands[], certificate_commands[], timeline_commands[], redact_commands[],
	log_commands[], evidence_key_commands[], doctor_commands[], password_commands[];

/** All tables of this program, up to NULL (groups.c, groups_export.c). */
extern const struct command *const cli_groups[];

/** Adds to the options that cli_parse takes: for those that several commands share. `entries` is
 *  copied; what it points to must live until cli_parse. */
void cli_add_options(struct cli *cli, const GOptionEntry *entries);

/** Parses options and checks that between `least` and `most` words are left: argv[0] to argv[*argc
 *  - 1]. `entries` may be NULL.
 *  When it returns false the reason stands on standard error; return CLI_USAGE. */
bool cli_parse(struct cli *cli, const GOptionEntry *entries, int least, int most, int *argc,
	       char ***argv);

/** Reads the configuration once. False: said why; return CLI_FAILED. */
bool cli_load_config(struct cli *cli);

/** Connects as the administrator's role once. False: said why; return CLI_FAILED. */
bool cli_open_db(struct cli *cli);

/** Begins a transaction with the audit record of what is about to be done. `detail`
 *  is taken (NULL: none). */
bool cli_begin(struct cli *cli, const char *action, const char *subject, json_t *detail,
	       GError **error);
/** Commits when `ok`, otherwise rolls back, and the audit record with it: then "ACTION-refused" is
 *  recorded instead. Returns whether it was committed; `error` is set when committing failed and
 *  left as it is when `ok` is false. */
bool cli_commit(struct cli *cli, bool ok, GError **error);

/** One audit record by itself: before what it permits, or about what was done. `detail` is taken
 *  (NULL: none). False: it could not be written, said why; then do not do it. */
bool cli_audit(struct cli *cli, const char *action, const char *subject, json_t *detail);

/** Says "vitrine: ..." on standard error. cli_fail returns CLI_FAILED. */
void cli_say(const char *format, ...) G_GNUC_PRINTF(1, 2);
int cli_fail(const char *format, ...) G_GNUC_PRINTF(1, 2);

/** Says why something with `noun` ("user") called `name` failed, in words for an operator, and
 *  what to do; CLI_FAILED. */
int cli_explain(const GError *error, const char *noun, const char *name);

/** A time as people read it, UTC: "2026-05-01 12:00:00", or "-" for 0. g_free it. */
char *cli_time(uint64_t utc_us);
