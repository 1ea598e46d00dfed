/** One export that was asked for at the console: its file, its certificate, its end in the database
 *  and in the audit trail. On the export worker's thread. */
#pragma once

#include "base/config.h"
#include "evidence/maker.h"
#include "sql/export_store.h"

/** What a job works with; all borrowed for the call. */
struct export_job_services {
	const struct config *config;
	const struct evidence_maker *maker;
	struct db *db;
	/** asked between buffers; true: leave what is begun for the next start */
	bool (*stopping)(void *user);
	void *user;
};

/** Makes the file of a job that was taken (export_store_take) and notes its end, or why it failed.
 *  One that was stopped or is wanted no more stays as it is.
 *  False and a DB_ERROR when the end cannot be noted; DB_ERROR_MISSING: it was cancelled at the
 *  very end. */
bool export_job_run(const struct export_job_services *services, const struct export_row *row,
		    GError **error);
