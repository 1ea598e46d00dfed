/** Rows about sessions that have been admitted already. They are written in order by a thread of
 *  their own and kept until the database has them: when it is away, running sessions go on
 *  and their rows follow. */
#pragma once

#include "base/config.h"
#include "base/end_reason.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct journal;

/** NULL and DB_ERROR when the database cannot be reached now. */
struct journal *journal_create(const struct config_database *database, GError **error);

/** Writes what waits, for at most `flush_us`, and ends the thread. Rows that could not be written
 *  are logged. NULL is fine. */
void journal_destroy(struct journal *journal, uint64_t flush_us);

/** All texts are copied. Any thread. */
void journal_running(struct journal *journal, const char *session_id, uint64_t running_utc_us,
		     uint32_t width_px, uint32_t height_px);
/** Ends the row and writes an audit record "session-end" by `user` from `address`. */
void journal_end(struct journal *journal, const char *session_id, uint64_t ended_utc_us,
		 enum end_reason reason, const char *detail, const char *user, const char *address);
/** One audit record about something that has happened. `detail` is a JSON object. */
void journal_audit(struct journal *journal, const char *actor, const char *action,
		   const char *subject, const char *address, const char *detail);

/** How many rows wait. Any thread. */
unsigned journal_waiting(struct journal *journal);
