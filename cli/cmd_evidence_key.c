/* vitrine evidence-key: requests, installs and rotates the certificate that signs evidence. Files change in an order in which a crash leaves something that the same command
 * finishes. */
#include "base/secret.h"
#include "cli/cli.h"
#include "recorder/chain/key_request.h"
#include "recorder/chain/key_source.h"
#include "recorder/chain/verify_trust.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEXT ".next"
#define PREVIOUS ".previous"
#define DAYS_DEFAULT 825
#define DAYS_MAX 3650

static bool is_set(const char *text)
{
	return text != NULL && text[0] != '\0';
}

/* The recorder's section, complete. NULL: said why. */
static const struct config_recorder *load(struct cli *cli)
{
	g_autoptr(GError) error = NULL;

	if (!cli_load_config(cli))
		return NULL;
	if (key_source_check(&cli->config->recorder, &error))
		return &cli->config->recorder;
	cli_say("%s", error->message);
	return NULL;
}

/* ---- Files ---- */

/* New files belong to whom the files they replace belong to: root works here, the recorder reads. */
static void own_like(int fd, const char *model)
{
	struct stat st;

	if (geteuid() == 0 && stat(model, &st) == 0 && fchown(fd, st.st_uid, st.st_gid) != 0)
		cli_say("%s: the new file keeps root as its owner: %s", model, g_strerror(errno));
}

/* Synced under its name or not there. -errno. */
static int put_file(const char *path, const char *text, mode_t mode, const char *model)
{
	g_autofree char *part = g_strconcat(path, ".part", NULL);
	size_t length = strlen(text);

	g_unlink(part);
	int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return -errno;
	own_like(fd, model);
	int result = write(fd, text, length) == (ssize_t)length && fsync(fd) == 0 ? 0 : -EIO;
	close(fd);
	if (result == 0 && rename(part, path) != 0)
		result = -errno;
	if (result < 0)
		g_unlink(part);
	return result;
}

static int copy_file(const char *from, const char *to, mode_t mode)
{
	g_autoptr(GError) error = NULL;
	autosecret secret = NULL;
	g_autofree char *text = NULL;

	if (mode == 0600) {
		secret = config_read_secret_file(from, &error);
		return secret != NULL ? put_file(to, secret, mode, from) : -EIO;
	}
	return g_file_get_contents(from, &text, NULL, NULL) ? put_file(to, text, mode, from) : -EIO;
}

/* ---- Requests ---- */

static char *wanted_name(struct cli *cli, const struct config_recorder *config, const char *option)
{
	g_autofree char *pem = NULL;

	if (option != NULL)
		return g_strdup(option);
	char *name = g_file_get_contents(config->signing_certificate_file, &pem, NULL, NULL)
			     ? key_certificate_name(pem)
			     : NULL;
	return name != NULL ? name : g_strdup_printf("vitrine recorder %s", cli->config->node);
}

/* The key that waits for its certificate; made when there is none. NULL and an error. */
static char *next_key(const struct config_recorder *config, GError **error)
{
	g_autofree char *path = g_strconcat(config->signing_key_file, NEXT, NULL);

	if (g_file_test(path, G_FILE_TEST_EXISTS))
		return config_read_secret_file(path, error);
	autosecret pem = key_generate();
	int result = put_file(path, pem, 0600, config->signing_key_file);
	if (result == 0)
		return config_read_secret_file(path, error);
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_READ, "%s cannot be written: %s", path,
		    g_strerror(-result));
	return NULL;
}

static char *token_request(const struct config_recorder *config, const char *name, GError **error)
{
	autosecret pin = NULL;

	if (is_set(config->signing_key_pin_file)) {
		pin = config_read_secret_file(config->signing_key_pin_file, error);
		if (pin == NULL)
			return NULL;
	}
	const struct chain_token token = {config->signing_key_uri, pin, config->pkcs11_module};
	return key_request_in_token(&token, name, error);
}

static char *make_request(const struct config_recorder *config, const char *name, GError **error)
{
	if (is_set(config->signing_key_uri))
		return token_request(config, name, error);
	if (is_set(config->signing_key_credential)) {
		autosecret credential =
			config_read_credential(config->signing_key_credential, error);
		return credential != NULL ? key_request(credential, name, error) : NULL;
	}
	autosecret key = next_key(config, error);
	return key != NULL ? key_request(key, name, error) : NULL;
}

static int run_request(struct cli *cli, int argc, char **argv)
{
	g_autofree char *name_option = NULL, *output = NULL;
	const GOptionEntry entries[] = {
		{"name", 0, 0, G_OPTION_ARG_STRING, &name_option,
		 "Common name (default: that of the present certificate)", "NAME"},
		{"output", 'o', 0, G_OPTION_ARG_FILENAME, &output,
		 "Where the request goes (standard output)", "FILE"},
		{0},
	};
	g_autoptr(GError) error = NULL;

	if (!cli_parse(cli, entries, 0, 0, &argc, &argv))
		return CLI_USAGE;
	const struct config_recorder *config = load(cli);
	if (config == NULL)
		return CLI_FAILED;
	g_autofree char *name = wanted_name(cli, config, name_option);
	g_autofree char *request = make_request(config, name, &error);
	if (request == NULL)
		return cli_fail("%s", error->message);
	if (output == NULL)
		fputs(request, stdout);
	else if (!g_file_set_contents(output, request, -1, &error))
		return cli_fail("%s", error->message);
	cli_say("have the evidence CA sign this request, then: vitrine evidence-key install FILE");
	return CLI_OK;
}

/* ---- Installing ---- */

static bool leads_to_ca(const char *certificate, const char *ca)
{
	g_autofree char *utc = clock_format_utc(clock_utc_us()), *why = NULL;
	struct verify_trust *trust = verify_trust_create(certificate);
	int result = trust != NULL ? verify_trust_check(trust, 0, ca, utc, &why) : -EINVAL;

	verify_trust_destroy(trust);
	if (result == -EPERM)
		cli_say("the certificate does not lead to the one in %s: %s", ca, why);
	else if (result < 0)
		cli_say("%s cannot be read, or holds no certificate", ca);
	return result == 0;
}

/* Whether key file and certificate belong together; an unreadable key does not. */
static bool is_pair(const char *key_path, const char *certificate)
{
	autosecret key = config_read_secret_file(key_path, NULL);
	struct chain_key *pair = key != NULL ? chain_key_create(key, certificate, NULL) : NULL;

	chain_key_destroy(pair);
	return pair != NULL;
}

/* The key waits beside the present one: both are kept as *.previous before the new ones take their places. A crash in between is finished by the same command. */
static int swap_files(const struct config_recorder *config, const char *certificate)
{
	const char *key_file = config->signing_key_file;
	const char *certificate_file = config->signing_certificate_file;
	g_autofree char *next = g_strconcat(key_file, NEXT, NULL);
	g_autofree char *old_key = g_strconcat(key_file, PREVIOUS, NULL);
	g_autofree char *old_certificate = g_strconcat(certificate_file, PREVIOUS, NULL);
	int result = 0;

	if (is_pair(next, certificate)) {
		if (g_file_test(key_file, G_FILE_TEST_EXISTS) &&
		    g_file_test(certificate_file, G_FILE_TEST_EXISTS)) {
			result = copy_file(certificate_file, old_certificate, 0644);
			if (result == 0)
				result = copy_file(key_file, old_key, 0600);
		}
		if (result == 0 && rename(next, key_file) != 0)
			result = -errno;
	} else if (!is_pair(key_file, certificate)) {
		return -EKEYREJECTED;
	}
	return result == 0 ? put_file(certificate_file, certificate, 0644, certificate_file)
			   : result;
}

static int install_elsewhere(const struct config_recorder *config, const char *certificate,
			     GError **error)
{
	g_autofree char *old = g_strconcat(config->signing_certificate_file, PREVIOUS, NULL);
	g_autofree char *candidate = g_strconcat(config->signing_certificate_file, NEXT, NULL);
	struct config_recorder with_new = *config;
	int result = put_file(candidate, certificate, 0644, config->signing_certificate_file);

	if (result < 0)
		return result;
	/* The token, or the credential, says whether the certificate is its own. */
	with_new.signing_certificate_file = candidate;
	struct chain_key *key = key_source_load(&with_new, error);
	chain_key_destroy(key);
	g_unlink(candidate);
	if (key == NULL)
		return -EKEYREJECTED;
	if (g_file_test(config->signing_certificate_file, G_FILE_TEST_EXISTS))
		result = copy_file(config->signing_certificate_file, old, 0644);
	return result == 0 ? put_file(config->signing_certificate_file, certificate, 0644,
				      config->signing_certificate_file)
			   : result;
}

/* Written before it is done; `offline` installations have no audit trail yet. */
static bool audit(struct cli *cli, const char *certificate, bool offline)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *name = key_certificate_name(certificate);
	g_autofree char *sha256 = g_compute_checksum_for_string(G_CHECKSUM_SHA256, certificate, -1);

	if (offline)
		return true;
	if (!cli_open_db(cli)) {
		cli_say("a change of keys is an audit record; without a database: --offline");
		return false;
	}
	bool ok = cli_begin(cli, "evidence-key-install", cli->config->node,
			    json_pack("{s:s, s:s}", "certificate_sha256", sha256, "name",
				      name != NULL ? name : ""),
			    &error);
	if (cli_commit(cli, ok, ok ? &error : NULL))
		return true;
	cli_say("%s", error->message);
	return false;
}

static int install(struct cli *cli, const struct config_recorder *config, const char *certificate,
		   bool offline)
{
	g_autoptr(GError) error = NULL;

	if (!key_certificate_fits(certificate, &error))
		return cli_fail("%s", error->message);
	if (!audit(cli, certificate, offline))
		return CLI_FAILED;
	int result = is_set(config->signing_key_file)
			     ? swap_files(config, certificate)
			     : install_elsewhere(config, certificate, &error);
	if (result == -EKEYREJECTED)
		return cli_fail("the certificate does not belong to the key that asked for it%s%s",
				error != NULL ? ": " : "", error != NULL ? error->message : "");
	if (result < 0)
		return cli_fail("key and certificate cannot be put in place: %s",
				g_strerror(-result));
	puts("installed; restart vitrine-recorder. What was recorded before keeps its own "
	     "certificate and goes on verifying.");
	return CLI_OK;
}

static int run_install(struct cli *cli, int argc, char **argv)
{
	g_autofree char *ca = NULL, *certificate = NULL;
	gboolean offline = FALSE;
	const GOptionEntry entries[] = {
		{"ca", 0, 0, G_OPTION_ARG_FILENAME, &ca,
		 "PEM file with the CA that the certificate must lead to", "FILE"},
		{"offline", 0, 0, G_OPTION_ARG_NONE, &offline,
		 "Without an audit record: the database is not set up yet", NULL},
		{0},
	};
	g_autoptr(GError) error = NULL;

	if (!cli_parse(cli, entries, 1, 1, &argc, &argv))
		return CLI_USAGE;
	const struct config_recorder *config = load(cli);
	if (config == NULL)
		return CLI_FAILED;
	if (!g_file_get_contents(argv[0], &certificate, NULL, &error))
		return cli_fail("%s", error->message);
	if (ca != NULL && !leads_to_ca(certificate, ca))
		return CLI_FAILED;
	return install(cli, config, certificate, offline);
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

static int run_rotate(struct cli *cli, int argc, char **argv)
{
	g_autofree char *ca = NULL, *ca_key = NULL;
	int days = DAYS_DEFAULT;
	gboolean offline = FALSE;
	const GOptionEntry entries[] = {
		{"ca", 0, 0, G_OPTION_ARG_FILENAME, &ca, "The evidence CA's certificate", "FILE"},
		{"ca-key", 0, 0, G_OPTION_ARG_FILENAME, &ca_key, "The evidence CA's key, 0600",
		 "FILE"},
		{"days", 0, 0, G_OPTION_ARG_INT, &days, "How long the certificate is valid (825)",
		 "N"},
		{"offline", 0, 0, G_OPTION_ARG_NONE, &offline,
		 "Without an audit record: the database is not set up yet", NULL},
		{0},
	};
	g_autoptr(GError) error = NULL;

	if (!cli_parse(cli, entries, 0, 0, &argc, &argv))
		return CLI_USAGE;
	if (ca == NULL || ca_key == NULL || days < 1 || days > DAYS_MAX) {
		cli_say("name --ca and --ca-key; --days is 1 to %d", DAYS_MAX);
		return CLI_USAGE;
	}
	const struct config_recorder *config = load(cli);
	if (config == NULL)
		return CLI_FAILED;
	g_autofree char *name = wanted_name(cli, config, NULL);
	g_autofree char *request = make_request(config, name, &error);
	g_autofree char *certificate =
		request != NULL ? issue(request, ca, ca_key, days, &error) : NULL;
	if (certificate == NULL)
		return cli_fail("%s", error->message);
	return install(cli, config, certificate, offline);
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
