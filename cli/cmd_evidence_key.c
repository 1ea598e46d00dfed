/* vitrine evidence-key: requests, installs and rotates the certificates that sign evidence. How
 * they are put in place is key_install.c's matter. */
#include "base/secret.h"
#include "cli/cli.h"
#include "cli/key_files.h"
#include "cli/key_install.h"
#include "recorder/chain/key_request.h"

#include <stdio.h>

#define DAYS_DEFAULT 825
#define DAYS_MAX 3650

/* Which key a command is about. */
struct key_choice {
	gboolean exports;
	gboolean offline;
	char *ca;
};

#define EXPORTS_OPTION(choice)                                                                     \
	{                                                                                          \
		"exports", 0, 0, G_OPTION_ARG_NONE, &(choice).exports,                             \
			"The key that signs exports, not the recorder's", NULL                     \
	}
#define OFFLINE_OPTION(choice)                                                                     \
	{                                                                                          \
		"offline", 0, 0, G_OPTION_ARG_NONE, &(choice).offline,                             \
			"Without an audit record: the database is not set up yet", NULL            \
	}

static const char *what_of(const struct key_choice *choice)
{
	return choice->exports ? "exports" : "recorder";
}

/* The configuration's section, complete. False: said why. */
static bool find_place(struct cli *cli, const struct key_choice *choice, struct key_place *ret)
{
	g_autoptr(GError) error = NULL;

	if (!cli_load_config(cli))
		return false;
	*ret = choice->exports ? key_place_of_exports(&cli->config->export)
			       : key_place_of_recorder(&cli->config->recorder);
	if (key_source_check(ret, &error))
		return true;
	cli_say("%s", error->message);
	return false;
}

/* ---- Requests ---- */

static char *wanted_name(struct cli *cli, const struct key_choice *choice,
			 const struct key_place *place, const char *option)
{
	g_autofree char *pem = NULL;

	if (option != NULL)
		return g_strdup(option);
	char *name = g_file_get_contents(place->certificate_file, &pem, NULL, NULL)
			     ? key_certificate_name(pem)
			     : NULL;
	return name != NULL ? name
			    : g_strdup_printf("vitrine %s %s", what_of(choice), cli->config->node);
}

static char *make_request(const struct key_place *place, const char *name, GError **error)
{
	if (place->file == NULL || place->file[0] == '\0')
		return key_source_request(place, name, error);
	autosecret key = key_files_next_key(place, error);
	return key != NULL ? key_request(key, name, error) : NULL;
}

static int run_request(struct cli *cli, int argc, char **argv)
{
	g_autofree char *name_option = NULL, *output = NULL;
	struct key_choice choice = {0};
	struct key_place place;
	const GOptionEntry entries[] = {
		EXPORTS_OPTION(choice),
		{"name", 0, 0, G_OPTION_ARG_STRING, &name_option,
		 "Common name (default: that of the present certificate)", "NAME"},
		{"output", 'o', 0, G_OPTION_ARG_FILENAME, &output,
		 "Where the request goes (standard output)", "FILE"},
		{0},
	};
	g_autoptr(GError) error = NULL;

	if (!cli_parse(cli, entries, 0, 0, &argc, &argv))
		return CLI_USAGE;
	if (!find_place(cli, &choice, &place))
		return CLI_FAILED;
	g_autofree char *name = wanted_name(cli, &choice, &place, name_option);
	g_autofree char *request = make_request(&place, name, &error);
	if (request == NULL)
		return cli_fail("%s", error->message);
	if (output == NULL)
		fputs(request, stdout);
	else if (!g_file_set_contents(output, request, -1, &error))
		return cli_fail("%s", error->message);
	cli_say("have the evidence CA sign this request, then: vitrine evidence-key install FILE%s",
		choice.exports ? " --exports" : "");
	return CLI_OK;
}

/* ---- Installing ---- */

static int install(struct cli *cli, const struct key_choice *choice, const struct key_place *place,
		   const char *certificate)
{
	const struct key_install order = {
		.place = place,
		.what = what_of(choice),
		.certificate = certificate,
		.ca = choice->ca,
		.store_dir = choice->exports ? NULL : cli->config->recorder.store_dir,
		.offline = choice->offline,
	};

	return key_install(cli, &order);
}

static int run_install(struct cli *cli, int argc, char **argv)
{
	g_autofree char *certificate = NULL;
	struct key_choice choice = {0};
	struct key_place place;
	const GOptionEntry entries[] = {
		EXPORTS_OPTION(choice),
		{"ca", 0, 0, G_OPTION_ARG_FILENAME, &choice.ca,
		 "PEM file with the CA that the certificate must lead to", "FILE"},
		OFFLINE_OPTION(choice),
		{0},
	};
	g_autoptr(GError) error = NULL;
	int code = CLI_FAILED;

	if (!cli_parse(cli, entries, 1, 1, &argc, &argv))
		code = CLI_USAGE;
	else if (!g_file_get_contents(argv[0], &certificate, NULL, &error))
		code = cli_fail("%s", error->message);
	else if (find_place(cli, &choice, &place))
		code = install(cli, &choice, &place, certificate);
	g_free(choice.ca);
	return code;
}

/* ---- Rotation by the installation's own CA ---- */

static char *issue(const char *request, const char *ca, const char *ca_key, int days,
		   GError **error)
{
	g_autofree char *certificate = NULL;
	autosecret key = config_read_secret_file(ca_key, error);

	if (key == NULL || !g_file_get_contents(ca, &certificate, NULL, error))
		return NULL;
	return key_issue(request, certificate, key, (unsigned)days, error);
}

static int rotate(struct cli *cli, const struct key_choice *choice, const char *ca_key, int days)
{
	struct key_place place;
	g_autoptr(GError) error = NULL;

	if (choice->ca == NULL || ca_key == NULL || days < 1 || days > DAYS_MAX) {
		cli_say("name --ca and --ca-key; --days is 1 to %d", DAYS_MAX);
		return CLI_USAGE;
	}
	if (!find_place(cli, choice, &place))
		return CLI_FAILED;
	g_autofree char *name = wanted_name(cli, choice, &place, NULL);
	g_autofree char *request = make_request(&place, name, &error);
	g_autofree char *certificate =
		request != NULL ? issue(request, choice->ca, ca_key, days, &error) : NULL;
	if (certificate == NULL)
		return cli_fail("%s", error->message);
	return install(cli, choice, &place, certificate);
}

static int run_rotate(struct cli *cli, int argc, char **argv)
{
	g_autofree char *ca_key = NULL;
	struct key_choice choice = {0};
	int days = DAYS_DEFAULT;
	const GOptionEntry entries[] = {
		EXPORTS_OPTION(choice),
		{"ca", 0, 0, G_OPTION_ARG_FILENAME, &choice.ca, "The evidence CA's certificate",
		 "FILE"},
		{"ca-key", 0, 0, G_OPTION_ARG_FILENAME, &ca_key, "The evidence CA's key, 0600",
		 "FILE"},
		{"days", 0, 0, G_OPTION_ARG_INT, &days, "How long the certificate is valid (825)",
		 "N"},
		OFFLINE_OPTION(choice),
		{0},
	};

	int code = cli_parse(cli, entries, 0, 0, &argc, &argv) ? rotate(cli, &choice, ca_key, days)
							       : CLI_USAGE;
	g_free(choice.ca);
	return code;
}

const struct command evidence_key_commands[] = {
	{"evidence-key", "request", "", "Make a key and a request for the organisation's CA",
	 run_request},
	{"evidence-key", "install", "CERTIFICATE", "Check and install the CA's answer",
	 run_install},
	{"evidence-key", "rotate", "", "New key, certified by the installation's own CA",
	 run_rotate},
	{0},
};
