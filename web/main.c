/* vitrine-web: starts the console's service and stops it in order. It must not know what any request means. */
#include "base/config.h"
#include "base/log.h"
#include "base/open_files.h"
#include "base/secret.h"
#include "web/http/server.h"
#include "web/routes/guard.h"
#include "web/routes/route.h"

#include <errno.h>
#include <glib-unix.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define PAGES_LEAVE_MS 1000u

struct options {
	char *config_path;
	gboolean check_config, version;
};

static bool parse_options(struct options *options, int *argc, char ***argv, GError **error)
{
	const GOptionEntry entries[] = {
		{"config", 'c', 0, G_OPTION_ARG_FILENAME, &options->config_path,
		 "The configuration file (default " CONFIG_DEFAULT_PATH ")", "FILE"},
		{"check-config", 0, 0, G_OPTION_ARG_NONE, &options->check_config,
		 "Read the configuration, say what is wrong with it, and stop", NULL},
		{"version", 0, 0, G_OPTION_ARG_NONE, &options->version, "Show the version", NULL},
		{NULL},
	};
	g_autoptr(GOptionContext) context =
		g_option_context_new("- console and API of the Vitrine gateway");

	g_option_context_add_main_entries(context, entries, NULL);
	return g_option_context_parse(context, argc, argv, error);
}

static bool require(const char *value, const char *key, GError **error)
{
	if (value != NULL && value[0] != '\0')
		return true;
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_INVALID,
		    "the configuration has no %s, and vitrine-web needs it", key);
	return false;
}

static bool check_config(const struct config *config, GError **error)
{
	const struct config_web *web = &config->web;

	if (web->https.port == 0) {
		g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_INVALID,
			    "web.https.port is 0: there is nothing to serve");
		return false;
	}
	return require(web->certificate_file, "web.certificate_file", error) &&
	       require(web->private_key_file, "web.private_key_file", error) &&
	       require(web->console_dir, "web.console_dir", error) &&
	       require(config->recorder.live_socket_path, "recorder.live_socket_path", error) &&
	       require(config->recorder.store_dir, "recorder.store_dir", error) &&
	       require(config->database.conninfo, "database.conninfo", error);
}

/* Otherwise the service would start and answer every page with 404. */
static bool console_is_there(const struct config_web *web, GError **error)
{
	g_autofree char *index = g_build_filename(web->console_dir, "index.html", NULL);

	if (access(index, R_OK) == 0)
		return true;
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_READ,
		    "web.console_dir holds no console: %s: %s", index, g_strerror(errno));
	return false;
}

/* Bodies with passwords pass through jansson; nothing of them stays behind in freed memory. */
static void free_wiped(void *bytes)
{
	if (bytes != NULL)
		secret_wipe(bytes, malloc_usable_size(bytes));
	free(bytes);
}

static gboolean stop_loop(void *user_data)
{
	g_main_loop_quit(user_data);
	return G_SOURCE_CONTINUE;
}

static void run_loop(const struct config *config)
{
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);

	g_unix_signal_add(SIGTERM, stop_loop, loop);
	g_unix_signal_add(SIGINT, stop_loop, loop);
	g_message("web: serving https://%s:%u/", config->web.https.address, config->web.https.port);
	sd_notify(0, "READY=1");
	g_main_loop_run(loop);
	sd_notify(0, "STOPPING=1");
}

static gboolean waited_enough(void *user_data)
{
	*(bool *)user_data = true;
	return G_SOURCE_REMOVE;
}

/* Each page gets its last word, unless its browser does not listen. */
static void close_pages(struct live_hub *hub)
{
	bool enough = false;
	guint timer = g_timeout_add(PAGES_LEAVE_MS, waited_enough, &enough);

	live_hub_close(hub);
	while (!enough && live_hub_count(hub) > 0)
		g_main_context_iteration(NULL, TRUE);
	if (!enough)
		g_source_remove(timer);
}

/* Order matters: no new requests, then the endless answers end, then connections, then what they stood on. */
static void serve_until_stopped(struct http_server *server, struct web *web)
{
	struct guard *guard = guard_create(web);

	run_loop(web->config);
	guard_destroy(guard);
	http_server_quiesce(server);
	close_pages(web->hub);
	http_server_destroy(server);
	while (g_main_context_iteration(NULL, FALSE))
		; /* pages take leave of the loop */
}

static bool serve(const struct config *config, GError **error)
{
	g_autofree char *certificate = NULL;
	autosecret key = NULL;

	if (!console_is_there(&config->web, error) ||
	    !g_file_get_contents(config->web.certificate_file, &certificate, NULL, error))
		return false;
	key = config_read_secret_file(config->web.private_key_file, error);
	if (key == NULL)
		return false;
	/* A connection takes one, a watched session and a playing file another. */
	open_files_raise();
	struct web *web = web_create(config, error);
	if (web == NULL)
		return false;
	const struct http_settings settings = {
		.address = config->web.https.address,
		.port = config->web.https.port,
		.certificate_pem = certificate,
		.private_key_pem = key,
		.workers = WEB_WORKERS,
		.handle = route_dispatch,
		.user_data = web,
	};
	struct http_server *server = http_server_create(&settings, error);
	if (server != NULL)
		serve_until_stopped(server, web);
	web_destroy(web);
	return server != NULL;
}

static bool run(const struct options *options, GError **error)
{
	const char *path =
		options->config_path != NULL ? options->config_path : CONFIG_DEFAULT_PATH;
	struct config *config = config_load(path, error);

	log_init("vitrine-web", config != NULL && config->debug); /* once per process */
	if (config == NULL)
		return false;
	bool good = check_config(config, error) && (options->check_config || serve(config, error));
	config_free(config);
	return good;
}

int main(int argc, char **argv)
{
	struct options options = {.config_path = NULL};
	g_autoptr(GError) error = NULL;

	if (!parse_options(&options, &argc, &argv, &error)) {
		g_printerr("vitrine-web: %s\n", error->message);
		return 2;
	}
	if (options.version) {
		g_print("vitrine-web %s\n", VITRINE_VERSION);
		return 0;
	}
	if (secret_init() < 0) {
		g_printerr("vitrine-web: libsodium does not start\n");
		return 1;
	}
	json_set_alloc_funcs(malloc, free_wiped);
	bool good = run(&options, &error);
	if (!good)
		g_critical("%s", error->message);
	g_free(options.config_path);
	return good ? 0 : 1;
}
