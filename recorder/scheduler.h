/** Worker threads that run tasks, one task per recording: the kernel's epoll list is the ready
 *  queue. A task never runs on two workers at the same time; what wakes it while it runs
 *  makes it run once more. */
#pragma once

#include <stdint.h>

struct scheduler;
struct task;

/** Runs on a worker. It must not block for long: other recordings wait. */
typedef void (*task_fn)(void *user);

/** Starts `workers` threads (0: one per core). Returns 0 or -errno. */
int scheduler_create(unsigned workers, struct scheduler **ret_scheduler);
/** Every task must be closed. Joins the threads. */
void scheduler_destroy(struct scheduler *scheduler);

/** `release` (on any thread) is called once `run` can never be called again. Returns 0 or
 *  -errno. */
int task_create(struct scheduler *scheduler, task_fn run, task_fn release, void *user,
		struct task **ret_task);
/** From now on nothing wakes it; `release` follows as soon as it does not run. Any thread,
 *  also from inside `run`. */
void task_close(struct task *task);

/** Makes it run soon. Any thread. */
void task_post(struct task *task);

/* From inside `run` only: */

/** Runs it once when `fd` is readable. The descriptor must be forgotten before it is
 *  closed. Returns 0 or -errno. */
int task_watch(struct task *task, int fd);
void task_forget(struct task *task, int fd);
/** Runs it at this CLOCK_MONOTONIC time; replaces the time set before; 0: never. */
void task_set_timer(struct task *task, uint64_t at_us);
