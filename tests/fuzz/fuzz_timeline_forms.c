/* Fuzz target: lines of a timeline as a table and as subtitles. Rows have six cells however a line
 * is made, none of which a spreadsheet would run, and cues are whole. */
#include "evidence/timeline/timeline_csv.h"
#include "evidence/timeline/timeline_vtt.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The end of a cell; *ret_first is its first character, past quotes. */
static const char *skip_cell(const char *at, char *ret_first)
{
	if (*at != '"') {
		*ret_first = *at;
		return at + strcspn(at, ",\r");
	}
	*ret_first = at[1];
	for (at++;; at++) {
		g_assert(*at != '\0');
		if (*at == '"' && *++at != '"')
			return at;
	}
}

static void check_row(const char *row)
{
	for (unsigned cell = 0; cell < 6; cell++) {
		char first;
		row = skip_cell(row, &first);
		g_assert(first == '\0' || strchr("=+-@\t", first) == NULL);
		g_assert(*row == (cell < 5 ? ',' : '\r'));
		row++;
	}
	g_assert_cmpstr(row, ==, "\n");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autoptr(GString) row = g_string_new(NULL), cues = g_string_new(NULL);
	struct timeline_vtt *vtt = timeline_vtt_create(cues);

	for (char **line = lines; *line != NULL; line++) {
		g_string_truncate(row, 0);
		timeline_csv_row(row, 1780000000000000, *line, strlen(*line));
		check_row(row->str);
		timeline_vtt_add(vtt, *line, strlen(*line));
	}
	timeline_vtt_finish(vtt);
	g_assert(g_str_has_prefix(cues->str, "WEBVTT\n\n") && g_str_has_suffix(cues->str, "\n\n"));
	g_assert(g_utf8_validate(cues->str, -1, NULL));
	return 0;
}
