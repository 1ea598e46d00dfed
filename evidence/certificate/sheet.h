/** One page of paper (A4) as PDF: a heading, a verdict, rows under section names, numbered steps
 *  and a code to scan. What does not fit is made smaller, and what is longer than a row may be ends
 *  with an ellipsis: there is never a second page. Any thread, each with its own sheet. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum sheet_tone { SHEET_GOOD, SHEET_WARNING };
enum sheet_style {
	SHEET_PLAIN,
	SHEET_CODE /**< of one width for each character */
};

struct sheet;

struct sheet_head {
	const char *title, *subtitle;
	const char *scan, *scan_caption; /**< what the code says, and what stands under it */
	enum sheet_tone tone;
	const char *verdict, *verdict_detail;
	const char *footer;
	uint64_t utc_us; /**< when it was made, for the document's properties */
};

/** Texts are UTF-8 in what follows; they are copied and cleaned (base/text.h). */
struct sheet *sheet_create(const struct sheet_head *head);
void sheet_destroy(struct sheet *sheet);

void sheet_add_section(struct sheet *sheet, const char *name);
/** Takes at most `max_lines` lines. */
void sheet_add_row(struct sheet *sheet, const char *heading, const char *text, unsigned max_lines,
		   enum sheet_style style);
/** A numbered step; its first command stands below the words. */
void sheet_add_step(struct sheet *sheet, const char *words, const char *command);
/** A further command of the step before. */
void sheet_add_command(struct sheet *sheet, const char *command);

/** The PDF. NULL and *ret_why (static): cairo or the encoder of the code failed, or there are more
 *  rows than a page takes. */
GBytes *sheet_draw(const struct sheet *sheet, const char **ret_why);
