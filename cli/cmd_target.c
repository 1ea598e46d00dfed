/* vitrine target: where sessions may go, and how Vitrine knows that it is really there. */
#include "base/text.h"
#include "cli/cli.h"
#include "cli/peer_certificate.h"
#include "cli/prompt.h"
#include "cli/table.h"
#include "ipc/broker_proto.h"
#include "sql/target_store.h"

#include <stdio.h>
#include <string.h>

/* What add and set share; absent ones are NULL, 0 or FALSE. */
struct target_options {
	char *host, *pin, *ca_file;
	int port;
	gboolean plain;
};

static void target_options_clear(struct target_options *options)
{
	g_free(options->host);
	g_free(options->pin);
	g_free(options->ca_file);
}

static void target_options_add(struct cli *cli, struct target_options *options)
{
	const GOptionEntry entries[] = {
		{"host", 'H', 0, G_OPTION_ARG_STRING, &options->host, "Name or address", "HOST"},
		{"port", 'p', 0, G_OPTION_ARG_INT, &options->port,
		 "Port (3389 for rdp, 5900 for vnc)", "N"},
		{"certificate-sha256", 0, 0, G_OPTION_ARG_STRING, &options->pin,
		 "Accept exactly the certificate with this fingerprint", "HEX"},
		{"ca", 0, 0, G_OPTION_ARG_FILENAME, &options->ca_file,
		 "Accept certificates for HOST by the authorities in this PEM file", "FILE"},
		{"plain", 0, 0, G_OPTION_ARG_NONE, &options->plain,
		 "Without TLS (vnc only): whoever is on the way sees everything", NULL},
		{0},
	};

	cli_add_options(cli, entries);
}

/* "AB:CD:..." as openssl prints it, or plain hex, to 64 lower-case digits; NULL when it is
 * neither. */
static char *normal_pin(const char *text)
{
	GString *pin = g_string_new(NULL);

	for (; *text != '\0'; text++)
		if (*text != ':' && *text != ' ')
			g_string_append_c(pin, g_ascii_tolower(*text));
	if (pin->len == 64 && strspn(pin->str, "0123456789abcdef") == 64)
		return g_string_free(pin, FALSE);
	g_string_free(pin, TRUE);
	return NULL;
}

/* Puts the options into the target; its texts are g_free'd and replaced. False: said why. */
static bool apply_options(struct target *target, const struct target_options *options)
{
	g_autoptr(GError) error = NULL;

	if (options->port < 0 || options->port > 65535) {
		cli_say("%d is no port: 1 to 65535", options->port);
		return false;
	}
	if (options->port != 0)
		target->port = (uint16_t)options->port;
	if (options->host != NULL) {
		g_free(target->host);
		target->host = g_strdup(options->host);
	}
	if (options->pin != NULL) {
		g_free(target->certificate_sha256);
		target->certificate_sha256 = normal_pin(options->pin);
		if (target->certificate_sha256 == NULL) {
			cli_say("'%s' is no SHA-256 fingerprint: 64 hex digits, colons allowed",
				options->pin);
			return false;
		}
	}
	if (options->ca_file != NULL) {
		g_free(target->ca_pem);
		target->ca_pem = peer_read_ca_file(options->ca_file, &error);
		if (target->ca_pem == NULL) {
			cli_say("%s", error->message);
			return false;
		}
	}
	if (options->plain && strcmp(target->protocol, "vnc") != 0) {
		cli_say("--plain is for vnc targets only: RDP always runs inside TLS here");
		return false;
	}
	if (options->plain)
		target->security = TARGET_PLAIN;
	else if (options->pin != NULL || options->ca_file != NULL)
		target->security = TARGET_TLS_PINNED;
	return true;
}

static void say_unpinned(const struct target *target)
{
	if (target->security == TARGET_TLS_PINNED && target->certificate_sha256[0] == '\0' &&
	    target->ca_pem[0] == '\0')
		printf("no certificate is known yet, so sessions are refused: run vitrine target "
		       "pin %s\n",
		       target->name);
}

static int add_target(struct cli *cli, struct target *target)
{
	g_autoptr(GError) error = NULL;
	json_t *detail = json_pack("{s:s, s:s, s:i, s:s}", "protocol", target->protocol, "host",
				   target->host, "port", (int)target->port, "certificate_sha256",
				   target->certificate_sha256);
	bool ok = cli_begin(cli, "target-add", target->name, detail, &error) &&
		  target_store_add(cli->db, target, &error);

	if (!cli_commit(cli, ok, &error))
		return cli_explain(error, "target", target->name);
	printf("target %s added: %s://%s:%u\n", target->name, target->protocol, target->host,
	       (unsigned)target->port);
	say_unpinned(target);
	return CLI_OK;
}

static int run_add(struct cli *cli, int argc, char **argv)
{
	struct target_options options = {0};
	g_autofree char *protocol = NULL;
	const GOptionEntry entries[] = {
		{"protocol", 'P', 0, G_OPTION_ARG_STRING, &protocol, "rdp or vnc", "PROTOCOL"},
		{0},
	};
	int status = CLI_USAGE;

	target_options_add(cli, &options);
	if (cli_parse(cli, entries, 1, 1, &argc, &argv)) {
		if (protocol == NULL || options.host == NULL ||
		    (strcmp(protocol, "rdp") != 0 && strcmp(protocol, "vnc") != 0)) {
			cli_say("--protocol rdp|vnc and --host HOST are needed");
		} else {
			struct target *target = g_new0(struct target, 1);
			target->name = g_strdup(argv[0]);
			target->protocol = g_strdup(protocol);
			target->port = strcmp(protocol, "rdp") == 0 ? 3389 : 5900;
			target->security = TARGET_TLS_PINNED;
			target->certificate_sha256 = g_strdup("");
			target->ca_pem = g_strdup("");
			status = CLI_FAILED;
			if (apply_options(target, &options) && cli_open_db(cli))
				status = add_target(cli, target);
			target_free(target);
		}
	}
	target_options_clear(&options);
	return status;
}

static struct target *find_target(struct cli *cli, const char *name)
{
	g_autoptr(GError) error = NULL;
	struct target *target = NULL;

	if (!cli_open_db(cli))
		return NULL;
	if (!target_store_find(cli->db, name, &target, &error))
		cli_say("%s", error->message);
	else if (target == NULL)
		cli_say("there is no target '%s': see vitrine target list", name);
	return target;
}

static int change_target(struct cli *cli, const struct target *target, const char *action)
{
	g_autoptr(GError) error = NULL;
	json_t *detail = json_pack("{s:s, s:i, s:i, s:s}", "host", target->host, "port",
				   (int)target->port, "security", (int)target->security,
				   "certificate_sha256", target->certificate_sha256);
	bool ok = cli_begin(cli, action, target->name, detail, &error) &&
		  target_store_change(cli->db, target, &error);

	if (!cli_commit(cli, ok, &error))
		return cli_explain(error, "target", target->name);
	return CLI_OK;
}

static int run_set(struct cli *cli, int argc, char **argv)
{
	struct target_options options = {0};
	int status = CLI_USAGE;

	target_options_add(cli, &options);
	if (cli_parse(cli, NULL, 1, 1, &argc, &argv)) {
		autorow(target) target = find_target(cli, argv[0]);
		status = CLI_FAILED;
		if (target != NULL && apply_options(target, &options))
			status = change_target(cli, target, "target-set");
		if (status == CLI_OK) {
			printf("target %s is now %s://%s:%u\n", target->name, target->protocol,
			       target->host, (unsigned)target->port);
			say_unpinned(target);
		}
	}
	target_options_clear(&options);
	return status;
}

static int run_pin(struct cli *cli, int argc, char **argv)
{
	gboolean yes = FALSE;
	const GOptionEntry entries[] = {
		{"yes", 'y', 0, G_OPTION_ARG_NONE, &yes, "Do not ask", NULL},
		{0},
	};
	g_autoptr(GError) error = NULL;

	if (!cli_parse(cli, entries, 1, 1, &argc, &argv))
		return CLI_USAGE;
	autorow(target) target = find_target(cli, argv[0]);
	if (target == NULL)
		return CLI_FAILED;
	struct peer_certificate *shown =
		peer_certificate_fetch(target->protocol, target->host, target->port, &error);
	if (shown == NULL)
		return cli_fail("%s", error->message);
	g_autofree char *subject = text_clean(shown->subject), *issuer = text_clean(shown->issuer);
	printf("%s:%u shows\n  subject  %s\n  issuer   %s\n  expires  %s\n  SHA-256  %s\n",
	       target->host, (unsigned)target->port, subject, issuer, shown->expires,
	       shown->sha256);
	fflush(stdout);
	bool same = strcmp(shown->sha256, target->certificate_sha256) == 0;
	g_free(target->certificate_sha256);
	target->certificate_sha256 = g_strdup(shown->sha256);
	peer_certificate_free(shown);
	if (same) {
		puts("which is what is pinned already");
		return CLI_OK;
	}
	if (!yes && !prompt_yes("Compare the fingerprint at the target itself. Pin it?"))
		return cli_fail("nothing was changed (--yes pins without asking)");
	target->security = TARGET_TLS_PINNED;
	int status = change_target(cli, target, "target-pin");
	if (status == CLI_OK)
		printf("pinned for %s\n", target->name);
	return status;
}

static const char *trust_text(const struct target *target)
{
	if (target->security == TARGET_PLAIN)
		return "none (plain)";
	if (target->certificate_sha256[0] != '\0')
		return "pinned";
	return target->ca_pem[0] != '\0' ? "ca" : "MISSING";
}

static int run_list(struct cli *cli, int argc, char **argv)
{
	static const char *const headings[] = {"NAME",	      "PROTOCOL", "ADDRESS",
					       "CERTIFICATE", "ACCOUNTS", NULL};
	g_autoptr(GPtrArray) targets = NULL;
	g_autoptr(GError) error = NULL;

	if (!cli_parse(cli, NULL, 0, 0, &argc, &argv))
		return CLI_USAGE;
	if (!cli_open_db(cli))
		return CLI_FAILED;
	if (!target_store_list(cli->db, &targets, &error))
		return cli_fail("%s", error->message);
	struct table *table = table_create(headings);
	for (unsigned i = 0; i < targets->len; i++) {
		const struct target *target = targets->pdata[i];
		table_add(table, target->name);
		table_add(table, target->protocol);
		table_add_format(table, "%s:%u", target->host, (unsigned)target->port);
		table_add(table, trust_text(target));
		table_add_format(table, "%u", target->accounts);
	}
	table_print(table,
		    "no targets: add one with vitrine target add NAME --protocol rdp --host HOST");
	return CLI_OK;
}

static int run_remove(struct cli *cli, int argc, char **argv)
{
	g_autoptr(GError) error = NULL;

	if (!cli_parse(cli, NULL, 1, 1, &argc, &argv))
		return CLI_USAGE;
	if (!cli_open_db(cli))
		return CLI_FAILED;
	bool ok = cli_begin(cli, "target-remove", argv[0], NULL, &error) &&
		  target_store_remove(cli->db, argv[0], &error);
	if (!cli_commit(cli, ok, &error))
		return cli_explain(error, "target", argv[0]);
	printf("target %s removed with its accounts and grants; recordings stay\n", argv[0]);
	return CLI_OK;
}

const struct command target_commands[] = {
	{"target", "add", "NAME", "Add a machine sessions may go to", run_add},
	{"target", "list", "", "List all targets", run_list},
	{"target", "set", "NAME", "Change a target's address or certificate", run_set},
	{"target", "pin", "NAME", "Ask the target for its certificate and pin it", run_pin},
	{"target", "remove", "NAME", "Remove a target with accounts and grants", run_remove},
	{0},
};
