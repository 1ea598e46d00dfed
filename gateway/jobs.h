/** Work that must not run on the main loop: everything that asks the database or hashes a
 *  password. */
#pragma once

#include "base/config.h"
#include "sql/db.h"

#include <glib.h>

struct jobs;

/** Runs on a thread of the pool; `db` is its own for the time of the call. */
typedef void (*job_work)(struct db *db, void *job);
/** Runs on the main loop afterwards, exactly once for each pushed job; frees the job. */
typedef void (*job_done)(void *job, void *user_data);

/** `n_threads` threads with a connection each, and so at most that many jobs at the same time. NULL
 *  and DB_ERROR when the database cannot be reached now. `user_data` goes to every job_done. */
struct jobs *jobs_create(const struct config_database *database, unsigned n_threads,
			 void *user_data, GError **error);

/** Works off what was pushed (job_done included) and ends the threads. NULL is fine. Main loop
 *  only. */
void jobs_destroy(struct jobs *jobs);

/** Takes `job`. Main loop only. */
void jobs_push(struct jobs *jobs, void *job, job_work work, job_done done);
