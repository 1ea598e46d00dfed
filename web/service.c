/* Puts the console's service together and takes it apart in order. It must not know
 * what any request means. */
#include "web/service.h"

#include "base/open_files.h"
#include "base/secret.h"
#include "web/http/server.h"
#include "web/routes/guard.h"
#include "web/routes/route.h"

#include <errno.h>
#include <unistd.h>

#define PAGES_LEAVE_MS 1000u

struct service {
	struct web *web;
	struct http_server *server;
	struct guard *guard;
};

bool service_check_config(const struct config *config, GError **error)
{
	const struct config_web *web = &config->web;

	if (web->https.port == 0) {
		g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_INVALID,
			    "web.https.port is 0: there is nothing to serve");
		return false;
	}
	return config_require(web->certificate_file, "web.certificate_file", error) &&
	       config_require(web->private_key_file, "web.private_key_file", error) &&
	       config_require(web->console_dir, "web.console_dir", error) &&
	       config_require(config->recorder.live_socket_path, "recorder.live_socket_path",
			      error) &&
	       config_require(config->recorder.store_dir, "recorder.store_dir", error) &&
	       config_require(config->database.conninfo, "database.conninfo", error);
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

static struct http_server *open_port(const struct config_web *config, struct web *web,
				     GError **error)
{
	g_autofree char *certificate = NULL;
	autosecret key = NULL;

	if (!g_file_get_contents(config->certificate_file, &certificate, NULL, error))
		return NULL;
	key = config_read_secret_file(config->private_key_file, error);
	if (key == NULL)
		return NULL;
	const struct http_settings settings = {
		.address = config->https.address,
		.port = config->https.port,
		.certificate_pem = certificate,
		.private_key_pem = key,
		.workers = WEB_WORKERS,
		.handle = route_dispatch,
		.user_data = web,
	};
	return http_server_create(&settings, error);
}

struct service *service_create(const struct config *config, GError **error)
{
	if (!console_is_there(&config->web, error))
		return NULL;
	/* A connection takes one, a watched session and a playing file another. */
	open_files_raise();
	struct web *web = web_create(config, error);
	if (web == NULL)
		return NULL;
	struct http_server *server = open_port(&config->web, web, error);
	if (server == NULL) {
		web_destroy(web);
		return NULL;
	}
	struct service *service = g_new0(struct service, 1);
	*service = (struct service){.web = web, .server = server, .guard = guard_create(web)};
	g_message("https://%s:%u/", config->web.https.address, config->web.https.port);
	return service;
}

void service_stop(struct service *service)
{
	guard_destroy(service->guard);
	service->guard = NULL;
	http_server_quiesce(service->server);
	live_hub_close(service->web->hub);
}

static gboolean waited_enough(void *user_data)
{
	*(bool *)user_data = true;
	return G_SOURCE_REMOVE;
}

/* Each page gets its last word, unless its browser does not listen. */
static void await_pages(struct live_hub *hub)
{
	bool enough = false;
	guint timer = g_timeout_add(PAGES_LEAVE_MS, waited_enough, &enough);

	while (!enough && live_hub_count(hub) > 0)
		g_main_context_iteration(NULL, TRUE);
	if (!enough)
		g_source_remove(timer);
}

/* Order matters: the endless answers end, then connections, then what they stood on. */
void service_destroy(struct service *service)
{
	await_pages(service->web->hub);
	http_server_destroy(service->server);
	while (g_main_context_iteration(NULL, FALSE))
		; /* pages take leave of the loop */
	web_destroy(service->web);
	g_free(service);
}
