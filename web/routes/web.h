/** What all routes share: configuration, database handles, live pages, counters. */
#pragma once

#include "base/config.h"
#include "recorder/crypt/archive_key.h"
#include "sql/db.h"
#include "web/live/live_hub.h"
#include "web/routes/once.h"
#include "web/routes/throttle.h"

#include <glib.h>
#include <stdint.h>

/** Requests worked on at the same time, each with a database handle. */
#define WEB_WORKERS 6u
/** A login to the console ends after this, whatever happens. */
#define WEB_LOGIN_S (8u * 3600u)
/** Password checks at the same time: each takes 64 MiB and a core for about 100 ms. */
#define WEB_PASSWORD_CHECKS 2u
/** Logins waiting for one; more are told to come again. */
#define WEB_PASSWORD_WAITING 3u

struct web_counters {	     /**< atomic */
	uint64_t answers[6]; /**< by hundreds of the status: [2] is 2xx */
	uint64_t logins_good, logins_refused, logins_throttled;
};

struct web {
	const struct config *config;
	struct archive_key *archive; /**< NULL: encrypted recordings cannot be played */
	GAsyncQueue *handles;	     /**< WEB_WORKERS struct db */
	struct live_hub *hub;
	struct export_worker *exports; /**< NULL: the configuration has no spool */
	struct throttle *throttle;
	struct once *audited; /**< playback and live view already in the audit trail */
	struct web_counters counters;
	GMutex password_lock;
	GCond password_free;
	unsigned password_checks, password_waiting;
};

/** `config` is borrowed. NULL: the database cannot be reached. */
struct web *web_create(const struct config *config, GError **error);
/** When no request runs any more. NULL is fine. */
void web_destroy(struct web *web);

/** A handle for this thread alone, until web_db_put. Waits when all are out. */
struct db *web_db_take(struct web *web);
/** Gives it back. */
void web_db_put(struct web *web, struct db *db);

/** A turn for a password check. False: too many wait already. */
bool web_password_enter(struct web *web);
/** After each true of web_password_enter. */
void web_password_leave(struct web *web);

static inline void web_count(uint64_t *counter)
{
	__atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}
static inline uint64_t web_counted(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}
