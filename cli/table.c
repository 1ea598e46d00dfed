/* Columns on standard output. It knows nothing of what stands in them. */
#include "cli/table.h"

#include "base/text.h"

#include <glib.h>
#include <stdio.h>

struct table {
	const char *const *headings;
	unsigned columns;
	GPtrArray *cells;
};

struct table *table_create(const char *const *headings)
{
	struct table *table = g_new0(struct table, 1);

	table->headings = headings;
	while (headings[table->columns] != NULL)
		table->columns++;
	table->cells = g_ptr_array_new_with_free_func(g_free);
	return table;
}

void table_add(struct table *table, const char *text)
{
	g_ptr_array_add(table->cells, text_clean(text));
}

void table_add_format(struct table *table, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	table_add(table, text);
}

static void print_row(struct table *table, const char *const *cells, const glong *widths)
{
	for (unsigned i = 0; i < table->columns; i++) {
		glong gap =
			i + 1 < table->columns ? widths[i] - g_utf8_strlen(cells[i], -1) + 2 : 0;
		printf("%s%*s", cells[i], (int)gap, "");
	}
	putchar('\n');
}

void table_print(struct table *table, const char *empty)
{
	g_autofree glong *widths = g_new0(glong, table->columns);
	const char *const *cells = (const char *const *)table->cells->pdata;
	unsigned count = table->cells->len - table->cells->len % table->columns;

	for (unsigned i = 0; i < table->columns; i++)
		widths[i] = g_utf8_strlen(table->headings[i], -1);
	for (unsigned i = 0; i < count; i++)
		widths[i % table->columns] =
			MAX(widths[i % table->columns], g_utf8_strlen(cells[i], -1));
	if (count == 0)
		puts(empty);
	else
		print_row(table, table->headings, widths);
	for (unsigned i = 0; i < count; i += table->columns)
		print_row(table, cells + i, widths);
	g_ptr_array_unref(table->cells);
	g_free(table);
}

void table_print_line(const char *heading, const char *text)
{
	g_autofree char *clean = text_clean(text);

	printf("%-18s %s\n", heading, clean);
}
