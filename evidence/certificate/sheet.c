/* What stands on the page, and how large it may be set so that it is one. Setting itself
 * is typeset.c's matter. */
#include "evidence/certificate/sheet.h"

#include "base/text.h"
#include "evidence/certificate/typeset.h"

/* The smallest that is still read without effort on paper. */
#define SCALE_MIN 0.76
#define SCALE_STEP 0.04

struct sheet {
	struct sheet_head head; /**< its texts stand in `texts` */
	GPtrArray *texts;
	GPtrArray *items; /**< struct typeset_item */
};

static void item_free(void *pointer)
{
	struct typeset_item *item = pointer;

	g_free(item->heading);
	g_free(item->text);
	g_free(item);
}

static void add_item(struct sheet *sheet, enum typeset_kind kind, const char *heading,
		     const char *text, unsigned max_lines)
{
	struct typeset_item *item = g_new0(struct typeset_item, 1);

	item->kind = kind;
	item->heading = heading != NULL ? text_clean(heading) : NULL;
	item->text = text != NULL ? text_clean(text) : NULL;
	item->max_lines = max_lines;
	g_ptr_array_add(sheet->items, item);
}

static const char *keep(struct sheet *sheet, const char *text)
{
	char *clean = text_clean(text);

	g_ptr_array_add(sheet->texts, clean);
	return clean;
}

struct sheet *sheet_create(const struct sheet_head *head)
{
	struct sheet *sheet = g_new0(struct sheet, 1);

	sheet->texts = g_ptr_array_new_with_free_func(g_free);
	sheet->items = g_ptr_array_new_with_free_func(item_free);
	sheet->head = (struct sheet_head){
		.title = keep(sheet, head->title),
		.subtitle = keep(sheet, head->subtitle),
		.scan = keep(sheet, head->scan),
		.scan_caption = keep(sheet, head->scan_caption),
		.tone = head->tone,
		.verdict = keep(sheet, head->verdict),
		.verdict_detail = keep(sheet, head->verdict_detail),
		.footer = keep(sheet, head->footer),
		.utc_us = head->utc_us,
	};
	return sheet;
}

void sheet_destroy(struct sheet *sheet)
{
	if (sheet == NULL)
		return;
	g_ptr_array_unref(sheet->texts);
	g_ptr_array_unref(sheet->items);
	g_free(sheet);
}

void sheet_add_section(struct sheet *sheet, const char *name)
{
	add_item(sheet, TYPESET_SECTION, name, NULL, 1);
}

void sheet_add_row(struct sheet *sheet, const char *heading, const char *text, unsigned max_lines,
		   enum sheet_style style)
{
	add_item(sheet, style == SHEET_CODE ? TYPESET_CODE_ROW : TYPESET_ROW, heading, text,
		 max_lines);
}

void sheet_add_step(struct sheet *sheet, const char *words, const char *command)
{
	unsigned n = 1;
	g_autofree char *number = NULL;

	for (unsigned i = 0; i < sheet->items->len; i++) {
		const struct typeset_item *item = sheet->items->pdata[i];
		n += item->kind == TYPESET_STEP;
	}
	number = g_strdup_printf("%u", n);
	add_item(sheet, TYPESET_STEP, number, words, 3);
	sheet_add_command(sheet, command);
}

void sheet_add_command(struct sheet *sheet, const char *command)
{
	add_item(sheet, TYPESET_COMMAND, NULL, command, 2);
}

/* The largest scale at which all of it ends above the footer. */
static double find_scale(const struct sheet *sheet, struct typeset *typeset)
{
	for (double scale = 1; scale >= SCALE_MIN; scale -= SCALE_STEP)
		if (typeset_page(typeset, &sheet->head, sheet->items, scale, false))
			return scale;
	return 0;
}

GBytes *sheet_draw(const struct sheet *sheet, const char **ret_why)
{
	struct typeset *typeset = typeset_create(&sheet->head);
	double scale = find_scale(sheet, typeset);
	bool fits = scale > 0 && typeset_page(typeset, &sheet->head, sheet->items, scale, true);
	GBytes *pdf = typeset_finish(typeset, ret_why);

	if (pdf == NULL || fits)
		return pdf;
	*ret_why = "the page cannot hold all of it";
	g_bytes_unref(pdf);
	return NULL;
}
