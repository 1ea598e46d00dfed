/* ScrBlt of the RDP back, without a connection: FreeRDP's server role cannot send one (3.10 to 3.30), so the order is put to the client's
 * drawing functions directly. */
#include "gateway/rdp/rdp_back_internal.h"
#include "gateway/rdp/rdp_glue.h"
#include "tests/unit/rdp/fake_session.h"

#include <freerdp/codec/color.h>

#define WIDTH 128
#define HEIGHT 96
#define SRCCOPY 0xCC
#define SRCINVERT 0x66

static struct rdp_back *open_back(void)
{
	RDP_CLIENT_ENTRY_POINTS entry = {.Size = sizeof entry,
					 .Version = RDP_CLIENT_INTERFACE_VERSION,
					 .ContextSize = sizeof(struct rdp_back)};
	rdpContext *context = freerdp_client_context_new(&entry);
	struct rdp_back *back = rdp_back_of(context);

	g_assert_nonnull(context);
	back->session = fake_session_new();
	freerdp_settings_set_uint32(context->settings, FreeRDP_DesktopWidth, WIDTH);
	freerdp_settings_set_uint32(context->settings, FreeRDP_DesktopHeight, HEIGHT);
	freerdp_settings_set_uint32(context->settings, FreeRDP_ColorDepth, 32);
	g_assert_true(rdp_picture_start(back));
	g_assert_true(rdp_picture_publish(back));
	return back;
}

static void close_back(struct rdp_back *back)
{
	rdpContext *context = rdp_back_context(back);

	fake_session_free(back->session);
	gdi_free(context->instance);
	freerdp_client_context_free(context);
}

/* Every pixel is another one, so that a copy from the wrong place shows. */
static void draw_everything(struct rdp_back *back)
{
	rdpContext *context = rdp_back_context(back);
	static uint32_t pixels[WIDTH * HEIGHT];
	SURFACE_BITS_COMMAND command = {.cmdType = CMDTYPE_SET_SURFACE_BITS,
					.destRight = WIDTH,
					.destBottom = HEIGHT,
					.bmp = {.bpp = 32,
						.width = WIDTH,
						.height = HEIGHT,
						.bitmapDataLength = sizeof pixels,
						.bitmapData = (BYTE *)pixels}};

	for (uint32_t i = 0; i < WIDTH * HEIGHT; i++)
		pixels[i] = i * 2654435761u;
	g_assert_true(context->update->SurfaceBits(context, &command));
}

static void scrblt(struct rdp_back *back, SCRBLT_ORDER order)
{
	rdpContext *context = rdp_back_context(back);

	g_assert_true(context->update->primary->ScrBlt(context, &order));
}

/* The canvas must be the picture now. */
static struct fake_counts end_paint(struct rdp_back *back)
{
	rdpContext *context = rdp_back_context(back);

	g_assert_true(context->update->EndPaint(context));
	struct fake_counts counts = fake_session_counts(back->session);
	g_assert_cmpuint(counts.torn, ==, 0);
	for (int y = 0; y < HEIGHT; y++)
		for (int x = 0; x < WIDTH; x++) {
			const uint32_t *row = (const void *)(context->gdi->primary_buffer +
							     y * context->gdi->stride);

			g_assert_cmphex(fake_session_pixel(back->session, x, y), ==,
					row[x] & 0xFFFFFF);
		}
	return counts;
}

static void test_copies(void)
{
	static const SCRBLT_ORDER orders[] = {
		{0, 0, WIDTH, HEIGHT - 20, SRCCOPY, 0, 20},   /* up */
		{0, 20, WIDTH, HEIGHT - 20, SRCCOPY, 0, 0},   /* down, overlapping */
		{7, 0, WIDTH - 7, HEIGHT, SRCCOPY, 0, 0},     /* right, overlapping */
		{3, 5, 40, 30, SRCCOPY, 60, 50},	      /* apart */
		{WIDTH - 1, HEIGHT - 1, 1, 1, SRCCOPY, 0, 0}, /* the last pixel */
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(orders); i++) {
		struct rdp_back *back = open_back();

		/* In one update with the pixels it copies: they must be on the canvas first. */
		draw_everything(back);
		scrblt(back, orders[i]);
		struct fake_counts counts = end_paint(back);
		g_assert_cmpuint(counts.copies, ==, 1);
		g_assert_cmpuint(counts.frames, ==, 1);
		close_back(back);
	}
}

static void test_paints_instead(void)
{
	static const SCRBLT_ORDER orders[] = {
		{0, 0, WIDTH, HEIGHT - 20, SRCINVERT, 0, 20}, /* not a copy */
		{0, 0, WIDTH, HEIGHT, SRCCOPY, 0, 20},	      /* reads below the desktop */
		{100, 0, 100, 10, SRCCOPY, 0, 20},	      /* writes beside it */
		{-5, -5, 20, 20, SRCCOPY, 30, 30},	      /* writes above it */
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(orders); i++) {
		struct rdp_back *back = open_back();

		draw_everything(back);
		scrblt(back, orders[i]);
		g_assert_cmpuint(end_paint(back).copies, ==, 0);
		close_back(back);
	}
}

/* With bounds ([MS-RDPEGDI] 2.2.2.2.1.1.2, TS_BOUNDS) only a part is drawn. */
static void test_bounds(void)
{
	struct rdp_back *back = open_back();
	rdpContext *context = rdp_back_context(back);
	rdpBounds bounds = {10, 10, 30, 30};

	draw_everything(back);
	g_assert_true(context->update->SetBounds(context, &bounds));
	scrblt(back, (SCRBLT_ORDER){0, 0, 64, 48, SRCCOPY, 64, 48});
	g_assert_true(context->update->SetBounds(context, NULL));
	g_assert_cmpuint(end_paint(back).copies, ==, 0);
	close_back(back);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(rdp_glue_prepare(), ==, 0);
	g_test_add_func("/rdp-back/scrblt/copies", test_copies);
	g_test_add_func("/rdp-back/scrblt/paints", test_paints_instead);
	g_test_add_func("/rdp-back/scrblt/bounds", test_bounds);
	return g_test_run();
}
