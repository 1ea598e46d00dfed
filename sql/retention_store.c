/* Statements about retention classes. */
#include "sql/retention_store.h"

#include "sql/db_query.h"

void retention_class_free(struct retention_class *class)
{
	if (class == NULL)
		return;
	g_free(class->name);
	g_free(class);
}

static gpointer read_class(struct db_row *row)
{
	struct retention_class *class = g_new0(struct retention_class, 1);

	class->name = row_text(row);
	class->keep_days = row_u64(row);
	class->max_bytes = row_u64(row);
	class->targets = row_u64(row);
	class->recordings = row_u64(row);
	return class;
}

bool retention_store_list(struct db *db, GPtrArray **ret, GError **error)
{
	PGresult *result =
		db_say(db, "list retention classes",
		       "SELECT c.name, c.keep_days, c.max_bytes,"
		       " (SELECT count(*) FROM target t WHERE t.retention_class = c.name),"
		       " (SELECT count(*) FROM session s JOIN recording r ON r.session_id = s.id"
		       "  WHERE s.retention_class = c.name AND r.state <> 'deleted')"
		       " FROM retention_class c ORDER BY c.name",
		       NULL, ROWS_ANY, error);

	if (result == NULL)
		return false;
	*ret = rows_take(result, read_class, (GDestroyNotify)retention_class_free);
	return true;
}

bool retention_store_set(struct db *db, const char *name, uint64_t keep_days, uint64_t max_bytes,
			 GError **error)
{
	struct db_params params = {0};

	param_text(&params, name);
	param_u64(&params, keep_days);
	param_u64(&params, max_bytes);
	return db_do(db, "set a retention class",
		     "INSERT INTO retention_class (name, keep_days, max_bytes)"
		     " VALUES ($1, nullif($2::bigint, 0), nullif($3::bigint, 0))"
		     " ON CONFLICT (name) DO UPDATE SET keep_days = excluded.keep_days,"
		     " max_bytes = excluded.max_bytes",
		     &params, ROWS_ONE, NULL, error);
}

bool retention_store_remove(struct db *db, const char *name, GError **error)
{
	struct db_params params = {0};

	param_text(&params, name);
	return db_do(db, "remove a retention class", "DELETE FROM retention_class WHERE name = $1",
		     &params, ROWS_ONE, NULL, error);
}

bool retention_store_assign(struct db *db, const char *target, const char *name, GError **error)
{
	struct db_params params = {0};

	param_text(&params, target);
	param_text(&params, name);
	return db_do(db, "give a target a retention class",
		     "UPDATE target SET retention_class = $2 WHERE lower(name) = lower($1)",
		     &params, ROWS_ONE, NULL, error);
}
