/* vitrine-recorder: options, signals, the main loop. What the recorder consists of stands in recorder.c. */
#include "recorder/recorder.h"

#include "base/log.h"
#include "base/secret.h"

#include <glib-unix.h>
#include <glib.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#define PROGRAM "vitrine-recorder"

struct options {
	char *config;
	gboolean check_config, version;
};

struct run {
	GMainLoop *loop;
	struct recorder *recorder;
	bool stopping;
};

/* Start-up trouble is for a person at a terminal or in front of the journal: one line, no time stamps. */
static int complain(const char *what)
{
	fprintf(stderr, PROGRAM ": %s\n", what);
	return EXIT_FAILURE;
}

static bool parse_options(int *argc, char ***argv, struct options *ret, GError **error)
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
	g_option_context_set_summary(context, "Records sessions: H.264 in fragmented MP4, each "
					      "segment hashed and signed as it is written.");
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
	recorder_stop(run->recorder, stopped, run);
	return G_SOURCE_CONTINUE;
}

static int serve(const struct config *config)
{
	g_autoptr(GError) error = NULL;
	struct run run = {.loop = g_main_loop_new(NULL, FALSE)};

	run.recorder = recorder_create(config, &error);
	if (run.recorder == NULL) {
		g_main_loop_unref(run.loop);
		return complain(error->message);
	}
	g_unix_signal_add(SIGTERM, stop, &run);
	g_unix_signal_add(SIGINT, stop, &run);
	g_message("serving");
	sd_notify(0, "READY=1");
	g_main_loop_run(run.loop);
	recorder_destroy(run.recorder);
	g_main_loop_unref(run.loop);
	g_message("stopped");
	return EXIT_SUCCESS;
}

static int with_config(const struct options *options)
{
	const char *path = options->config != NULL ? options->config : CONFIG_DEFAULT_PATH;
	g_autoptr(GError) error = NULL;
	struct config *config = config_load(path, &error);

	if (config == NULL)
		return complain(error->message);
	int result = EXIT_SUCCESS;
	if (options->check_config) {
		printf("%s: no mistake found\n", path);
	} else {
		log_init(PROGRAM, config->debug);
		result = serve(config);
	}
	config_free(config);
	return result;
}

int main(int argc, char **argv)
{
	struct options options = {0};
	g_autoptr(GError) error = NULL;

	setlocale(LC_CTYPE, "C.UTF-8");
	signal(SIGPIPE, SIG_IGN);
	if (!parse_options(&argc, &argv, &options, &error))
		return complain(error->message);
	if (options.version) {
		puts(PROGRAM " " VITRINE_VERSION);
		return EXIT_SUCCESS;
	}
	int result = secret_init();
	if (result < 0)
		return complain(g_strerror(-result));
	result = with_config(&options);
	g_free(options.config);
	return result;
}
