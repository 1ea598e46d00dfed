/* Options, signals and the main loop of a daemon. It must not know what the daemon is for. */
#include "base/daemon.h"

#include "base/log.h"
#include "base/secret.h"

#include <glib-unix.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

struct options {
	char *config;
	gboolean check_config, version;
};

struct run {
	const struct daemon *daemon;
	GMainLoop *loop;
	void *instance;
	bool stopping;
};

/* Start-up trouble is for a person at a terminal or in front of the journal: one
 * line, no time stamps. */
static int complain(const struct daemon *daemon, const char *what)
{
	fprintf(stderr, "%s: %s\n", daemon->program, what);
	return EXIT_FAILURE;
}

static bool parse_options(const struct daemon *daemon, int *argc, char ***argv, struct options *ret,
			  GError **error)
{
	const GOptionEntry entries[] = {
		{"config", 0, 0, G_OPTION_ARG_FILENAME, &ret->config,
		 "Configuration file (default " CONFIG_DEFAULT_PATH ")", "FILE"},
		{"check-config", 0, 0, G_OPTION_ARG_NONE, &ret->check_config,
		 "Check the configuration file and exit", NULL},
		{"version", 0, 0, G_OPTION_ARG_NONE, &ret->version, "Print the version and exit",
		 NULL},
		G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);

	g_option_context_add_main_entries(context, entries, NULL);
	g_option_context_set_summary(context, daemon->summary);
	if (!g_option_context_parse(context, argc, argv, error))
		return false;
	if (*argc > 1) {
		g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "unknown argument \"%s\"",
			    (*argv)[1]);
		return false;
	}
	return true;
}

static void stopped(void *user_data)
{
	struct run *run = user_data;

	g_main_loop_quit(run->loop);
}

static gboolean stop(void *user_data)
{
	struct run *run = user_data;

	if (run->stopping)
		return G_SOURCE_CONTINUE;
	run->stopping = true;
	g_message("stopping");
	sd_notify(0, "STOPPING=1");
	run->daemon->stop(run->instance, stopped, run);
	return G_SOURCE_CONTINUE;
}

static int serve(const struct daemon *daemon, const struct config *config)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	struct run run = {.daemon = daemon, .loop = loop};

	run.instance = daemon->create(config, &error);
	if (run.instance == NULL)
		return complain(daemon, error->message);
	g_unix_signal_add(SIGTERM, stop, &run);
	g_unix_signal_add(SIGINT, stop, &run);
	g_message("serving");
	sd_notify(0, "READY=1");
	g_main_loop_run(loop);
	daemon->destroy(run.instance);
	g_message("stopped");
	return EXIT_SUCCESS;
}

static int with_config(const struct daemon *daemon, const struct options *options)
{
	const char *path = options->config != NULL ? options->config : CONFIG_DEFAULT_PATH;
	g_autoptr(GError) error = NULL;
	struct config *config = config_load(path, &error);

	if (config == NULL)
		return complain(daemon, error->message);
	int result = EXIT_SUCCESS;
	if (!daemon->check(config, &error)) {
		g_autofree char *where = g_strdup_printf("%s: %s", path, error->message);
		result = complain(daemon, where);
	} else if (options->check_config) {
		printf("%s: no mistake found\n", path);
	} else {
		log_init(daemon->program, config->debug);
		result = serve(daemon, config);
	}
	config_free(config);
	return result;
}

int daemon_main(const struct daemon *daemon, int argc, char **argv)
{
	struct options options = {0};
	g_autoptr(GError) error = NULL;

	setlocale(LC_CTYPE, "C.UTF-8");
	signal(SIGPIPE, SIG_IGN);
	if (!parse_options(daemon, &argc, &argv, &options, &error))
		return complain(daemon, error->message);
	if (options.version) {
		printf("%s " VITRINE_VERSION "\n", daemon->program);
		return EXIT_SUCCESS;
	}
	int result = secret_init();
	if (result < 0)
		return complain(daemon, g_strerror(-result));
	result = with_config(daemon, &options);
	g_free(options.config);
	return result;
}
