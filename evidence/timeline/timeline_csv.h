/** A timeline as a table: CSV (RFC 4180) that a spreadsheet takes without running
 *  anything in it. Any thread. */
#pragma once

#include <glib.h>
#include <stdint.h>

/** Appends the row of headings: time_utc, seconds, origin, type, text, detail. */
void timeline_csv_head(GString *out);

/** Appends the row of an event. `line` is a line of a timeline, with or without its newline; one
 *  that is no event becomes a row of type "unreadable". `started_us`: when the recording began
 *  (UTC).
 *  A cell that a spreadsheet would take for a formula (it begins with = + - @, a tab or a carriage
 *  return) gets an apostrophe in front. */
void timeline_csv_row(GString *out, uint64_t started_us, const char *line, size_t length);
