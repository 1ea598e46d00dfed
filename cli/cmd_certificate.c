/* vitrine certificate: a page for people about an evidence file. The work is
 * evidence/certificate's; needs no configuration, no database, no network. */
#include "cli/certificate_file.h"
#include "cli/cli.h"
#include "cli/maker_words.h"

static int run_certificate(struct cli *cli, int argc, char **argv)
{
	g_autofree char *ca = NULL, *tsa_ca = NULL, *crl = NULL, *output = NULL;
	const GOptionEntry entries[] = {
		{"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "The PDF to make", "FILE"},
		{"ca", 0, 0, G_OPTION_ARG_FILENAME, &ca,
		 "PEM file with the CA or the signing certificates to trust", "FILE"},
		{"tsa-ca", 0, 0, G_OPTION_ARG_FILENAME, &tsa_ca,
		 "PEM file with the CAs of time stamp authorities to trust", "FILE"},
		{"crl", 0, 0, G_OPTION_ARG_FILENAME, &crl,
		 "PEM file with revocation lists of the CA's", "FILE"},
		{0},
	};

	if (!cli_parse(cli, entries, 1, 1, &argc, &argv))
		return CLI_USAGE;
	if (output == NULL) {
		cli_say("say where to with -o FILE");
		return CLI_USAGE;
	}
	const struct certificate_order order = {argv[0], {ca, tsa_ca, crl}};
	return certificate_file_make(&order, output);
}

const struct command certificate_commands[] = {
	{CERTIFICATE_WORDS, run_certificate},
	{0},
};
