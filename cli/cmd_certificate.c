/* vitrine certificate: a page for people about an evidence file. The work is
 * evidence/certificate's; needs no configuration, no database, no network. */
#include "cli/certificate_file.h"
#include "cli/maker_words.h"
#include "cli/trust_options.h"

static int run_certificate(struct cli *cli, int argc, char **argv)
{
	struct trust_options trust = {0};
	g_autofree char *output = NULL;
	const GOptionEntry entries[] = {
		{"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "The PDF to make", "FILE"},
		{0},
	};

	int code = CLI_USAGE;

	trust_options_add(cli, &trust);
	if (cli_parse(cli, entries, 1, 1, &argc, &argv)) {
		const struct certificate_order order = {argv[0], trust_options_whom(&trust)};
		if (output != NULL)
			code = certificate_file_make(&order, output);
		else
			cli_say("say where to with -o FILE");
	}
	trust_options_clear(&trust);
	return code;
}

const struct command certificate_commands[] = {
	{CERTIFICATE_WORDS, run_certificate},
	{0},
};
