/** Sets a page with Pango and cairo. Private to evidence/certificate; one thread. */
#pragma once

#include "evidence/certificate/sheet.h"

enum typeset_kind {
	TYPESET_SECTION,
	TYPESET_ROW,
	TYPESET_CODE_ROW,
	TYPESET_STEP,
	TYPESET_COMMAND,
	TYPESET_KIND_COUNT
};

struct typeset_item {
	enum typeset_kind kind;
	char *heading; /**< NULL: none */
	char *text;    /**< NULL: none */
	unsigned max_lines;
};

struct typeset;

/** A page in memory. Never NULL: what fails is told by typeset_finish. */
struct typeset *typeset_create(const struct sheet_head *head);

/** Sets everything, `items` at `scale` times their size; with `draw` it also leaves ink. Returns
 *  whether it ends above the footer. */
bool typeset_page(struct typeset *typeset, const struct sheet_head *head, const GPtrArray *items,
		  double scale, bool draw);

/** Ends and frees it. The PDF, or NULL and *ret_why (static). */
GBytes *typeset_finish(struct typeset *typeset, const char **ret_why);
