/* export_recording DIR TARGET KEY CERTIFICATE [OPTION...]: an evidence file as the product makes
 * it, without configuration and database around the exporter. */
#include "base/secret.h"
#include "evidence/export.h"

#include <stdio.h>

struct options {
	char *archive_key, *log_store, *without_timelines;
	gint64 from_us, to_us;
};

static struct chain_key *load_key(const char *key_path, const char *certificate_path)
{
	g_autofree char *key = NULL, *certificate = NULL;
	g_autoptr(GError) error = NULL;
	struct chain_key *loaded = NULL;

	if (g_file_get_contents(key_path, &key, NULL, &error) &&
	    g_file_get_contents(certificate_path, &certificate, NULL, &error))
		loaded = chain_key_create(key, certificate, &error);
	if (loaded == NULL)
		g_error("%s", error->message);
	return loaded;
}

static int make(const char *dir, const char *target, const struct chain_key *key,
		const struct options *options)
{
	g_autoptr(GError) error = NULL;
	struct archive_key *archive = NULL;
	struct evidence_made made;
	struct reader *reader;

	if (options->archive_key != NULL) {
		archive = archive_key_load(options->archive_key, &error);
		if (archive == NULL)
			g_error("%s", error->message);
	}
	if (reader_open(dir, archive, &reader) < 0)
		g_error("%s cannot be read", dir);
	const struct evidence_order order = {
		.reader = reader,
		.key = key,
		.asked = {(uint64_t)options->from_us, (uint64_t)options->to_us},
		.leave_out_timelines = options->without_timelines,
		.node = "node1",
		.created_by = "auditor",
		.purpose = "made for tests",
		.log_store_dir = options->log_store,
		.target = target};
	bool ok = evidence_export(&order, &made, &error);
	if (!ok)
		fprintf(stderr, "%s\n", error->message);
	reader_close(reader);
	archive_key_destroy(archive);
	return ok ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct options options = {.to_us = G_MAXINT64};
	const GOptionEntry entries[] = {
		{"archive-key", 0, 0, G_OPTION_ARG_FILENAME, &options.archive_key, NULL, NULL},
		{"log", 0, 0, G_OPTION_ARG_FILENAME, &options.log_store, NULL, NULL},
		{"without-timelines", 0, 0, G_OPTION_ARG_STRING, &options.without_timelines, NULL,
		 NULL},
		{"from-us", 0, 0, G_OPTION_ARG_INT64, &options.from_us, NULL, NULL},
		{"to-us", 0, 0, G_OPTION_ARG_INT64, &options.to_us, NULL, NULL},
		{0},
	};
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);

	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, NULL) || argc != 5 || secret_init() != 0)
		return 2;
	struct chain_key *key = load_key(argv[3], argv[4]);
	int status = make(argv[1], argv[2], key, &options);
	chain_key_destroy(key);
	g_free(options.archive_key);
	g_free(options.log_store);
	g_free(options.without_timelines);
	return status;
}
