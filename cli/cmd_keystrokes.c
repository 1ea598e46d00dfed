/* vitrine recording keys: what was typed, for whoever holds the key that keystrokes were sealed to.
 * Each reading is an audit record before a line is shown. */
#include "cli/cli.h"
#include "recorder/reader/reader_lines.h"

#include <errno.h>
#include <stdio.h>

static int print_file(const struct reader *reader, const char *name)
{
	struct reader_file *file;
	const char *line;
	size_t length;
	int result = reader_keystrokes_open(reader, name, &file);

	if (result < 0)
		return result;
	struct line_reader *lines = reader_lines_create(file);
	while ((result = line_reader_next(lines, &line, &length)) > 0)
		if (fwrite(line, 1, length, stdout) != length) {
			result = -EIO;
			break;
		}
	line_reader_destroy(lines);
	reader_file_close(file);
	return result;
}

static int explain(int error, const char *name)
{
	if (error == -ENOKEY)
		return cli_fail("%s: this key does not open it", name);
	if (error == -EBADMSG)
		return cli_fail("%s is damaged: what stands in front was printed; vitrine verify "
				"says more",
				name);
	return cli_fail("%s: %s", name, g_strerror(-error));
}

/* Names sort as the segments follow each other. */
static int print_all(const struct reader *reader, const char *session_id)
{
	g_autoptr(GPtrArray) entries = NULL;
	unsigned n_files = 0;
	int result = reader_list(reader, &entries);

	if (result < 0)
		return cli_fail("%s: %s", session_id, g_strerror(-result));
	for (unsigned i = 0; i < entries->len; i++) {
		const struct reader_entry *entry = entries->pdata[i];
		if (!g_str_has_prefix(entry->name, "seg-") ||
		    !g_str_has_suffix(entry->name, ".keys"))
			continue;
		n_files++;
		result = print_file(reader, entry->name);
		if (result < 0)
			return explain(result, entry->name);
	}
	return n_files > 0 ? CLI_OK
			   : cli_fail("recording %s holds no sealed keystrokes", session_id);
}

static int open_and_print(struct cli *cli, const char *session_id, const struct archive_key *key)
{
	struct reader *reader;
	int result = reader_open_session(cli->config->recorder.store_dir, session_id, key, &reader);

	if (result == -EINVAL || result == -ENOENT)
		return cli_fail("there is no recording %s in this store", session_id);
	if (result < 0)
		return cli_fail("%s: %s", session_id, g_strerror(-result));
	int code = CLI_FAILED;
	if (cli_audit(cli, "recording-keys", session_id, NULL))
		code = print_all(reader, session_id);
	reader_close(reader);
	return code;
}

static int run_with_key(struct cli *cli, const char *session_id, const char *key_path)
{
	g_autoptr(GError) error = NULL;

	if (!cli_load_config(cli))
		return CLI_FAILED;
	if (cli->config->recorder.store_dir == NULL)
		return cli_fail("the configuration has no recorder.store_dir");
	struct archive_key *key = archive_key_load(key_path, &error);
	if (key == NULL)
		return cli_fail("%s", error->message);
	int code = cli_open_db(cli) ? open_and_print(cli, session_id, key) : CLI_FAILED;
	archive_key_destroy(key);
	return code;
}

static int run_keys(struct cli *cli, int argc, char **argv)
{
	g_autofree char *key = NULL;
	const GOptionEntry entries[] = {
		{"key", 0, 0, G_OPTION_ARG_FILENAME, &key,
		 "PEM file (0600) with the private key that keystrokes are sealed to", "FILE"},
		{0},
	};

	if (!cli_parse(cli, entries, 1, 1, &argc, &argv))
		return CLI_USAGE;
	if (key == NULL) {
		cli_say("--key is needed: keystrokes open with a key of their own");
		return CLI_USAGE;
	}
	return run_with_key(cli, argv[0], key);
}

const struct command keystroke_commands[] = {
	{"recording", "keys", "SESSION --key FILE", "Print keystrokes that were sealed", run_keys},
	{0},
};
