/* doctor: the database, the store, the programs that should answer. */
#include "base/config.h"
#include "cli/doctor.h"

#include "base/forecast.h"
#include "ipc/link.h"
#include "sql/migrate.h"
#include "sql/recording_store.h"
#include "sql/session_store.h"

#include <errno.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define MIB (1024u * 1024u)
#define FEW_DAYS 7.0

static void check_forecast(struct doctor *doctor, uint64_t grown_bytes, uint64_t span_us)
{
	const struct config *config = doctor->config;
	const char *dir = config->recorder.store_dir;
	struct statvfs fs;

	if (dir == NULL || statvfs(dir, &fs) != 0)
		return;
	double days = forecast_days_left((uint64_t)fs.f_bavail * fs.f_frsize,
					 (uint64_t)config->recorder.reserve_mib * MIB, grown_bytes,
					 span_us);
	if (days >= 0 && days < FEW_DAYS)
		doctor_warn(doctor, "store: reaches its reserve in %.1f days, as the last day went",
			    days);
	else if (days >= 0)
		doctor_ok(doctor, "store: lasts %.0f days, as the last day went", days);
}

static void check_recordings(struct doctor *doctor, struct db *db)
{
	uint64_t failed = 0, missing = 0, grown = 0, span_us = 0;

	/* A database that is not up to date is told below. */
	if (!recording_store_count_failed_checks(db, &failed, NULL) ||
	    !recording_store_count_missing(db, &missing, NULL) ||
	    !recording_store_growth(db, doctor->config->node, &grown, &span_us, NULL))
		return;
	if (failed > 0)
		doctor_fail(doctor,
			    "recordings: %" G_GUINT64_FORMAT
			    " did not pass the self-check; vitrine recording list names them",
			    failed);
	if (missing > 0)
		doctor_fail(doctor,
			    "recordings: %" G_GUINT64_FORMAT
			    " are missing from the store; vitrine recording list names them",
			    missing);
	check_forecast(doctor, grown, span_us);
}

void doctor_check_database(struct doctor *doctor)
{
	const struct config_database *database = &doctor->config->database;
	g_autoptr(GError) error = NULL;
	struct db *db = db_open(database->conninfo, database->admin_role, "vitrine doctor", &error);
	uint32_t version = 0;
	uint64_t running = 0;

	if (db == NULL) {
		doctor_fail(doctor, "database: %s", error->message);
		return;
	}
	check_recordings(doctor, db);
	if (!migrate_version(db, &version, &error) ||
	    !session_store_count_running(db, &running, &error))
		doctor_fail(doctor, "database: %s", error->message);
	else if (version > n_migrations)
		doctor_warn(doctor, "database: schema %u is newer than this program's %u", version,
			    n_migrations);
	else
		doctor_ok(doctor, "database: schema %u, %" G_GUINT64_FORMAT " sessions not ended",
			  version, running);
	db_close(db);
}

void doctor_check_store(struct doctor *doctor)
{
	const char *dir = doctor->config->recorder.store_dir;
	struct statvfs fs;

	if (dir == NULL) {
		doctor_fail(doctor, "recorder.store_dir is not set");
		return;
	}
	if (!g_file_test(dir, G_FILE_TEST_IS_DIR) || statvfs(dir, &fs) != 0) {
		doctor_fail(doctor,
			    "store: %s is no directory: make it and give it to the recorder's user",
			    dir);
		return;
	}
	if ((fs.f_flag & ST_RDONLY) != 0)
		doctor_fail(doctor, "store: %s lies on a file system mounted read-only", dir);
	uint64_t free_mib = (uint64_t)fs.f_bavail * fs.f_frsize / MIB;
	uint32_t reserve_mib = doctor->config->recorder.reserve_mib;
	if (free_mib < reserve_mib)
		doctor_fail(
			doctor,
			"store: %" G_GUINT64_FORMAT
			" MiB free in %s, below the reserve of %u MiB: new sessions are refused",
			free_mib, dir, reserve_mib);
	else if (free_mib < 2u * (uint64_t)reserve_mib)
		doctor_warn(doctor,
			    "store: %" G_GUINT64_FORMAT " MiB free in %s, the reserve is %u MiB",
			    free_mib, dir, reserve_mib);
	else
		doctor_ok(doctor, "store: %" G_GUINT64_FORMAT " MiB free in %s", free_mib, dir);
	if (geteuid() != 0 && access(dir, W_OK) != 0)
		doctor_warn(
			doctor,
			"store: %s is not writable for this user (it must be for the recorder's)",
			dir);
}

/* The live socket hangs up on whoever says nothing, so connecting disturbs nobody. */
static void check_socket(struct doctor *doctor, const char *what, const char *path)
{
	if (path == NULL) {
		doctor_fail(doctor, "%s: its socket is not set in the configuration", what);
		return;
	}
	int fd = link_connect(path, SOCK_STREAM);
	if (fd >= 0) {
		doctor_ok(doctor, "%s answers on %s", what, path);
		close(fd);
	} else if (fd == -EACCES) {
		doctor_warn(doctor, "%s: this user may not connect to %s", what, path);
	} else {
		doctor_warn(doctor, "%s does not answer on %s (%s): is it running?", what, path,
			    g_strerror(-fd));
	}
}

static void check_port(struct doctor *doctor, const char *what, const struct config_listen *listen)
{
	g_autoptr(GSocketClient) client = g_socket_client_new();
	g_autoptr(GError) error = NULL;
	const char *address = listen->address != NULL ? listen->address : "127.0.0.1";

	if (listen->port == 0) {
		doctor_ok(doctor, "%s is switched off", what);
		return;
	}
	if (strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0)
		address = strcmp(address, "::") == 0 ? "::1" : "127.0.0.1";
	g_socket_client_set_timeout(client, 3);
	g_socket_client_set_enable_proxy(client, FALSE);
	g_autoptr(GSocketConnection) connection =
		g_socket_client_connect_to_host(client, address, listen->port, NULL, &error);
	if (connection != NULL)
		doctor_ok(doctor, "%s answers on %s port %u", what, address,
			  (unsigned)listen->port);
	else
		doctor_warn(doctor, "%s does not answer on %s port %u (%s): is it running?", what,
			    address, (unsigned)listen->port, error->message);
}

/* vitrine-session names the libraries it runs with; nobody else may load them. */
static void check_session_program(struct doctor *doctor)
{
	const char *path = doctor->config->gateway.session_program;
	const char *argv[] = {path, "--version", NULL};
	g_autofree char *output = NULL;
	g_autoptr(GError) error = NULL;
	int status = 0;

	if (path == NULL)
		return;
	if (!g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL,
			  NULL, &output, NULL, &status, &error) ||
	    !g_spawn_check_wait_status(status, &error)) {
		doctor_fail(doctor, "%s --version: %s", path, error->message);
		return;
	}
	g_strdelimit(g_strstrip(output), "\n", ' ');
	doctor_ok(doctor, "session program: %s", output);
}

void doctor_check_programs(struct doctor *doctor)
{
	const struct config *config = doctor->config;

	check_session_program(doctor);
	check_socket(doctor, "vitrine-recorder", config->recorder.live_socket_path);
	check_port(doctor, "vitrine-gateway (RDP)", &config->gateway.rdp);
	check_port(doctor, "vitrine-gateway (VNC)", &config->gateway.vnc);
	check_port(doctor, "vitrine-web", &config->web.https);
}
