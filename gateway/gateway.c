/* Puts the gateway together and takes it apart. It must not know what any part does. */
#include "gateway/gateway.h"

#include "base/open_files.h"
#include "base/secret.h"
#include "gateway/broker/broker.h"
#include "gateway/command_listener.h"
#include "gateway/doors.h"
#include "gateway/housekeeping.h"
#include "gateway/identity.h"
#include "gateway/listener.h"
#include "sql/session_store.h"

#include <gio/gio.h>
#include <inttypes.h>
#include <string.h>

#define LOOKUP_THREADS 2u
/** Sessions that do not end by themselves are killed after this. */
#define FORCE_AFTER_MS 3000
#define FLUSH_ROWS_US 5000000u
/** Connections that may wait for their first message, beside the sessions. */
#define VISITORS_MAX 512u

struct gateway {
	const struct config *config;
	struct broker_tools tools;
	struct broker *broker;
	struct doors *doors;
	struct listener *rdp, *vnc;
	struct command_listener *commands;
	struct housekeeping *housekeeping;
	guint force;
	void (*stopped)(void *user_data);
	void *stopped_data;
};

bool gateway_check_config(const struct config *config, GError **error)
{
	const struct config_gateway *gateway = &config->gateway;

	if (gateway->rdp.port == 0 && gateway->vnc.port == 0) {
		g_set_error_literal(error, CONFIG_ERROR, CONFIG_ERROR_INVALID,
				    "both listeners are off: set gateway.rdp.port or "
				    "gateway.vnc.port");
		return false;
	}
	return config_require(gateway->certificate_file, "gateway.certificate_file", error) &&
	       config_require(gateway->private_key_file, "gateway.private_key_file", error) &&
	       config_require(gateway->master_key_file, "gateway.master_key_file", error) &&
	       config_require(config->recorder.socket_path, "recorder.socket_path", error) &&
	       config_require(config->database.conninfo, "database.conninfo", error);
}

static bool load_keys(struct gateway *gateway, GError **error)
{
	const struct config_gateway *config = &gateway->config->gateway;
	struct broker_tools *tools = &gateway->tools;

	if (!identity_load(config->certificate_file, config->private_key_file,
			   &tools->certificate_pem, &tools->private_key_pem, error))
		return false;
	if (config->rdp.port != 0 && !identity_suits_rdp(tools->private_key_pem))
		g_warning("%s is not an RSA key: mstsc before Windows 10 refuses its certificate "
			  "without saying why; have one issued for a key of openssl genrsa 3072",
			  config->private_key_file);
	tools->vault = vault_create_from_file(config->master_key_file, error);
	if (tools->vault == NULL)
		return false;
	tools->hasher = nt_hasher_create(error);
	return tools->hasher != NULL;
}

static bool listen_on(struct gateway *gateway, GError **error)
{
	const struct config_gateway *config = &gateway->config->gateway;

	if (config->rdp.port != 0) {
		gateway->rdp = listener_create(&config->rdp, doors_rdp, gateway->doors, error);
		if (gateway->rdp == NULL)
			return false;
		g_message("RDP on %s port %u", config->rdp.address, config->rdp.port);
	}
	if (config->vnc.port != 0) {
		gateway->vnc = listener_create(&config->vnc, doors_vnc, gateway->doors, error);
		if (gateway->vnc == NULL)
			return false;
		g_message("VNC on %s port %u", config->vnc.address, config->vnc.port);
	}
	return true;
}

/* Only after the ports are ours: another gateway of this node would still be running those
 * sessions. */
static bool end_old_sessions(const struct config *config, GError **error)
{
	struct db *db = db_open(config->database.conninfo, config->database.gateway_role,
				"vitrine-gateway", error);
	uint64_t rows = 0;

	if (db == NULL)
		return false;
	bool ok = session_store_fault_all(db, config->node, &rows, error);
	db_close(db);
	if (rows > 0)
		g_warning("%" PRIu64 " sessions were left open by a gateway that did not stop in "
			  "order; their rows are ended now",
			  rows);
	return ok;
}

static bool open_database(struct gateway *gateway, GError **error)
{
	const struct config_database *database = &gateway->config->database;
	struct broker_tools *tools = &gateway->tools;
	unsigned login_threads = CLAMP(g_get_num_processors(), 2u, 8u);

	if (!end_old_sessions(gateway->config, error))
		return false;
	tools->journal = journal_create(database, error);
	if (tools->journal == NULL)
		return false;
	tools->logins = jobs_create(database, login_threads, gateway->broker, error);
	if (tools->logins == NULL)
		return false;
	tools->lookups = jobs_create(database, LOOKUP_THREADS, gateway->broker, error);
	return tools->lookups != NULL;
}

static bool start_pool(struct gateway *gateway, GError **error)
{
	const struct config_gateway *config = &gateway->config->gateway;
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *dir = g_path_get_dirname(self != NULL ? self : "");
	g_autofree char *beside = g_build_filename(dir, "vitrine-session", NULL);

	gateway->tools.pool = worker_pool_create(
		config, config->session_program != NULL ? config->session_program : beside, error);
	return gateway->tools.pool != NULL;
}

static bool start(struct gateway *gateway, GError **error)
{
	const struct config *config = gateway->config;
	struct broker_tools *tools = &gateway->tools;

	/* A session takes three descriptors here, a waiting connection one. */
	open_files_raise();
	if (!load_keys(gateway, error))
		return false;
	tools->config = config;
	tools->admission = admission_create(config->gateway.max_sessions + VISITORS_MAX,
					    config->gateway.max_per_address);
	tools->backoff = backoff_create(BACKOFF_ENTRIES_MAX);
	tools->proven = proven_create();
	gateway->broker = broker_create(tools);
	gateway->doors = doors_create(gateway->broker, tools);
	if (!listen_on(gateway, error) || !open_database(gateway, error) ||
	    !start_pool(gateway, error))
		return false;
	tools->recorder = recorder_link_create(config->recorder.socket_path,
					       &broker_recorder_listener, gateway->broker);
	gateway->commands = command_listener_create(tools);
	gateway->housekeeping = housekeeping_create(tools->lookups);
	return true;
}

struct gateway *gateway_create(const struct config *config, GError **error)
{
	struct gateway *gateway = g_new0(struct gateway, 1);

	gateway->config = config;
	if (start(gateway, error))
		return gateway;
	gateway_destroy(gateway);
	return NULL;
}

static gboolean force(void *user_data)
{
	struct gateway *gateway = user_data;

	gateway->force = 0;
	g_warning("%u sessions do not end: they are killed", broker_count(gateway->broker));
	broker_kill_all(gateway->broker);
	return G_SOURCE_REMOVE;
}

static void all_ended(void *user_data)
{
	struct gateway *gateway = user_data;

	g_clear_handle_id(&gateway->force, g_source_remove);
	gateway->stopped(gateway->stopped_data);
}

void gateway_stop(struct gateway *gateway, void (*stopped)(void *user_data), void *user_data)
{
	gateway->stopped = stopped;
	gateway->stopped_data = user_data;
	g_clear_pointer(&gateway->rdp, listener_destroy);
	g_clear_pointer(&gateway->vnc, listener_destroy);
	doors_close(gateway->doors);
	g_clear_pointer(&gateway->commands, command_listener_destroy);
	g_clear_pointer(&gateway->housekeeping, housekeeping_destroy);
	gateway->force = g_timeout_add(FORCE_AFTER_MS, force, gateway);
	broker_stop(gateway->broker);
	worker_pool_drain(gateway->tools.pool);
	broker_when_empty(gateway->broker, all_ended, gateway);
}

void gateway_destroy(struct gateway *gateway)
{
	if (gateway == NULL)
		return;
	struct broker_tools *tools = &gateway->tools;
	g_clear_handle_id(&gateway->force, g_source_remove);
	listener_destroy(gateway->rdp);
	listener_destroy(gateway->vnc);
	command_listener_destroy(gateway->commands);
	housekeeping_destroy(gateway->housekeeping);
	jobs_destroy(tools->logins);
	jobs_destroy(tools->lookups);
	worker_pool_destroy(tools->pool);
	journal_destroy(tools->journal, FLUSH_ROWS_US);
	recorder_link_destroy(tools->recorder);
	doors_destroy(gateway->doors);
	broker_destroy(gateway->broker);
	backoff_destroy(tools->backoff);
	proven_destroy(tools->proven);
	admission_destroy(tools->admission);
	nt_hasher_destroy(tools->hasher);
	vault_destroy(tools->vault);
	secret_free(tools->private_key_pem);
	g_free(tools->certificate_pem);
	g_free(gateway);
}
