/** Inside sql/: saying a statement and reading its rows. Only *_store.c, migrate.c
 *  and db.c include this. */
#pragma once

#include "sql/db.h"

#include <libpq-fe.h>

#define DB_PARAMS_MAX 20

/** The values of $1, $2, ... in the order of the calls. Texts and bytes are borrowed until
 *  the statement was said. */
struct db_params {
	const char *values[DB_PARAMS_MAX];
	int lengths[DB_PARAMS_MAX], formats[DB_PARAMS_MAX];
	char numbers[DB_PARAMS_MAX][24];
	int count;
};
void param_text(struct db_params *params, const char *text); /**< NULL is SQL's NULL */
void param_name(struct db_params *params, const char *text); /**< NULL counts as empty */
void param_u64(struct db_params *params, uint64_t value);
void param_time(struct db_params *params, uint64_t utc_us); /**< 0 is SQL's NULL */
void param_bool(struct db_params *params, bool value);
void param_bytes(struct db_params *params, const void *bytes, size_t length);

enum db_rows {
	ROWS_ANY, /**< none to many */
	/** exactly one returned or changed; none is DB_ERROR_MISSING, more DB_ERROR_FAULT */
	ROWS_ONE,
};

/** Says one statement. `what` names it in errors: "cannot <what>: ...". The result is PQclear'd by
 *  the caller; NULL and an error as enum db_error says. `params` may be NULL. */
PGresult *db_say(struct db *db, const char *what, const char *statement,
		 const struct db_params *params, enum db_rows rows, GError **error);

/** As db_say, for statements whose result nobody reads. `ret_rows` (may be NULL): how
 *  many rows were changed. */
bool db_do(struct db *db, const char *what, const char *statement, const struct db_params *params,
	   enum db_rows rows, uint64_t *ret_rows, GError **error);

/** Says a statement that answers with one number. */
bool db_count(struct db *db, const char *what, const char *statement,
	      const struct db_params *params, uint64_t *ret, GError **error);

/** Says a text of several statements without parameters and with `timeout_ms` instead of the
 *  usual limits: migrations. */
bool db_run_script(struct db *db, const char *what, const char *script, int timeout_ms,
		   GError **error);

/** As db_open, as whoever conninfo says and without looking at the schema's version: for
 *  migrating. */
struct db *db_open_unchecked(const char *conninfo, const char *program, GError **error);

/** Reads the columns of a row from left to right. */
struct db_row {
	const PGresult *result;
	int row, column;
};
char *row_text(struct db_row *row);   /**< a copy; empty for NULL */
uint64_t row_u64(struct db_row *row); /**< 0 for NULL */
bool row_bool(struct db_row *row);
GBytes *row_bytes(struct db_row *row); /**< NULL for NULL */

/** All rows through `read` into an array that frees with `row_free`. Clears the result. */
GPtrArray *rows_take(PGresult *result, gpointer (*read)(struct db_row *row),
		     GDestroyNotify row_free);
/** The first row through `read`, or NULL. Clears the result. */
gpointer rows_take_first(PGresult *result, gpointer (*read)(struct db_row *row));

/** Appends limit and offset of a page as the next two parameters. */
void param_page(struct db_params *params, const struct db_page *page);

static inline void db_result_cleanup(PGresult **result)
{
	PQclear(*result);
}
#define autoresult __attribute__((cleanup(db_result_cleanup))) PGresult *
