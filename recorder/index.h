/** The database's view of recordings. Rows are written by a thread of their own, in order, and
 *  again and again while the database is away: nothing that encodes ever waits for it. The store is
 *  the truth; a row that is lost is written again at the next start (recovery.h). Any thread. */
#pragma once

#include "recorder/chain/chain.h"
#include "recorder/settled.h"

#include <stdbool.h>

struct index;

/** Never fails: a database that is away is tried again. `conninfo` NULL: no database (tests);
 *  every call does nothing. */
struct index *index_create(const char *conninfo, const char *role, const char *node);
/** Writes what is left, but waits at most `wait_ms` for a database that is away. */
void index_destroy(struct index *index, unsigned wait_ms);

/** Whom to tell that the database has all rows of a sealed recording; before the first row is
 *  written. Borrowed; NULL: nobody. */
void index_settle(struct index *index, struct settled *settled);
/** At start: rows of this node are compared with the recordings that the store holds (char *;
 *  copied). What is missing there, or there again, is noted and logged. */
void index_compare(struct index *index, const GPtrArray *present);
/** A sealed recording of this node that nobody looked at again. On the index's
 *  thread; it must not block. */
typedef void (*index_unchecked_fn)(void *user, const char *session_id);
/** Before anything of this start is sealed: asks once for those that an earlier start left, a few
 *  hundred at most. NULL: whoever asked is gone; `found` is not running then and is not called
 *  again. */
void index_list_unchecked(struct index *index, index_unchecked_fn found, void *user);
/** An open recording that can never be signed. */
void index_give_up(struct index *index, const char *session_id, const char *detail);

void index_open(struct index *index, const char *session_id, const char *quality,
		uint64_t started_utc_us);
/** `segment` holds the media file first. Segments without pictures have no row. */
void index_segment(struct index *index, const char *session_id,
		   const struct chain_segment *segment);
/** What the self-check found. */
void index_check(struct index *index, const char *session_id, const char *state,
		 const char *detail);
/** `detail` NULL or empty: sealed; otherwise it failed. */
void index_close(struct index *index, const char *session_id, bool sealed, uint64_t closed_utc_us,
		 const char *head, const char *detail);
