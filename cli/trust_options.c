/* The options that say whom to trust. It must not know what is judged. */
#include "cli/trust_options.h"

void trust_options_add(struct cli *cli, struct trust_options *trust)
{
	const GOptionEntry entries[] = {
		{"ca", 0, 0, G_OPTION_ARG_FILENAME, &trust->ca,
		 "PEM file with the CA or the signing certificates to trust", "FILE"},
		{"tsa-ca", 0, 0, G_OPTION_ARG_FILENAME, &trust->tsa_ca,
		 "PEM file with the CAs of time stamp authorities to trust", "FILE"},
		{"crl", 0, 0, G_OPTION_ARG_FILENAME, &trust->crl,
		 "PEM file with revocation lists of the CA's", "FILE"},
		{0},
	};

	cli_add_options(cli, entries);
}

struct verify_whom trust_options_whom(const struct trust_options *trust)
{
	return (struct verify_whom){.ca = trust->ca, .tsa_ca = trust->tsa_ca, .crl = trust->crl};
}

void trust_options_clear(struct trust_options *trust)
{
	g_free(trust->ca);
	g_free(trust->tsa_ca);
	g_free(trust->crl);
}
