/* Events as rows. What has no column of its own stands in `detail` as JSON, so that nothing is
 * lost. It must not know where lines come from. */
#include "evidence/timeline/timeline_csv.h"

#include "base/clock.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define END_OF_ROW "\r\n"
/* OWASP, "CSV Injection". */
#define FORMULA_STARTS "=+-@\t\r"
#define TIME_MAX_US (INT64_C(1) << 53)

/* RFC 4180 section 2: quoted when it must be, quotes doubled. */
static void add_cell(GString *out, const char *text)
{
	bool guarded = text[0] != '\0' && strchr(FORMULA_STARTS, text[0]) != NULL;
	bool quoted = strpbrk(text, ",\"\r\n\t") != NULL;

	if (quoted)
		g_string_append_c(out, '"');
	if (guarded)
		g_string_append_c(out, '\'');
	for (const char *at = text; *at != '\0'; at++) {
		if (*at == '"')
			g_string_append_c(out, '"');
		g_string_append_c(out, *at);
	}
	if (quoted)
		g_string_append_c(out, '"');
}

static void add_row(GString *out, const char *const cells[6])
{
	for (unsigned i = 0; i < 6; i++) {
		if (i > 0)
			g_string_append_c(out, ',');
		add_cell(out, cells[i]);
	}
	g_string_append(out, END_OF_ROW);
}

void timeline_csv_head(GString *out)
{
	static const char *const headings[] = {"time_utc", "seconds", "origin",
					       "type",	   "text",    "detail"};

	add_row(out, headings);
}

/* A member that has a column leaves the detail. NULL when it is no text. */
static char *take_text(json_t *event, const char *name)
{
	char *text = g_strdup(json_string_value(json_object_get(event, name)));

	if (text != NULL)
		json_object_del(event, name);
	return text;
}

/* What nobody may know is told to be so. */
static char *text_of(json_t *event)
{
	char *text = take_text(event, "text");

	if (text == NULL && json_is_true(json_object_get(event, "masked")))
		return g_strdup("(masked)");
	return text != NULL ? text : g_strdup("");
}

static void add_event(GString *out, uint64_t started_us, uint64_t t_us, json_t *event)
{
	g_autofree char *utc = clock_format_utc(started_us + t_us);
	g_autofree char *seconds = g_strdup_printf("%" G_GUINT64_FORMAT ".%06" G_GUINT64_FORMAT,
						   t_us / G_USEC_PER_SEC, t_us % G_USEC_PER_SEC);
	g_autofree char *origin = take_text(event, "origin"), *type = take_text(event, "type"),
			*text = text_of(event);

	json_object_del(event, "t_us");
	char *detail = json_object_size(event) > 0
			       ? json_dumps(event, JSON_COMPACT | JSON_SORT_KEYS)
			       : NULL;
	const char *const cells[] = {utc,
				     seconds,
				     origin != NULL ? origin : "",
				     type != NULL ? type : "",
				     text,
				     detail != NULL ? detail : ""};
	add_row(out, cells);
	free(detail);
}

static void add_unreadable(GString *out, const char *line, size_t length)
{
	g_autofree char *text = g_utf8_make_valid(line, (gssize)length);
	const char *const cells[] = {"", "", "", "unreadable", text, ""};

	add_row(out, cells);
}

void timeline_csv_row(GString *out, uint64_t started_us, const char *line, size_t length)
{
	while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
		length--;
	json_t *event = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);
	const json_t *t_us = json_object_get(event, "t_us");

	if (json_is_integer(t_us) && json_integer_value(t_us) >= 0 &&
	    json_integer_value(t_us) < TIME_MAX_US)
		add_event(out, started_us, (uint64_t)json_integer_value(t_us), event);
	else
		add_unreadable(out, line, length);
	json_decref(event);
}
