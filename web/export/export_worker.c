/* The thread that takes one export after the other. It must not know who may ask for them, or how
 * one is made. */
#include "web/export/export_worker.h"

#include "evidence/maker.h"
#include "sql/export_store.h"
#include "web/export/export_job.h"
#include "web/export/export_spool.h"

#include <sys/resource.h>
#include <unistd.h>

#define NICE 10
/* Also the time after which an export is noticed that another process asked for. */
#define LOOK_US (20 * G_USEC_PER_SEC)

struct export_worker {
	const struct config *config;
	struct evidence_maker *maker;
	struct db *db; /**< the thread's */
	GThread *thread;
	GMutex lock;
	GCond wake;
	bool woken, stopping; /**< under lock */
};

char *export_worker_path(const struct export_worker *worker, const char *id)
{
	return export_spool_path(worker->config->export.spool_dir, id);
}

char *export_worker_certificate_path(const struct export_worker *worker, const char *id)
{
	return export_spool_certificate_path(worker->config->export.spool_dir, id);
}

static bool is_stopping(void *user)
{
	struct export_worker *worker = user;

	g_mutex_lock(&worker->lock);
	bool stopping = worker->stopping;
	g_mutex_unlock(&worker->lock);
	return stopping;
}

/* Removes expired, cancelled and forgotten files. */
static bool clear(struct export_worker *worker, GError **error)
{
	const struct config_export *config = &worker->config->export;
	g_autoptr(GPtrArray) wanted = NULL;

	if (!export_store_expire(worker->db, worker->config->node, config->keep_hours, error) ||
	    !export_store_wanted(worker->db, worker->config->node, &wanted, error))
		return false;
	export_spool_clear(config->spool_dir, wanted);
	return true;
}

/* True when there may be more to do at once. */
static bool do_next(struct export_worker *worker)
{
	const struct export_job_services services = {
		.config = worker->config,
		.maker = worker->maker,
		.db = worker->db,
		.stopping = is_stopping,
		.user = worker,
	};
	autorow(export_row) row = NULL;
	g_autoptr(GError) error = NULL;
	bool ok = clear(worker, &error) &&
		  export_store_take(worker->db, worker->config->node, &row, &error) &&
		  (row == NULL || export_job_run(&services, row, &error));

	/* DB_ERROR_MISSING: cancelled at the very end. */
	if (!ok && !g_error_matches(error, DB_ERROR, DB_ERROR_MISSING))
		g_warning("web: exports wait: %s", error->message);
	return ok && row != NULL;
}

/* False: the service stops. */
static bool wait_for_work(struct export_worker *worker)
{
	gint64 until_us = g_get_monotonic_time() + LOOK_US;

	g_mutex_lock(&worker->lock);
	while (!worker->woken && !worker->stopping)
		if (!g_cond_wait_until(&worker->wake, &worker->lock, until_us))
			break;
	worker->woken = false;
	bool stopping = worker->stopping;
	g_mutex_unlock(&worker->lock);
	return !stopping;
}

static gpointer run(gpointer user)
{
	struct export_worker *worker = user;

	/* This thread's, and that of the one it starts for hashing: playback and live view go
	 * first. */
	setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
	do {
		while (!is_stopping(worker) && do_next(worker))
			;
	} while (wait_for_work(worker));
	return NULL;
}

bool export_worker_create(const struct config *config, struct export_worker **ret, GError **error)
{
	const struct config_database *database = &config->database;

	*ret = NULL;
	if (config->export.spool_dir == NULL)
		return true;
	if (!export_spool_check(config->export.spool_dir, error))
		return false;
	struct evidence_maker *maker = evidence_maker_create(config, error);
	struct db *db = maker != NULL ? db_open(database->conninfo, database->web_role,
						"vitrine-web exports", error)
				      : NULL;
	if (db == NULL) {
		evidence_maker_destroy(maker);
		return false;
	}
	struct export_worker *worker = g_new0(struct export_worker, 1);
	worker->config = config;
	worker->maker = maker;
	worker->db = db;
	g_mutex_init(&worker->lock);
	g_cond_init(&worker->wake);
	worker->thread = g_thread_new("export", run, worker);
	*ret = worker;
	return true;
}

void export_worker_wake(struct export_worker *worker)
{
	g_mutex_lock(&worker->lock);
	worker->woken = true;
	g_cond_signal(&worker->wake);
	g_mutex_unlock(&worker->lock);
}

void export_worker_destroy(struct export_worker *worker)
{
	if (worker == NULL)
		return;
	g_mutex_lock(&worker->lock);
	worker->stopping = true;
	g_cond_signal(&worker->wake);
	g_mutex_unlock(&worker->lock);
	g_thread_join(worker->thread);
	db_close(worker->db);
	evidence_maker_destroy(worker->maker);
	g_mutex_clear(&worker->lock);
	g_cond_clear(&worker->wake);
	g_free(worker);
}
