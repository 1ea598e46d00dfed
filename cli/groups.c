/* The commands of `vitrine`. What makes evidence files is a program of its own, started from here:
 * its video and text libraries take four times as long to load as everything else. */
#include "cli/cli.h"
#include "cli/maker_words.h"

#include <errno.h>
#include <unistd.h>

static char *maker_path(void)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *folder = g_path_get_dirname(self != NULL ? self : "");

	return g_build_filename(folder, "vitrine-export", NULL);
}

/* Goes on as the program that has these commands, with the words this one was given. */
static int become_maker(struct cli *cli, int argc, char **argv)
{
	g_autofree char *program = maker_path();
	g_autoptr(GStrvBuilder) words = g_strv_builder_new();

	g_strv_builder_add(words, "vitrine");
	if (cli->config_path != NULL)
		g_strv_builder_add_many(words, "--config", cli->config_path, NULL);
	for (int i = 0; i < argc; i++)
		g_strv_builder_add(words, argv[i]);
	g_auto(GStrv) vector = g_strv_builder_end(words);
	execv(program, vector);
	return cli_fail("%s does not start: %s; it belongs beside this program", program,
			g_strerror(errno));
}

static const struct command maker_commands[] = {
	{EXPORT_WORDS, become_maker},
	{CERTIFICATE_WORDS, become_maker},
	{REDACT_WORDS, become_maker},
	{0},
};

const struct command *const cli_groups[] = {
	user_commands,
	target_commands,
	account_commands,
	grant_commands,
	ticket_commands,
	session_commands,
	recording_commands,
	recording_show_commands,
	recording_verify_commands,
	keystroke_commands,
	retention_commands,
	audit_commands,
	verify_commands,
	maker_commands,
	timeline_commands,
	migrate_commands,
	log_commands,
	evidence_key_commands,
	doctor_commands,
	password_commands,
	NULL,
};
