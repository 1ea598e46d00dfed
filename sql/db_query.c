/* Parameters in, columns out. It knows no statement. */
#include "sql/db_query.h"

#include <limits.h>
#include <string.h>

static int next_param(struct db_params *params)
{
	g_assert(params->count < DB_PARAMS_MAX);
	return params->count++;
}

void param_text(struct db_params *params, const char *text)
{
	params->values[next_param(params)] = text;
}

void param_name(struct db_params *params, const char *text)
{
	param_text(params, text != NULL ? text : "");
}

void param_u64(struct db_params *params, uint64_t value)
{
	int i = next_param(params);

	g_snprintf(params->numbers[i], sizeof params->numbers[i], "%" G_GUINT64_FORMAT, value);
	params->values[i] = params->numbers[i];
}

void param_time(struct db_params *params, uint64_t utc_us)
{
	if (utc_us == 0)
		param_text(params, NULL);
	else
		param_u64(params, utc_us);
}

void param_bool(struct db_params *params, bool value)
{
	param_text(params, value ? "t" : "f");
}

void param_bytes(struct db_params *params, const void *bytes, size_t length)
{
	int i = next_param(params);

	g_assert(length <= INT_MAX);
	params->values[i] = bytes;
	params->lengths[i] = (int)length;
	params->formats[i] = 1;
}

void param_page(struct db_params *params, const struct db_page *page)
{
	uint32_t limit = page->limit == 0 ? DB_PAGE_ROWS : page->limit;

	param_u64(params, MIN(limit, DB_PAGE_MAX_ROWS));
	param_u64(params, page->offset);
}

char *row_text(struct db_row *row)
{
	return g_strdup(PQgetvalue(row->result, row->row, row->column++));
}

uint64_t row_u64(struct db_row *row)
{
	return g_ascii_strtoull(PQgetvalue(row->result, row->row, row->column++), NULL, 10);
}

bool row_bool(struct db_row *row)
{
	return strcmp(PQgetvalue(row->result, row->row, row->column++), "t") == 0;
}

GBytes *row_bytes(struct db_row *row)
{
	int column = row->column++;

	if (PQgetisnull(row->result, row->row, column))
		return NULL;
	size_t length = 0;
	const char *text = PQgetvalue(row->result, row->row, column);
	unsigned char *bytes = PQunescapeBytea((const unsigned char *)text, &length);
	if (bytes == NULL)
		g_error("out of memory for %zu bytes of a row", strlen(text));
	GBytes *copy = g_bytes_new(bytes, length);
	PQfreemem(bytes);
	return copy;
}

GPtrArray *rows_take(PGresult *result, gpointer (*read)(struct db_row *row),
		     GDestroyNotify row_free)
{
	GPtrArray *rows = g_ptr_array_new_with_free_func(row_free);

	for (int i = 0; i < PQntuples(result); i++) {
		struct db_row row = {result, i, 0};
		g_ptr_array_add(rows, read(&row));
	}
	PQclear(result);
	return rows;
}

gpointer rows_take_first(PGresult *result, gpointer (*read)(struct db_row *row))
{
	struct db_row row = {result, 0, 0};
	gpointer first = PQntuples(result) > 0 ? read(&row) : NULL;

	PQclear(result);
	return first;
}

bool db_count(struct db *db, const char *what, const char *statement,
	      const struct db_params *params, uint64_t *ret, GError **error)
{
	autoresult result = db_say(db, what, statement, params, ROWS_ONE, error);

	if (result == NULL)
		return false;
	*ret = row_u64(&(struct db_row){result, 0, 0});
	return true;
}
