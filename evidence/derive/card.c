/* The card of a masked span. It must not know what it hides. */
#include "evidence/derive/derived_picture.h"

#include <cairo.h>
#include <errno.h>

#define FONT_MAX_PX 28.0
/* Of the built-in letters: their width is about 0.6 of their height, and a card's line has some
 * 60. */
#define FONT_PER_WIDTH (1.0 / 40)
#define GROUND 0.25

static void append_place(GString *text, uint64_t us)
{
	const uint64_t ms = us / 1000;

	g_string_append_printf(text, "%u:%02u:%02u.%03u", (unsigned)(ms / 3600000),
			       (unsigned)(ms / 60000 % 60), (unsigned)(ms / 1000 % 60),
			       (unsigned)(ms % 1000));
}

static char *words(struct derive_span span)
{
	GString *text = g_string_new("masked from ");

	append_place(text, span.start_us);
	if (span.end_us == DERIVE_TO_THE_END) {
		g_string_append(text, " to the end");
	} else {
		g_string_append(text, " to ");
		append_place(text, span.end_us);
	}
	return g_string_free(text, FALSE);
}

/* "@cairo:" are letters that need no file. */
static void draw(cairo_t *cairo, const char *text, uint32_t width, uint32_t height)
{
	cairo_text_extents_t extents;

	cairo_set_source_rgb(cairo, GROUND, GROUND, GROUND);
	cairo_paint(cairo);
	cairo_select_font_face(cairo, "@cairo:", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
	cairo_set_font_size(cairo, MIN(FONT_MAX_PX, width * FONT_PER_WIDTH));
	cairo_text_extents(cairo, text, &extents);
	cairo_set_source_rgb(cairo, 1, 1, 1);
	cairo_move_to(cairo, (width - extents.width) / 2, height / 2.0);
	cairo_show_text(cairo, text);
}

int derived_picture_card(struct nv12 *picture, struct derive_span span)
{
	const struct rect all = {0, 0, picture->width, picture->height};
	g_autofree char *text = words(span);
	struct macroblocks unused;
	/* RGB24 is BGRX in memory on little-endian machines. */
	cairo_surface_t *surface = cairo_image_surface_create(
		CAIRO_FORMAT_RGB24, (int)picture->width, (int)picture->height);
	cairo_t *cairo = cairo_create(surface);

	draw(cairo, text, picture->width, picture->height);
	cairo_surface_flush(surface);
	int result = cairo_status(cairo) == CAIRO_STATUS_SUCCESS &&
				     macroblocks_init(&unused, picture->width, picture->height) == 0
			     ? 0
			     : -ENOMEM;
	if (result == 0) {
		convert_bgrx_nv12(cairo_image_surface_get_data(surface),
				  (size_t)cairo_image_surface_get_stride(surface), &all, false,
				  picture, &unused);
		macroblocks_finish(&unused);
	}
	cairo_destroy(cairo);
	cairo_surface_destroy(surface);
	return result;
}
