/* Judges a CA's answer, puts it in place and records it. It must not know where the answer comes
 * from. */
#include "cli/key_install.h"

#include "base/clock.h"
#include "cli/key_files.h"
#include "recorder/chain/chain.h"
#include "recorder/chain/key_request.h"
#include "recorder/chain/verify_trust.h"
#include "recorder/nodelog/recording_ends.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- What is refused: texts to be g_freed, or NULL ---- */

static char *ca_trouble(const struct key_install *install)
{
	g_autofree char *utc = clock_format_utc(clock_utc_us()), *why = NULL;
	struct verify_trust *trust = verify_trust_create(install->certificate);
	int result = trust != NULL ? verify_trust_check(trust, 0, install->ca, utc, &why) : -EINVAL;

	verify_trust_destroy(trust);
	if (result == 0)
		return NULL;
	if (result != -EPERM)
		return g_strdup_printf("%s cannot be read, or holds no certificate", install->ca);
	return g_strdup_printf("the certificate does not lead to the one in %s: %s", install->ca,
			       why);
}

static bool is_open_under(const struct key_install *install, const char *session,
			  const char *certificate)
{
	g_autofree char *path =
		g_build_filename(install->store_dir, session, CHAIN_CERTIFICATE_FILE, NULL);
	g_autofree char *own = NULL;
	struct recording_ends ends;
	bool open = recording_ends_read(install->store_dir, session, NULL, &ends) == 0 &&
		    ends.seal[0] == '\0' && ends.tombstone[0] == '\0' &&
		    g_file_get_contents(path, &own, NULL, NULL) && strcmp(own, certificate) == 0;

	recording_ends_clear(&ends);
	return open;
}

/* Only one key before the present one is kept: it must not go while a recording waits to be sealed
 * by it. */
static char *previous_trouble(const struct key_install *install)
{
	g_autofree char *path =
		g_strconcat(install->place->certificate_file, KEY_PREVIOUS_SUFFIX, NULL);
	g_autofree char *previous = NULL;
	g_autoptr(GDir) dir =
		install->store_dir != NULL ? g_dir_open(install->store_dir, 0, NULL) : NULL;
	const char *name;

	if (dir == NULL || !key_files_replaces(install->place, install->certificate) ||
	    !g_file_get_contents(path, &previous, NULL, NULL))
		return NULL;
	while ((name = g_dir_read_name(dir)) != NULL)
		if (g_uuid_string_is_valid(name) && is_open_under(install, name, previous))
			return g_strdup_printf("recording %s still waits for the key before the "
					       "present one: restart vitrine-recorder, which seals "
					       "it, then come again",
					       name);
	return NULL;
}

static char *find_trouble(const struct key_install *install)
{
	g_autoptr(GError) error = NULL;

	if (!key_certificate_fits(install->certificate, &error))
		return g_strdup(error->message);
	char *trouble = install->ca != NULL ? ca_trouble(install) : NULL;
	if (trouble != NULL)
		return trouble;
	if (!key_files_fit(install->place, install->certificate, &error))
		return g_strdup_printf("the certificate does not belong to the key that asked for "
				       "it: %s",
				       error->message);
	return previous_trouble(install);
}

/* ---- Records ---- */

static json_t *detail_of(const struct key_install *install, const char *refused)
{
	g_autofree char *name = key_certificate_name(install->certificate);
	g_autofree char *sha256 =
		g_compute_checksum_for_string(G_CHECKSUM_SHA256, install->certificate, -1);

	return json_pack("{s:s, s:s, s:s, s:s*}", "certificate_sha256", sha256, "key",
			 install->what, "name", name != NULL ? name : "", "refused", refused);
}

static int refuse(struct cli *cli, const struct key_install *install, const char *trouble)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *valid = g_utf8_make_valid(trouble, -1);

	if (!install->offline && cli_open_db(cli)) {
		bool ok = cli_begin(cli, "evidence-key-refused", cli->config->node,
				    detail_of(install, valid), &error);
		if (!cli_commit(cli, ok, &error))
			cli_say("the refusal is not in the audit trail: %s", error->message);
	}
	return cli_fail("%s", trouble);
}

static int in_place(const struct key_install *install, int result)
{
	if (result < 0)
		return cli_fail("key and certificate cannot be put in place: %s",
				g_strerror(-result));
	key_files_finish(install->place);
	printf("installed; restart %s. What was signed before keeps its own certificate and goes "
	       "on verifying.\n",
	       strcmp(install->what, "recorder") == 0 ? "vitrine-recorder" : "vitrine-web");
	return CLI_OK;
}

/* The record is written first, but stays only when the files are in place; files without one are
 * recorded by the same command. */
static int switch_recorded(struct cli *cli, const struct key_install *install)
{
	g_autoptr(GError) error = NULL;

	if (!cli_begin(cli, "evidence-key-install", cli->config->node, detail_of(install, NULL),
		       &error))
		return cli_fail("%s", error->message);
	int result = key_files_switch(install->place, install->certificate);
	if (cli_commit(cli, result == 0, &error) || result < 0)
		return in_place(install, result);
	return cli_fail("key and certificate are in place, but the audit record is not written: "
			"give the same command again (%s)",
			error->message);
}

int key_install(struct cli *cli, const struct key_install *install)
{
	g_autofree char *trouble = find_trouble(install);

	if (trouble != NULL)
		return refuse(cli, install, trouble);
	if (key_files_installed(install->place, install->certificate)) {
		puts("this certificate is installed already");
		return CLI_OK;
	}
	if (!install->offline && !cli_open_db(cli))
		return cli_fail("a change of keys is an audit record; before there is a database: "
				"--offline");
	int result = key_files_stage(install->place, install->certificate);
	if (result < 0)
		return in_place(install, result);
	if (!install->offline)
		return switch_recorded(cli, install);
	return in_place(install, key_files_switch(install->place, install->certificate));
}
