/** Makes the evidence files that were asked for at the console, one after the other on a thread of
 *  low priority, and clears the spool. What is to be done stands in the database, so a restart
 *  forgets nothing: a file that was begun is gone on with. */
#pragma once

#include "base/config.h"

struct export_worker;

/** Starts the thread. `config` is borrowed. `*ret` is NULL, without an error, when the
 *  configuration names no export.spool_dir: then nothing can be exported at the console. False and
 *  an error when a key or the spool cannot be used. */
bool export_worker_create(const struct config *config, struct export_worker **ret, GError **error);
/** Stops within moments; what was being made is gone on with after the next start. NULL is fine. */
void export_worker_destroy(struct export_worker *worker);

/** Something was asked for or cancelled. Any thread. */
void export_worker_wake(struct export_worker *worker);

/** Where a job's file lies; g_free it. */
char *export_worker_path(const struct export_worker *worker, const char *id);
/** Where its certificate lies, when one could be made; g_free it. */
char *export_worker_certificate_path(const struct export_worker *worker, const char *id);
