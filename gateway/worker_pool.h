/** The session processes: keeps some started and confined ahead, hands them out, reaps them. One
 *  process serves one viewer and is never used twice. Main loop only. */
#pragma once

#include "base/config.h"

#include <glib.h>
#include <stdbool.h>

struct worker_pool;
struct worker;

/** `worker` said READY and is now the callee's until it exits. `user_data` as given. */
typedef void (*worker_given)(struct worker *worker, void *user_data);
/** The process is gone and reaped. `how` tells how ("exited with 0", "killed by signal 11").
 *  `worker` is freed afterwards. */
typedef void (*worker_exited)(bool clean, const char *how, void *user_data);

/** Starts the spare processes of `program` (copied). `config` must outlive the pool. NULL and an
 *  error when the program cannot be started at all. */
struct worker_pool *worker_pool_create(const struct config_gateway *config, const char *program,
				       GError **error);
/** Kills what is left and reaps it. NULL is fine. */
void worker_pool_destroy(struct worker_pool *pool);

/** No spares any more, and the unused ones end. Those in use go on. */
void worker_pool_drain(struct worker_pool *pool);

/** Asks for a process; `given` runs later, in the order of asking. */
void worker_pool_take(struct worker_pool *pool, worker_given given, void *user_data);
/** Takes the wish of `user_data` back. */
void worker_pool_cancel(struct worker_pool *pool, void *user_data);

/** The gateway's end of its link; non-blocking; closed when the process is reaped. */
int worker_link(const struct worker *worker);
/** For the log; valid until the process is reaped. */
int worker_pid(const struct worker *worker);
/** Who hears of its end. */
void worker_watch(struct worker *worker, worker_exited exited, void *user_data);
/** SIGKILL. It is reaped later, as any other end. */
void worker_kill(struct worker *worker);

/** Processes alive, spares included. */
unsigned worker_pool_count(const struct worker_pool *pool);
