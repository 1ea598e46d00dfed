/** A lock with one condition, as the session core and its fakes need it.
 *
 *  POSIX threads instead of GMutex and GCond: GLib's are futexes inside a library that is not
 *  instrumented, so ThreadSanitizer would see races everywhere, or, with GLib
 *  suppressed, none at all. */
#pragma once

#include <glib.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct monitor {
	pthread_mutex_t lock;
	pthread_cond_t changed;
};

static inline void monitor_init(struct monitor *monitor)
{
	pthread_condattr_t attributes;

	pthread_mutex_init(&monitor->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&monitor->changed, &attributes);
	pthread_condattr_destroy(&attributes);
}

static inline void monitor_finish(struct monitor *monitor)
{
	pthread_cond_destroy(&monitor->changed);
	pthread_mutex_destroy(&monitor->lock);
}

static inline void monitor_enter(struct monitor *monitor)
{
	pthread_mutex_lock(&monitor->lock);
}

static inline void monitor_leave(struct monitor *monitor)
{
	pthread_mutex_unlock(&monitor->lock);
}

/** Tells every waiter to look again. */
static inline void monitor_notify(struct monitor *monitor)
{
	pthread_cond_broadcast(&monitor->changed);
}

/** Inside: waits for a notification (or for nothing: look again in any case). */
static inline void monitor_wait(struct monitor *monitor)
{
	pthread_cond_wait(&monitor->changed, &monitor->lock);
}

/** As monitor_wait, but false when `deadline_us` of g_get_monotonic_time has passed. */
static inline bool monitor_wait_until(struct monitor *monitor, gint64 deadline_us)
{
	const struct timespec deadline = {deadline_us / G_TIME_SPAN_SECOND,
					  deadline_us % G_TIME_SPAN_SECOND * 1000};

	return pthread_cond_timedwait(&monitor->changed, &monitor->lock, &deadline) == 0;
}
