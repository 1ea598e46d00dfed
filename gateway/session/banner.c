/* A strip of words over a viewer's own copy of the picture. Knows no protocol, and nothing of
 * why. */
#include "gateway/session/banner.h"

#include <cairo.h>

#define FONT_PX 15.0
#define MARGIN_PX 12.0

struct rect banner_rect(uint32_t width, uint32_t height)
{
	return (struct rect){0, 0, width, MIN(BANNER_HEIGHT_PX, height)};
}

void banner_draw(struct shadow *shadow, const char *text)
{
	const struct rect strip = banner_rect(shadow->width, shadow->height);
	g_autofree char *ascii = g_str_to_ascii(text, "de");
	/* RGB24 is BGRX in memory on little-endian machines, as the shadow is. */
	cairo_surface_t *surface = cairo_image_surface_create_for_data(
		shadow->pixels, CAIRO_FORMAT_RGB24, (int)strip.width, (int)strip.height,
		(int)shadow->stride_bytes);
	cairo_t *cairo = cairo_create(surface);

	cairo_set_source_rgb(cairo, 0.55, 0.13, 0.13);
	cairo_paint(cairo);
	cairo_select_font_face(cairo, "@cairo:", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_BOLD);
	cairo_set_font_size(cairo, FONT_PX);
	cairo_set_source_rgb(cairo, 1, 1, 1);
	cairo_move_to(cairo, MARGIN_PX, (strip.height + FONT_PX * 0.7) / 2);
	cairo_show_text(cairo, ascii);
	cairo_destroy(cairo);
	cairo_surface_finish(surface);
	cairo_surface_destroy(surface);
}
