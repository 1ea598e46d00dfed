/* A QR code as squares. It must not know what it says. */
#include "evidence/certificate/qr.h"

#include <qrencode.h>
#include <stddef.h>

#define IS_DARK 1u

/* Neighbours of a row are one rectangle: viewers that smooth edges would show hair
 * lines between squares. */
static void draw_row(cairo_t *cr, const unsigned char *modules, int width, double x, double y,
		     double module)
{
	for (int i = 0; i < width;) {
		int run = 0;
		while (i + run < width && (modules[i + run] & IS_DARK))
			run++;
		if (run > 0)
			cairo_rectangle(cr, x + i * module, y, run * module, module);
		i += run > 0 ? run : 1;
	}
}

bool qr_draw(cairo_t *cr, const char *text, double x, double y, double size)
{
	QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);

	if (code == NULL)
		return false;
	double module = size / code->width;
	cairo_save(cr);
	cairo_set_source_rgb(cr, 0, 0, 0);
	for (int row = 0; row < code->width; row++)
		draw_row(cr, code->data + row * code->width, code->width, x, y + row * module,
			 module);
	cairo_fill(cr);
	cairo_restore(cr);
	QRcode_free(code);
	return true;
}
