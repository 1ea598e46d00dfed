/* Puts the recorder together. It must not do anything itself. */
#include "recorder/recorder.h"

#include "base/open_files.h"
#include "base/secret.h"
#include "recorder/chain/key_source.h"
#include "recorder/confine.h"
#include "recorder/encode/idr_pool.h"
#include "recorder/footprint.h"
#include "recorder/gateway_link.h"
#include "recorder/http_client/http_post.h"
#include "recorder/live.h"
#include "recorder/notary/notary.h"
#include "recorder/retention.h"
#include "recorder/settled.h"
#include "sql/db_listener.h"
#include "sql/deletion_store.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <unistd.h>

#define ROWS_WAIT_MS 3000u

struct recorder {
	struct store *store;
	int store_lock_fd; /**< -1: not locked */
	struct chain_key *key, *previous_key;
	struct archive_certificate *archive;	/**< NULL: nothing is encrypted */
	struct archive_certificate *keystrokes; /**< NULL: there is none */
	struct running_keys *running;
	struct settled *settled;
	struct index *index;
	struct idr_pool *idr_pool;
	struct scheduler *scheduler;
	struct live_server *live;
	struct gateway_link *gateway;
	struct registry *registry;
	struct sealed_check *check;
	struct canvas_budget canvases;
	struct retention *retention;
	struct db_listener *deletions;
	struct notary *notary;
};

static bool complain(GError **error, int result, const char *what, const char *name)
{
	if (result >= 0)
		return true;
	g_set_error(error, G_IO_ERROR, g_io_error_from_errno(-result), "%s %s: %s", what, name,
		    g_strerror(-result));
	return false;
}

/* The key before the last rotation is only for what was interrupted under it: without it those
 * recordings wait, and the log says so. */
static bool load_keys(struct recorder *r, const struct config_recorder *config, GError **error)
{
	g_autoptr(GError) trouble = NULL;

	const struct key_place place = key_place_of_recorder(config);

	r->key = key_source_load(&place, error);
	if (r->key == NULL)
		return false;
	r->previous_key = key_source_load_previous(&place, &trouble);
	if (trouble != NULL)
		g_warning("the signing key before the last rotation: %s", trouble->message);
	return true;
}

static bool load_certificate(const char *path, struct archive_certificate **ret, GError **error)
{
	g_autofree char *pem = NULL;

	if (!g_file_get_contents(path, &pem, NULL, error))
		return false;
	*ret = archive_certificate_create(pem, error);
	if (*ret == NULL)
		g_prefix_error(error, "%s: ", path);
	return *ret != NULL;
}

/* The recorder has the public halves alone: it cannot read what it wrote earlier. */
static bool load_certificates(struct recorder *r, const struct config_recorder *config,
			      GError **error)
{
	if (config->keystroke_certificate_file != NULL &&
	    !load_certificate(config->keystroke_certificate_file, &r->keystrokes, error))
		return false;
	if (!*config->encryption) {
		g_warning("recorder.encryption is false: recordings lie on the disk for anybody "
			  "who can read it");
		return true;
	}
	return load_certificate(config->archive_certificate_file, &r->archive, error);
}

bool recorder_check_config(const struct config *config, GError **error)
{
	const struct config_recorder *c = &config->recorder;
	const struct key_place place = key_place_of_recorder(c);

	if (*c->encryption && c->archive_certificate_file == NULL) {
		g_set_error(
			error, CONFIG_ERROR, CONFIG_ERROR_INVALID,
			"the configuration has no recorder.archive_certificate_file: recordings "
			"are encrypted unless recorder.encryption is false");
		return false;
	}
	return config_require(c->socket_path, "recorder.socket_path", error) &&
	       config_require(c->live_socket_path, "recorder.live_socket_path", error) &&
	       config_require(c->store_dir, "recorder.store_dir", error) &&
	       key_source_check(&place, error);
}

static bool enter_cage(const struct config_recorder *c, GError **error)
{
	g_autofree char *sockets = g_path_get_dirname(c->socket_path);
	g_autofree char *live = g_path_get_dirname(c->live_socket_path);
	const char *writable[] = {c->store_dir, sockets, live, c->running_key_dir, NULL, NULL};
	g_autofree char *heads = c->log.head_file != NULL && c->log.head_file[0] != '\0'
					 ? g_path_get_dirname(c->log.head_file)
					 : NULL;

	/* A mount that is missing now stays out of reach until the next start; the
	 * recorder goes on without it. */
	if (heads != NULL && g_file_test(heads, G_FILE_TEST_IS_DIR))
		writable[4] = heads;
	else if (heads != NULL)
		g_warning("%s is missing: heads of the node log are not told there", heads);
	return complain(error, confine(writable), "cage", "of the recorder");
}

static void recording_deleted(void *user, const char *session_id, const char *sha256)
{
	notary_deletion(user, session_id, sha256);
}

static void deletion_ordered(const char *payload, void *user_data)
{
	retention_wake(user_data);
}

/* Only with everything left behind in order: what recovery still works on is not deleted under
 * it. */
static void start_retention(struct recorder *r, const struct config *config)
{
	const struct config_database *database = &config->database;
	const struct retention_settings settings = {.store = r->store,
						    .keys = {r->key, r->previous_key},
						    .conninfo = database->conninfo,
						    .role = database->recorder_role,
						    .node = config->node,
						    .deleted = recording_deleted,
						    .user = r->notary};

	if (database->conninfo == NULL)
		return;
	r->retention = retention_create(&settings);
	r->deletions =
		db_listener_create(database->conninfo, database->recorder_role, "vitrine-recorder",
				   DB_CHANNEL_DELETION, NULL, deletion_ordered, r->retention);
}

static void start_notary(struct recorder *r, const struct config *config)
{
	const struct notary_settings settings = {.store_dir = config->recorder.store_dir,
						 .node = config->node,
						 .key = r->key,
						 .previous_key = r->previous_key,
						 .conninfo = config->database.conninfo,
						 .role = config->database.recorder_role,
						 .log = &config->recorder.log,
						 .time_stamp = &config->recorder.time_stamp};

	http_init();
	r->notary = notary_create(&settings);
}

/* What the cage would forbid later: the sockets, and the store's directory. */
static bool open_before_cage(struct recorder *r, const struct config_recorder *c, GError **error)
{
	if (g_mkdir_with_parents(c->store_dir, 0750) != 0)
		return complain(error, -errno, "store", c->store_dir);
	/* Before the sockets, which would be taken from the recorder that works there. */
	int locked = store_lock(c->store_dir, &r->store_lock_fd);
	const char *what = locked == -EBUSY ? "another recorder works on the store" : "store";
	return complain(error, locked, what, c->store_dir) &&
	       complain(error, live_server_create(c->live_socket_path, &r->live), "socket",
			c->live_socket_path) &&
	       complain(error, gateway_link_create(c->socket_path, &r->gateway), "socket",
			c->socket_path);
}

/* Rows are compared with all that lies there, or with nothing: half a list would have recordings
 * missing that are not. */
static bool start_index(struct recorder *r, const struct config *config, GError **error)
{
	const struct config_database *database = &config->database;
	g_autoptr(GPtrArray) present = NULL;

	if (!complain(error, store_list(r->store, &present), "store", config->recorder.store_dir))
		return false;
	r->index = index_create(database->conninfo, database->recorder_role, config->node);
	r->settled = settled_open(config->recorder.store_dir, present);
	index_settle(r->index, r->settled);
	index_compare(r->index, present);
	return true;
}

static void start_registry(struct recorder *r, const struct config *config)
{
	const struct config_recorder *c = &config->recorder;

	r->canvases.max_bytes = (uint64_t)c->canvas_mib << 20;
	r->canvases.max_each_bytes = (uint64_t)c->session_canvas_mib << 20;
	const struct registry_settings settings = {
		.services = {.archive = {.store = r->store,
					 .key = r->key,
					 .index = r->index,
					 .notary = r->notary,
					 .keys = {.certificate = r->archive,
						  .running = r->running,
						  .keystrokes = r->keystrokes},
					 .previous_key = r->previous_key,
					 .check = r->check,
					 .settled = r->settled,
					 .store_dir = c->store_dir},
			     .scheduler = r->scheduler,
			     .live = r->live,
			     .idr_pool = r->idr_pool,
			     .node = config->node,
			     .quality = c->quality,
			     .limits = {(uint64_t)c->session_mib_per_hour << 20,
					(uint64_t)c->session_mib << 20},
			     .canvases = &r->canvases,
			     .self_check_every = c->self_check_every},
		.reserve_bytes = (uint64_t)c->reserve_mib << 20,
		.send = gateway_link_send,
		.user = r->gateway,
	};
	r->registry = registry_create(&settings);
	gateway_link_serve(r->gateway, r->registry);
}

static bool start(struct recorder *r, const struct config *config, GError **error)
{
	const struct config_recorder *c = &config->recorder;

	footprint_limit();
	if (!load_keys(r, c, error) || !load_certificates(r, c, error) ||
	    !complain(error, running_keys_open(c->running_key_dir, &r->running), "directory",
		      c->running_key_dir))
		return false;
	/* A recording takes eight descriptors. */
	open_files_raise();
	/* The cage comes before the first thread, which would otherwise stay outside. */
	if (!open_before_cage(r, c, error) || !enter_cage(c, error) ||
	    !complain(error, store_open(c->store_dir, &r->store), "store", c->store_dir) ||
	    !complain(error, scheduler_create(c->workers, &r->scheduler), "encoder", "threads"))
		return false;
	r->idr_pool = idr_pool_create(c->workers > 0 ? c->workers : g_get_num_processors());
	if (!start_index(r, config, error))
		return false;
	start_notary(r, config);
	r->check = sealed_check_create(c->store_dir, r->index);
	start_registry(r, config);
	start_retention(r, config);
	return true;
}

struct recorder *recorder_create(const struct config *config, GError **error)
{
	struct recorder *recorder = g_new0(struct recorder, 1);

	recorder->store_lock_fd = -1;
	if (start(recorder, config, error))
		return recorder;
	recorder_destroy(recorder);
	return NULL;
}

void recorder_stop(struct recorder *recorder, void (*stopped)(void *), void *user)
{
	registry_stop(recorder->registry, END_RECORDER_LOST, stopped, user);
}

void recorder_destroy(struct recorder *recorder)
{
	if (recorder == NULL)
		return;
	db_listener_destroy(recorder->deletions);
	retention_destroy(recorder->retention);
	gateway_link_destroy(recorder->gateway);
	registry_destroy(recorder->registry);
	sealed_check_destroy(recorder->check);
	scheduler_destroy(recorder->scheduler);
	idr_pool_destroy(recorder->idr_pool);
	notary_destroy(recorder->notary);
	live_server_destroy(recorder->live);
	index_destroy(recorder->index, ROWS_WAIT_MS);
	settled_close(recorder->settled);
	store_close(recorder->store);
	if (recorder->store_lock_fd >= 0)
		close(recorder->store_lock_fd);
	chain_key_destroy(recorder->key);
	chain_key_destroy(recorder->previous_key);
	archive_certificate_destroy(recorder->archive);
	archive_certificate_destroy(recorder->keystrokes);
	running_keys_close(recorder->running);
	g_free(recorder);
}
