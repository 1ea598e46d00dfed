/** What index.c (queue, thread, retries) and index_rows.c (what is written) share.
 *  Private to these two. */
#pragma once

#include "recorder/index.h"
#include "sql/db.h"

#include <glib.h>

enum write_kind {
	WRITE_OPEN,
	WRITE_SEGMENT,
	WRITE_CLOSE,
	WRITE_CHECK,
	WRITE_GIVE_UP,
	WRITE_COMPARE,
	WRITE_LIST_UNCHECKED,
	WRITE_STOP
};

struct row_write {
	enum write_kind kind;
	char *session_id, *quality, *head, *detail, *check;
	uint64_t utc_us;
	bool sealed;
	struct chain_segment segment;
	char *codec;
	GHashTable *present; /**< WRITE_COMPARE: names of recordings in the store */
};

struct index {
	char *conninfo, *role, *node;
	struct settled *settled;
	GAsyncQueue *writes;
	GThread *thread;
	struct db *db; /**< of the thread */
	GMutex lock;
	GCond stopping;
	gint64 give_up_us;	      /**< 0: keep trying */
	index_unchecked_fn unchecked; /**< under `lock`; NULL: nobody asks */
	void *unchecked_user;
};

/** Writes one row. On the index's thread, with `index->db` open. May be called again with the
 *  same row after a failure.
 *  Returns false and `error` (domain DB_ERROR): DB_ERROR_AWAY is worth another try, nothing else
 *  is. */
bool index_write_row(struct index *index, const struct row_write *write, GError **error);
