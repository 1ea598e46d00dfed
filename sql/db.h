/** One connection to PostgreSQL, as one role. Everything the product says to the database goes
 *  through the *_store.h beside this file; no statement stands anywhere else.
 *
 *  A struct db belongs to one thread: it is not shared and has no lock. Calls block, but never
 *  longer than DB_STATEMENT_MS (plus DB_CONNECT_MS when they have to connect first), so a program
 *  whose loop may not wait gives the database a thread of its own.
 *
 *  A connection that breaks is made again by the next call. The call during which it broke fails
 *  with DB_ERROR_AWAY; it is not repeated, because nobody can know whether the server still did it.
 *  Statements that may be repeated say so in their header. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct db;

enum db_error {
	DB_ERROR_AWAY,	   /**< no connection, or it broke, or no answer in time: try again later */
	DB_ERROR_CONFLICT, /**< such a row exists already, or another row still needs this one */
	DB_ERROR_REFUSED, /**< this role has no right to do that, or the table refuses it (audit) */
	DB_ERROR_MISSING, /**< the row this was about does not exist */
	DB_ERROR_INVALID, /**< a value the table cannot hold (malformed UUID, name with forbidden
			     characters) */
	DB_ERROR_FAULT,	  /**< anything else: schema too old, a broken statement, a server out of
			     memory */
};
#define DB_ERROR db_error_quark()
GQuark db_error_quark(void);

#define DB_STATEMENT_MS 5000
#define DB_CONNECT_MS 3000

/** Connects. `conninfo` is config.database.conninfo, `role` one of config.database.*_role, or NULL
 *  to leave the user to conninfo; `program` shows up in pg_stat_activity. All are copied. NULL and
 *  DB_ERROR_AWAY with a text that says where was looked and what the server or the socket answered;
 *  DB_ERROR_FAULT when the schema is not the one this program was built for. */
struct db *db_open(const char *conninfo, const char *role, const char *program, GError **error);

/** NULL is fine. */
void db_close(struct db *db);

/** True while the last call found the server there. Does not ask the network. */
bool db_is_up(const struct db *db);

/** Asks the server for nothing, connecting again when needed: for health checks and for waiting
 *  until it is back. */
bool db_ping(struct db *db, GError **error);

/** Begins, keeps and drops a transaction around several store calls. After a failed call inside,
 *  only db_rollback is left. db_rollback without a transaction does nothing. */
bool db_begin(struct db *db, GError **error);
bool db_commit(struct db *db, GError **error);
void db_rollback(struct db *db);

/** A row that is freed when it leaves scope: `autorow(user) user = NULL;`. */
#define autorow(noun) __attribute__((cleanup(noun##_cleanup))) struct noun *
#define DB_ROW_CLEANUP(noun)                                                                       \
	static inline void noun##_cleanup(struct noun **row)                                       \
	{                                                                                          \
		noun##_free(*row);                                                                 \
	}

/** Which part of a list: lists are ordered newest first or by name, as their function says. */
struct db_page {
	uint32_t limit; /**< 0 counts as DB_PAGE_ROWS; at most DB_PAGE_MAX_ROWS */
	uint64_t offset;
};
#define DB_PAGE_ROWS 100u
#define DB_PAGE_MAX_ROWS 1000u
