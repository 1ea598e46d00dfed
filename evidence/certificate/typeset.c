/* Typography of one page: faces, sizes, distances. It must not know what the words mean. */
#include "evidence/certificate/typeset.h"

#include "base/clock.h"
#include "evidence/certificate/qr.h"

#include <cairo-pdf.h>
#include <pango/pangocairo.h>

/* Points. ISO 216: A4 is 210 mm by 297 mm. */
#define PAGE_WIDTH (210 * 72 / 25.4)
#define PAGE_HEIGHT (297 * 72 / 25.4)
#define MARGIN 48.0
#define RIGHT (PAGE_WIDTH - MARGIN)
#define VALUE_X (MARGIN + 92)
#define STEP_X (MARGIN + 16)
#define FOOTER_Y (PAGE_HEIGHT - MARGIN - 12)
#define SCAN_SIZE 88.0
#define TEXT_FACE "Liberation Sans, Nimbus Sans, DejaVu Sans, sans-serif"
#define CODE_FACE "Liberation Mono, DejaVu Sans Mono, monospace"

struct colour {
	double red, green, blue;
};
static const struct colour ink = {0.10, 0.12, 0.15}, faint = {0.36, 0.40, 0.45},
			   accent = {0.12, 0.24, 0.40}, line_colour = {0.78, 0.81, 0.85};
static const struct colour tones[] = {
	[SHEET_GOOD] = {0.05, 0.40, 0.22},
	[SHEET_WARNING] = {0.66, 0.32, 0.02},
};

struct typeset {
	cairo_surface_t *surface;
	cairo_t *cr;
	PangoLayout *layout;
	GByteArray *bytes;
	bool draw, failed;
	double scale, y;
};

/* How a text is set. */
struct face {
	const char *family;
	double size;
	PangoWeight weight;
	const struct colour *colour;
	unsigned max_lines;
	double letter_spacing;
};

static cairo_status_t take_bytes(void *user, const unsigned char *bytes, unsigned length)
{
	g_byte_array_append(user, bytes, length);
	return CAIRO_STATUS_SUCCESS;
}

/* With faces of its own: what Pango remembers of them goes when the page is done, instead of
 * staying with a service for ever. */
static PangoLayout *create_layout(cairo_t *cr)
{
	PangoFontMap *faces = pango_cairo_font_map_new();
	PangoContext *context = pango_font_map_create_context(faces);

	pango_cairo_update_context(cr, context);
	PangoLayout *layout = pango_layout_new(context);
	g_object_unref(context);
	g_object_unref(faces);
	return layout;
}

/* On paper a letter is as wide as its designer made it, not as wide as it would be on a grid of
 * pixels. */
static void use_exact_metrics(struct typeset *t)
{
	cairo_font_options_t *options = cairo_font_options_create();

	cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
	cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
	pango_cairo_context_set_font_options(pango_layout_get_context(t->layout), options);
	pango_context_set_round_glyph_positions(pango_layout_get_context(t->layout), FALSE);
	pango_layout_context_changed(t->layout);
	cairo_font_options_destroy(options);
}

struct typeset *typeset_create(const struct sheet_head *head)
{
	struct typeset *t = g_new0(struct typeset, 1);
	g_autofree char *created = clock_format_utc(head->utc_us);

	t->bytes = g_byte_array_new();
	t->surface =
		cairo_pdf_surface_create_for_stream(take_bytes, t->bytes, PAGE_WIDTH, PAGE_HEIGHT);
	cairo_pdf_surface_set_metadata(t->surface, CAIRO_PDF_METADATA_TITLE, head->title);
	cairo_pdf_surface_set_metadata(t->surface, CAIRO_PDF_METADATA_SUBJECT, head->subtitle);
	cairo_pdf_surface_set_metadata(t->surface, CAIRO_PDF_METADATA_CREATE_DATE, created);
	t->cr = cairo_create(t->surface);
	t->layout = create_layout(t->cr);
	use_exact_metrics(t);
	return t;
}

static void set_colour(const struct typeset *t, const struct colour *colour)
{
	cairo_set_source_rgb(t->cr, colour->red, colour->green, colour->blue);
}

static void apply_face(const struct typeset *t, const struct face *face)
{
	PangoFontDescription *font = pango_font_description_new();
	PangoAttrList *attributes = pango_attr_list_new();

	pango_font_description_set_family_static(font, face->family);
	pango_font_description_set_absolute_size(font, face->size * PANGO_SCALE);
	pango_font_description_set_weight(font, face->weight);
	pango_layout_set_font_description(t->layout, font);
	pango_font_description_free(font);
	if (face->letter_spacing > 0)
		pango_attr_list_insert(
			attributes,
			pango_attr_letter_spacing_new((int)(face->letter_spacing * PANGO_SCALE)));
	pango_attr_list_insert(attributes, pango_attr_insert_hyphens_new(FALSE));
	pango_layout_set_attributes(t->layout, attributes);
	pango_attr_list_unref(attributes);
}

/* Sets a text from x to `right` with its top at y; returns its height. A negative height of Pango's
 * is a number of lines. */
static double put_text(const struct typeset *t, const struct face *face, const char *text, double x,
		       double y, double right)
{
	int height;

	apply_face(t, face);
	pango_layout_set_width(t->layout, (int)((right - x) * PANGO_SCALE));
	pango_layout_set_height(t->layout, -(int)face->max_lines);
	pango_layout_set_ellipsize(t->layout, PANGO_ELLIPSIZE_END);
	pango_layout_set_wrap(t->layout, PANGO_WRAP_WORD_CHAR);
	pango_layout_set_line_spacing(t->layout, 1.08f);
	pango_layout_set_text(t->layout, text, -1);
	pango_layout_get_size(t->layout, NULL, &height);
	if (t->draw) {
		cairo_move_to(t->cr, x, y);
		set_colour(t, face->colour);
		pango_cairo_show_layout(t->cr, t->layout);
	}
	return (double)height / PANGO_SCALE;
}

static void put_rule(const struct typeset *t, const struct colour *colour, double y, double width)
{
	if (!t->draw)
		return;
	set_colour(t, colour);
	cairo_rectangle(t->cr, MARGIN, y, RIGHT - MARGIN, width);
	cairo_fill(t->cr);
}

/* Title on the left, code on the right. */
static void put_head(struct typeset *t, const struct sheet_head *head)
{
	const struct face title = {TEXT_FACE, 21, PANGO_WEIGHT_BOLD, &accent, 2, 0};
	const struct face subtitle = {TEXT_FACE, 10.5, PANGO_WEIGHT_NORMAL, &faint, 3, 0};
	const struct face caption = {TEXT_FACE, 6, PANGO_WEIGHT_NORMAL, &faint, 2, 0};
	double text_right = RIGHT - SCAN_SIZE - 24;

	put_rule(t, &accent, MARGIN, 2);
	double y = MARGIN + 28;
	y += put_text(t, &title, head->title, MARGIN, y, text_right) + 6;
	y += put_text(t, &subtitle, head->subtitle, MARGIN, y, text_right);
	double scan_y = MARGIN + 16;
	if (t->draw)
		t->failed |= !qr_draw(t->cr, head->scan, RIGHT - SCAN_SIZE, scan_y, SCAN_SIZE);
	scan_y += SCAN_SIZE + 4;
	scan_y += put_text(t, &caption, head->scan_caption, RIGHT - SCAN_SIZE, scan_y, RIGHT);
	t->y = MAX(y, scan_y) + 10;
}

/* A bar in the verdict's colour beside its words. */
static void put_verdict(struct typeset *t, const struct sheet_head *head)
{
	const struct colour *tone = &tones[head->tone];
	const struct face words = {TEXT_FACE, 11, PANGO_WEIGHT_BOLD, tone, 3, 0};
	const struct face detail = {TEXT_FACE, 8, PANGO_WEIGHT_NORMAL, &ink, 4, 0};
	double top = t->y, x = MARGIN + 14;

	t->y += 6;
	t->y += put_text(t, &words, head->verdict, x, t->y, RIGHT) + 3;
	t->y += put_text(t, &detail, head->verdict_detail, x, t->y, RIGHT) + 6;
	if (t->draw) {
		set_colour(t, tone);
		cairo_rectangle(t->cr, MARGIN, top, 4, t->y - top);
		cairo_fill(t->cr);
	}
	t->y += 4;
}

static void put_section(struct typeset *t, const struct typeset_item *item)
{
	const struct face name = {TEXT_FACE, 7.2 * t->scale, PANGO_WEIGHT_BOLD, &accent,
				  1,	     0.8 * t->scale};

	t->y += 7 * t->scale;
	put_rule(t, &line_colour, t->y, 0.6);
	t->y += 5 * t->scale;
	t->y += put_text(t, &name, item->heading, MARGIN, t->y, RIGHT) + 3 * t->scale;
}

static void put_row(struct typeset *t, const struct typeset_item *item)
{
	const struct face heading = {TEXT_FACE, 8.5 * t->scale, PANGO_WEIGHT_NORMAL, &faint, 1, 0};
	struct face value = {TEXT_FACE, 8.5 * t->scale,	 PANGO_WEIGHT_NORMAL,
			     &ink,	item->max_lines, 0};

	if (item->kind == TYPESET_CODE_ROW) {
		value.family = CODE_FACE;
		value.size = 8 * t->scale;
	}
	double left = put_text(t, &heading, item->heading, MARGIN, t->y, VALUE_X - 6);
	double right = put_text(t, &value, item->text, VALUE_X, t->y, RIGHT);
	t->y += MAX(left, right) + 2.2 * t->scale;
}

static void put_step(struct typeset *t, const struct typeset_item *item)
{
	const struct face number = {TEXT_FACE, 8.5 * t->scale, PANGO_WEIGHT_BOLD, &accent, 1, 0};
	const struct face words = {TEXT_FACE, 8.5 * t->scale,  PANGO_WEIGHT_NORMAL,
				   &ink,      item->max_lines, 0};

	t->y += 1.6 * t->scale;
	put_text(t, &number, item->heading, MARGIN, t->y, STEP_X);
	t->y += put_text(t, &words, item->text, STEP_X, t->y, RIGHT) + 1.8 * t->scale;
}

static void put_command(struct typeset *t, const struct typeset_item *item)
{
	const struct face words = {CODE_FACE, 6.8 * t->scale,  PANGO_WEIGHT_NORMAL,
				   &ink,      item->max_lines, 0};

	t->y += put_text(t, &words, item->text, STEP_X, t->y, RIGHT) + 2.4 * t->scale;
}

static void put_footer(const struct typeset *t, const struct sheet_head *head)
{
	const struct face words = {TEXT_FACE, 7, PANGO_WEIGHT_NORMAL, &faint, 2, 0};

	put_rule(t, &line_colour, FOOTER_Y - 6, 0.6);
	put_text(t, &words, head->footer, MARGIN, FOOTER_Y, RIGHT);
}

bool typeset_page(struct typeset *t, const struct sheet_head *head, const GPtrArray *items,
		  double scale, bool draw)
{
	static void (*const put[TYPESET_KIND_COUNT])(struct typeset *,
						     const struct typeset_item *) = {
		[TYPESET_SECTION] = put_section, [TYPESET_ROW] = put_row,
		[TYPESET_CODE_ROW] = put_row,	 [TYPESET_STEP] = put_step,
		[TYPESET_COMMAND] = put_command,
	};

	t->draw = draw;
	t->scale = scale;
	put_head(t, head);
	put_verdict(t, head);
	for (unsigned i = 0; i < items->len; i++) {
		const struct typeset_item *item = items->pdata[i];
		put[item->kind](t, item);
	}
	put_footer(t, head);
	return t->y < FOOTER_Y - 8;
}

GBytes *typeset_finish(struct typeset *t, const char **ret_why)
{
	g_object_unref(t->layout);
	cairo_show_page(t->cr);
	cairo_destroy(t->cr);
	cairo_surface_finish(t->surface);
	cairo_status_t status = cairo_surface_status(t->surface);
	cairo_surface_destroy(t->surface);
	GBytes *pdf = g_byte_array_free_to_bytes(t->bytes);
	bool failed = t->failed;

	g_free(t);
	if (status == CAIRO_STATUS_SUCCESS && !failed)
		return pdf;
	*ret_why = failed ? "the code to scan cannot be made" : cairo_status_to_string(status);
	g_bytes_unref(pdf);
	return NULL;
}
