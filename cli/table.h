/** Columns on standard output, as wide as their longest cell. What comes from peers (viewer names,
 *  details) cannot steer a terminal: control characters are shown as '?'. */
#pragma once

struct table;

/** Headings, ended by NULL; borrowed for ever. */
struct table *table_create(const char *const *headings);
/** Copies one cell; cells fill rows from left to right. */
void table_add(struct table *table, const char *text);
void table_add_format(struct table *table, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/** One line of a description: a heading, and what it is about. Without a table. */
void table_print_line(const char *heading, const char *text);
/** Prints and frees. Without rows it says `empty` instead. */
void table_print(struct table *table, const char *empty);
