/* The thread that makes evidence files. It must not know who may ask for them. */
#include "web/export/export_worker.h"

#include "evidence/certificate/certificate.h"
#include "evidence/derive/derive.h"
#include "evidence/maker.h"
#include "evidence/policy.h"
#include "sql/audit_store.h"
#include "sql/export_store.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define NICE 10
/* Also the time after which an export is noticed that another process asked for. */
#define LOOK_US (20 * G_USEC_PER_SEC)
#define PROGRESS_US (G_USEC_PER_SEC / 2)
#define SUFFIX ".mp4"
#define CERTIFICATE_SUFFIX ".pdf"
/* As the console's page (ui/exports.js) has browsers call the file. */
#define DOWNLOAD_NAME "evidence-%.8s-%.8s.mp4"

struct export_worker {
	const struct config *config;
	struct evidence_maker *maker;
	struct db *db; /**< the thread's */
	GThread *thread;
	GMutex lock;
	GCond wake;
	bool woken, stopping; /**< under lock */
};

/* What is being made. */
struct work {
	struct export_worker *worker;
	const char *id;
	gint64 told_us;
	bool unwanted;
};

static char *spool_path(const struct export_worker *worker, const char *id, const char *suffix)
{
	g_autofree char *name = g_strconcat(id, suffix, NULL);

	return g_build_filename(worker->config->export.spool_dir, name, NULL);
}

char *export_worker_path(const struct export_worker *worker, const char *id)
{
	return spool_path(worker, id, SUFFIX);
}

char *export_worker_certificate_path(const struct export_worker *worker, const char *id)
{
	return spool_path(worker, id, CERTIFICATE_SUFFIX);
}

static bool is_stopping(struct export_worker *worker)
{
	g_mutex_lock(&worker->lock);
	bool stopping = worker->stopping;
	g_mutex_unlock(&worker->lock);
	return stopping;
}

/* A database that is away does not stop the work: progress is told when it is back. */
static bool tell_progress(uint64_t done_bytes, uint64_t total_bytes, void *user)
{
	struct work *work = user;
	g_autoptr(GError) error = NULL;

	if (is_stopping(work->worker))
		return false;
	gint64 now_us = g_get_monotonic_time();
	if (now_us - work->told_us < PROGRESS_US)
		return true;
	work->told_us = now_us;
	export_store_progress(work->worker->db, work->id, done_bytes, total_bytes, &error);
	work->unwanted = g_error_matches(error, DB_ERROR, DB_ERROR_MISSING);
	return !work->unwanted;
}

/* The end of a job, and its audit record. */
struct ending {
	enum export_state state;
	const char *action;
	json_t *audit; /**< reference is the ending's */
	uint64_t bytes;
	const char *video_sha256, *why;
};

static bool audit_end(struct export_worker *worker, const struct export_row *row,
		      const struct ending *ending, GError **error)
{
	char *text = json_dumps(ending->audit, JSON_COMPACT);
	bool ok = audit_store_add(worker->db, row->login, ending->action, row->session_id, NULL,
				  text, error);

	free(text);
	return ok;
}

/* Over and audited, or neither. */
static bool end(struct export_worker *worker, const struct export_row *row,
		const struct ending *ending, GError **error)
{
	if (!db_begin(worker->db, error))
		return false;
	if (export_store_finish(worker->db, row->id, ending->state, ending->bytes,
				ending->video_sha256, ending->why, error) &&
	    audit_end(worker, row, ending, error) && db_commit(worker->db, error))
		return true;
	db_rollback(worker->db);
	return false;
}

static bool finish(struct export_worker *worker, const struct export_row *row,
		   const struct evidence_made *made, GError **error)
{
	const struct ending ending = {
		.state = EXPORT_READY,
		.action = "export-finish",
		.audit = json_pack("{s:s, s:s, s:s, s:I}", "export", row->id, "video_sha256",
				   made->video_sha256, "manifest_sha256", made->manifest_sha256,
				   "bytes", (json_int_t)made->bytes),
		.bytes = made->bytes,
		.video_sha256 = made->video_sha256,
		.why = "",
	};
	bool ok = end(worker, row, &ending, error);

	json_decref(ending.audit);
	return ok;
}

static bool fail(struct export_worker *worker, const struct export_row *row, const char *why,
		 GError **error)
{
	const struct ending ending = {
		.state = EXPORT_FAILED,
		.action = "export-fail",
		.audit = json_pack("{s:s, s:s}", "export", row->id, "reason", why),
		.video_sha256 = "",
		.why = why,
	};

	g_warning("web: export %s of session %s failed: %s", row->id, row->session_id, why);
	bool ok = end(worker, row, &ending, error);
	json_decref(ending.audit);
	return ok;
}

/* Evidence is whole without its certificate: one that cannot be made is told and does not keep it
 * back. */
static void make_certificate(const struct export_worker *worker, const struct export_row *row)
{
	g_autofree char *evidence = export_worker_path(worker, row->id);
	g_autofree char *target = export_worker_certificate_path(worker, row->id);
	g_autofree char *name = g_strdup_printf(DOWNLOAD_NAME, row->session_id, row->id);
	const struct certificate_order order = {
		.evidence_path = evidence,
		.whom = {.ca = worker->config->export.ca_file},
		.shown_name = name,
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) pdf = certificate_make(&order, NULL, &error);
	gsize length = 0;

	if (pdf != NULL) {
		const char *bytes = g_bytes_get_data(pdf, &length);
		g_file_set_contents_full(target, bytes, (gssize)length,
					 G_FILE_SET_CONTENTS_CONSISTENT, 0640, &error);
	}
	if (error != NULL)
		g_warning("web: export %s goes without a certificate: %s", row->id, error->message);
}

static const char *reason_to_leave_out(const struct export_row *row)
{
	if (row->by_policy)
		return POLICY_LEFT_OUT;
	return row->without_timeline ? POLICY_UNWANTED : NULL;
}

static bool make_file(struct export_worker *worker, const struct export_row *row,
		      const struct evidence_derivation *derivation, GError **error)
{
	g_autofree char *target = export_worker_path(worker, row->id);
	g_autoptr(GError) why = NULL;
	struct work work = {.worker = worker, .id = row->id};
	struct evidence_made made;
	const struct evidence_wish wish = {
		.session_id = row->session_id,
		.asked = {row->from_us, row->to_us != 0 ? row->to_us : UINT64_MAX},
		.leave_out_timelines = reason_to_leave_out(row),
		.created_by = row->login,
		.purpose = row->reason,
		.target = target,
		.derivation = derivation,
		.progress = tell_progress,
		.user = &work,
	};

	/* Made before, and then the service or the database ended before that was noted. */
	g_unlink(target);
	if (evidence_maker_run(worker->maker, &wish, &made, &why)) {
		make_certificate(worker, row);
		return finish(worker, row, &made, error);
	}
	/* stopping: it waits for the next start; unwanted: clear() removes what is there */
	if (g_error_matches(why, EVIDENCE_ERROR, EVIDENCE_ERROR_CANCELLED))
		return true;
	return fail(worker, row, why->message, error);
}

/* Filled from the job; false: what stands there is none of ours. `derivation` borrows `operations`,
 * which is to be finished. */
static bool read_operations(const struct export_row *row, struct derive_operations *operations,
			    struct evidence_derivation *derivation)
{
	json_t *list = json_loads(row->operations != NULL ? row->operations : "[]", 0, NULL);
	bool ok = derive_operations_parse(list, operations);

	*derivation = derive_with(operations);
	json_decref(list);
	return ok;
}

static bool make(struct export_worker *worker, const struct export_row *row, GError **error)
{
	struct derive_operations operations;
	struct evidence_derivation derivation;
	bool ok = read_operations(row, &operations, &derivation)
			  ? make_file(worker, row, row->operations != NULL ? &derivation : NULL,
				      error)
			  : fail(worker, row, "its operations cannot be read", error);

	derive_operations_finish(&operations);
	return ok;
}

/* Only what this program makes is ever removed, whatever else somebody keeps in that directory. */
static bool is_ours(const char *file)
{
	g_autofree char *id = g_strndup(file, strcspn(file, "."));
	const char *rest = file + strlen(id);

	return g_uuid_string_is_valid(id) &&
	       (strcmp(rest, SUFFIX) == 0 || strcmp(rest, SUFFIX ".part") == 0 ||
		strcmp(rest, CERTIFICATE_SUFFIX) == 0);
}

static bool is_wanted(const GPtrArray *wanted, const char *file)
{
	for (unsigned i = 0; i < wanted->len; i++)
		if (g_str_has_prefix(file, wanted->pdata[i]))
			return true;
	return false;
}

/* Removes expired, cancelled and forgotten files. */
static bool clear(struct export_worker *worker, GError **error)
{
	const struct config_export *config = &worker->config->export;
	g_autoptr(GPtrArray) wanted = NULL;
	g_autoptr(GDir) spool = g_dir_open(config->spool_dir, 0, NULL);
	const char *name;

	if (!export_store_expire(worker->db, worker->config->node, config->keep_hours, error) ||
	    !export_store_wanted(worker->db, worker->config->node, &wanted, error))
		return false;
	while (spool != NULL && (name = g_dir_read_name(spool)) != NULL) {
		g_autofree char *path = g_build_filename(config->spool_dir, name, NULL);
		if (is_ours(name) && !is_wanted(wanted, name) && g_unlink(path) != 0)
			g_warning("web: %s cannot be removed: %s", path, g_strerror(errno));
	}
	return true;
}

/* True when there may be more to do at once. */
static bool do_next(struct export_worker *worker)
{
	autorow(export_row) row = NULL;
	g_autoptr(GError) error = NULL;
	bool ok = clear(worker, &error) &&
		  export_store_take(worker->db, worker->config->node, &row, &error) &&
		  (row == NULL || make(worker, row, &error));

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

static bool spool_is_there(const char *dir, GError **error)
{
	if (access(dir, R_OK | W_OK | X_OK) == 0 && g_file_test(dir, G_FILE_TEST_IS_DIR))
		return true;
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_READ,
		    "export.spool_dir: %s is no directory that this program may write to", dir);
	return false;
}

bool export_worker_create(const struct config *config, struct export_worker **ret, GError **error)
{
	const struct config_database *database = &config->database;

	*ret = NULL;
	if (config->export.spool_dir == NULL)
		return true;
	if (!spool_is_there(config->export.spool_dir, error))
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
