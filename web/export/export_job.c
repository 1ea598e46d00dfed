/* Makes one evidence file that was asked for. It must not know who may ask, or when it is its
 * turn. */
#include "web/export/export_job.h"

#include "evidence/certificate/certificate.h"
#include "evidence/derive/derive.h"
#include "evidence/policy.h"
#include "sql/audit_store.h"
#include "web/export/export_spool.h"

#include <glib/gstdio.h>
#include <jansson.h>
#include <stdlib.h>

#define PROGRESS_US (G_USEC_PER_SEC / 2)
/* As the console's page (ui/exports.js) has browsers call the file. */
#define DOWNLOAD_NAME "evidence-%.8s-%.8s.mp4"

/* What is being made. */
struct work {
	const struct export_job_services *services;
	const char *id;
	gint64 told_us; /**< monotonic; when progress was told last */
};

/* A database that is away does not stop the work: progress is told when it is back. */
static bool tell_progress(uint64_t done_bytes, uint64_t total_bytes, void *user)
{
	struct work *work = user;
	g_autoptr(GError) error = NULL;

	if (work->services->stopping(work->services->user))
		return false;
	gint64 now_us = g_get_monotonic_time();
	if (now_us - work->told_us < PROGRESS_US)
		return true;
	work->told_us = now_us;
	export_store_progress(work->services->db, work->id, done_bytes, total_bytes, &error);
	/* missing: it was cancelled */
	return !g_error_matches(error, DB_ERROR, DB_ERROR_MISSING);
}

/* The end of a job, and its audit record. */
struct ending {
	enum export_state state;
	const char *action;
	json_t *audit; /**< reference is the ending's */
	uint64_t bytes;
	const char *video_sha256, *why;
};

static bool audit_end(const struct export_job_services *services, const struct export_row *row,
		      const struct ending *ending, GError **error)
{
	char *text = json_dumps(ending->audit, JSON_COMPACT);
	bool ok = audit_store_add(services->db, row->login, ending->action, row->session_id, NULL,
				  text, error);

	free(text);
	return ok;
}

/* Over and audited, or neither. */
static bool end(const struct export_job_services *services, const struct export_row *row,
		const struct ending *ending, GError **error)
{
	if (!db_begin(services->db, error))
		return false;
	if (export_store_finish(services->db, row->id, ending->state, ending->bytes,
				ending->video_sha256, ending->why, error) &&
	    audit_end(services, row, ending, error) && db_commit(services->db, error))
		return true;
	db_rollback(services->db);
	return false;
}

static bool finish(const struct export_job_services *services, const struct export_row *row,
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
	bool ok = end(services, row, &ending, error);

	json_decref(ending.audit);
	return ok;
}

static bool fail(const struct export_job_services *services, const struct export_row *row,
		 const char *why, GError **error)
{
	const struct ending ending = {
		.state = EXPORT_FAILED,
		.action = "export-fail",
		.audit = json_pack("{s:s, s:s}", "export", row->id, "reason", why),
		.video_sha256 = "",
		.why = why,
	};

	g_warning("web: export %s of session %s failed: %s", row->id, row->session_id, why);
	bool ok = end(services, row, &ending, error);
	json_decref(ending.audit);
	return ok;
}

/* Evidence is whole without its certificate: one that cannot be made is told and does not keep it
 * back. */
static void make_certificate(const struct export_job_services *services,
			     const struct export_row *row)
{
	g_autofree char *evidence = export_spool_path(services->config->export.spool_dir, row->id);
	g_autofree char *target =
		export_spool_certificate_path(services->config->export.spool_dir, row->id);
	g_autofree char *name = g_strdup_printf(DOWNLOAD_NAME, row->session_id, row->id);
	const struct certificate_order order = {
		.evidence_path = evidence,
		.whom = {.ca = services->config->export.ca_file},
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

static bool make_file(const struct export_job_services *services, const struct export_row *row,
		      const struct evidence_derivation *derivation, GError **error)
{
	g_autofree char *target = export_spool_path(services->config->export.spool_dir, row->id);
	g_autoptr(GError) why = NULL;
	struct work work = {.services = services, .id = row->id};
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
	if (evidence_maker_run(services->maker, &wish, &made, &why)) {
		make_certificate(services, row);
		return finish(services, row, &made, error);
	}
	/* stopping: it waits for the next start; unwanted: the worker clears the spool */
	if (g_error_matches(why, EVIDENCE_ERROR, EVIDENCE_ERROR_CANCELLED))
		return true;
	return fail(services, row, why->message, error);
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

bool export_job_run(const struct export_job_services *services, const struct export_row *row,
		    GError **error)
{
	struct derive_operations operations;
	struct evidence_derivation derivation;
	bool ok = read_operations(row, &operations, &derivation)
			  ? make_file(services, row, row->operations != NULL ? &derivation : NULL,
				      error)
			  : fail(services, row, "its operations cannot be read", error);

	derive_operations_finish(&operations);
	return ok;
}
