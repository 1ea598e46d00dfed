/* Copies that stay copies through the RDP back: SurfaceToSurface of the graphics channel, and the
 * drawing order ScrBlt, which FreeRDP's server role cannot send (3.10 to 3.33) and which is
 * therefore written byte by byte. */
#include "tests/unit/rdp/back_run.h"

#include <freerdp/channels/rdpgfx.h>

#define SRCCOPY 0xCC
#define SRCINVERT 0x66
/* updateCode of TS_FP_UPDATE ([MS-RDPBCGR] 2.2.9.1.2.1). */
#define UPDATE_ORDERS 0x0
#define UPDATE_SURFACE_COMMANDS 0x4
#define PATCH 48u

static uint32_t gradient_up_100(uint32_t x, uint32_t y)
{
	return gradient(x, y + 100);
}

/* A copy in a frame of its own, or behind a red corner painted in the same frame. */
static void gfx_copy(struct fake_target *target, RECTANGLE_16 from, uint16_t x, uint16_t y,
		     bool behind_red)
{
	static UINT32 frame = 1000;
	RDPGFX_START_FRAME_PDU start = {.frameId = ++frame};
	RDPGFX_END_FRAME_PDU end = {.frameId = frame};
	RECTANGLE_16 corner = {WIDTH - 40, HEIGHT - 40, WIDTH, HEIGHT};
	RDPGFX_SOLID_FILL_PDU fill = {
		.surfaceId = 1, .fillPixel = {.R = 0xFF}, .fillRectCount = 1, .fillRects = &corner};
	RDPGFX_POINT16 to = {x, y};
	RDPGFX_SURFACE_TO_SURFACE_PDU copy = {1, 1, from, 1, &to};
	RdpgfxServerContext *gfx = target->gfx;

	g_assert_cmpuint(gfx->StartFrame(gfx, &start), ==, CHANNEL_RC_OK);
	if (behind_red)
		g_assert_cmpuint(gfx->SolidFill(gfx, &fill), ==, CHANNEL_RC_OK);
	g_assert_cmpuint(gfx->SurfaceToSurface(gfx, &copy), ==, CHANNEL_RC_OK);
	g_assert_cmpuint(gfx->EndFrame(gfx, &end), ==, CHANNEL_RC_OK);
}

static void gfx_scroll_up_100(struct fake_target *target)
{
	gfx_copy(target, (RECTANGLE_16){0, 100, WIDTH, HEIGHT}, 0, 0, false);
}

static void gfx_copy_behind_red(struct fake_target *target)
{
	gfx_copy(target, (RECTANGLE_16){0, 0, 64, 64}, 200, 200, true);
}

static uint32_t gradient_back_200(uint32_t x, uint32_t y)
{
	return gradient(x - 200, y - 200 + 100);
}

static void test_gfx(void)
{
	struct run run = {0};

	run_start(&run, &(struct fake_target_plan){.gfx = true});
	fake_target_do(run.fake, gfx_gradient);
	run_await_picture(&run, (struct area){0, 0, WIDTH, HEIGHT, gradient});
	fake_target_do(run.fake, gfx_scroll_up_100);
	run_await_picture(&run, (struct area){0, 0, WIDTH, HEIGHT - 100, gradient_up_100});
	g_assert_cmpuint(double_counts(run.session).copies, ==, 1);
	g_assert_cmpuint(double_counts(run.session).frames, ==, 2);
	fake_target_do(run.fake, gfx_copy_behind_red);
	run_await_picture(&run, (struct area){200, 200, 64, 64, gradient_back_200});
	run_await_picture(&run, (struct area){WIDTH - 40, HEIGHT - 40, 40, 40, red});
	g_assert_cmpuint(double_counts(run.session).copies, ==, 2);
	g_assert_cmpuint(double_counts(run.session).frames, ==, 3);
	run_stop(&run);
	run_clear(&run);
}

/* The surface is white where nothing was painted, the desktop is black there: this
 * copy must come as pixels. */
static void gfx_copy_unpainted(struct fake_target *target)
{
	fake_target_gfx_setup(target, WIDTH, HEIGHT);
	fake_target_gfx_frame(target, 0, 0, WIDTH, 10, red);
	gfx_copy(target, (RECTANGLE_16){0, 200, WIDTH, 300}, 0, 50, false);
}

static uint32_t white(uint32_t x, uint32_t y)
{
	return 0xFFFFFF;
}

static void test_gfx_unpainted_source(void)
{
	struct run run = {0};

	run_start(&run, &(struct fake_target_plan){.gfx = true});
	fake_target_do(run.fake, gfx_copy_unpainted);
	run_await_picture(&run, (struct area){0, 50, WIDTH, 100, white});
	run_await_picture(&run, (struct area){0, 200, WIDTH, 100, black});
	g_assert_cmpuint(double_counts(run.session).copies, ==, 0);
	run_stop(&run);
	run_clear(&run);
}

/* ---- ScrBlt ---- */

/** What the desktop has to show, and the next order that changes it. */
static struct {
	uint32_t pixels[WIDTH * HEIGHT];
	SCRBLT_ORDER order;
	bool bounded; /**< to the rectangle 10,10 to 30,30 */
	uint32_t patch_seed;
} desktop;

static uint32_t desktop_pixel(uint32_t x, uint32_t y)
{
	return desktop.pixels[y * WIDTH + x];
}

/* Every pixel is another one, so that a copy from the wrong place shows. */
static uint32_t patch_pixel(uint32_t x, uint32_t y)
{
	return (desktop.patch_seed + y * PATCH + x) * 2654435761u >> 8;
}

static void put_16(GByteArray *bytes, int value)
{
	const uint8_t wire[] = {(uint8_t)value, (uint8_t)(value >> 8)};

	g_byte_array_append(bytes, wire, sizeof wire);
}

/* TS_FP_UPDATE ([MS-RDPBCGR] 2.2.9.1.2.1), unfragmented and uncompressed. */
static void put_update(GByteArray *pdu, uint8_t code, const GByteArray *data)
{
	g_byte_array_append(pdu, &code, 1);
	put_16(pdu, (int)data->len);
	g_byte_array_append(pdu, data->data, data->len);
}

/* TS_SURFCMD_SET_SURF_BITS (2.2.9.2.1): the patch in the upper left corner, raw, bottom row
 * first. */
static GByteArray *patch_command(void)
{
	static const uint8_t format[] = {32, 0, 0, 0};
	GByteArray *bytes = g_byte_array_new();
	const int head[] = {CMDTYPE_SET_SURFACE_BITS, 0, 0, PATCH, PATCH};

	for (unsigned i = 0; i < G_N_ELEMENTS(head); i++)
		put_16(bytes, head[i]);
	g_byte_array_append(bytes, format, sizeof format);
	put_16(bytes, PATCH);
	put_16(bytes, PATCH);
	put_16(bytes, PATCH * PATCH * 4);
	put_16(bytes, 0);
	for (uint32_t y = PATCH; y-- > 0;)
		for (uint32_t x = 0; x < PATCH; x++) {
			uint32_t rgb = patch_pixel(x, y);

			put_16(bytes, (int)(rgb & 0xFFFF));
			put_16(bytes, (int)(rgb >> 16));
		}
	return bytes;
}

/* One primary drawing order of type ScrBlt with all its fields ([MS-RDPEGDI] 2.2.2.2.1.1.2
 * and 2.2.2.2.1.1.2.7). */
static GByteArray *scrblt_orders(void)
{
	const SCRBLT_ORDER *order = &desktop.order;
	const uint8_t standard_type_change = 0x09, bounds = 0x04, type = 0x02, all_fields = 0x7F;
	const uint8_t control = standard_type_change | (desktop.bounded ? bounds : 0);
	const uint8_t all_sides = 0x0F, rop = (uint8_t)order->bRop;
	const int place[] = {order->nLeftRect, order->nTopRect, order->nWidth, order->nHeight};
	const int sides[] = {10, 10, 30, 30};
	GByteArray *bytes = g_byte_array_new();

	put_16(bytes, 1);
	g_byte_array_append(bytes, &control, 1);
	g_byte_array_append(bytes, &type, 1);
	g_byte_array_append(bytes, &all_fields, 1);
	if (desktop.bounded)
		g_byte_array_append(bytes, &all_sides, 1);
	for (unsigned i = 0; desktop.bounded && i < G_N_ELEMENTS(sides); i++)
		put_16(bytes, sides[i]);
	for (unsigned i = 0; i < G_N_ELEMENTS(place); i++)
		put_16(bytes, place[i]);
	g_byte_array_append(bytes, &rop, 1);
	put_16(bytes, order->nXSrc);
	put_16(bytes, order->nYSrc);
	return bytes;
}

/* Both in one message: the patch must be on the canvas before it is copied. */
static void send_patch_and_scrblt(struct fake_target *target)
{
	g_autoptr(GByteArray) patch = patch_command(), orders = scrblt_orders();
	g_autoptr(GByteArray) updates = g_byte_array_new();

	put_update(updates, UPDATE_SURFACE_COMMANDS, patch);
	put_update(updates, UPDATE_ORDERS, orders);
	fake_target_send_updates(target, updates->data, updates->len);
}

static void paint_patch(void)
{
	desktop.patch_seed += PATCH * PATCH;
	for (uint32_t y = 0; y < PATCH; y++)
		for (uint32_t x = 0; x < PATCH; x++)
			desktop.pixels[y * WIDTH + x] = patch_pixel(x, y);
}

static uint32_t marker(uint32_t x, uint32_t y)
{
	return desktop.patch_seed & 0xFFFFFF;
}

/* ... and the marker behind it. */
static void copy_on_desktop(const SCRBLT_ORDER *order)
{
	g_autofree uint32_t *before = g_memdup2(desktop.pixels, sizeof desktop.pixels);

	for (int y = 0; y < order->nHeight; y++)
		for (int x = 0; x < order->nWidth; x++)
			desktop.pixels[(order->nTopRect + y) * (int)WIDTH + order->nLeftRect + x] =
				before[(order->nYSrc + y) * (int)WIDTH + order->nXSrc + x];
	desktop.pixels[WIDTH * HEIGHT - 1] = marker(0, 0);
}

static void paint_marker(struct fake_target *target)
{
	fake_target_paint(target, WIDTH - 1, HEIGHT - 1, 1, 1, marker);
}

/* Sends the order behind a new patch; returns the counts when the picture behind it has come,
 * too. */
static struct double_counts scrblt(struct run *run, SCRBLT_ORDER order)
{
	paint_patch();
	desktop.order = order;
	fake_target_do(run->fake, send_patch_and_scrblt);
	fake_target_do(run->fake, paint_marker);
	run_await_picture(run, (struct area){WIDTH - 1, HEIGHT - 1, 1, 1, marker});
	return double_counts(run->session);
}

static void start_desktop(struct run *run)
{
	static const struct fake_target_plan plan;

	desktop.bounded = false;
	for (uint32_t y = 0; y < HEIGHT; y++)
		for (uint32_t x = 0; x < WIDTH; x++)
			desktop.pixels[y * WIDTH + x] = gradient(x, y);
	run_start(run, &plan);
	run_await_size(run, WIDTH, HEIGHT);
	fake_target_do(run->fake, paint_gradient);
	run_await_picture(run, (struct area){0, 0, WIDTH, HEIGHT, desktop_pixel});
}

static void test_scrblt(void)
{
	static const SCRBLT_ORDER orders[] = {
		{0, 0, WIDTH, HEIGHT - 20, SRCCOPY, 0, 20},   /* up */
		{0, 20, WIDTH, HEIGHT - 20, SRCCOPY, 0, 0},   /* down, overlapping */
		{7, 0, WIDTH - 7, HEIGHT, SRCCOPY, 0, 0},     /* right, overlapping */
		{3, 5, 40, 30, SRCCOPY, 160, 250},	      /* apart */
		{WIDTH - 1, HEIGHT - 1, 1, 1, SRCCOPY, 0, 0}, /* the last pixel */
	};
	struct run run = {0};

	start_desktop(&run);
	for (unsigned i = 0; i < G_N_ELEMENTS(orders); i++) {
		g_assert_cmpuint(scrblt(&run, orders[i]).copies, ==, i + 1);
		copy_on_desktop(&orders[i]);
		run_await_picture(&run, (struct area){0, 0, WIDTH, HEIGHT, desktop_pixel});
	}
	run_stop(&run);
	run_clear(&run);
}

/* What reads or writes beside the desktop, or mixes both places, reaches the canvas as pixels. */
static void test_scrblt_paints_instead(void)
{
	static const SCRBLT_ORDER orders[] = {
		{0, 0, WIDTH, HEIGHT - 20, SRCINVERT, 0, 20},  /* not a copy */
		{0, 0, WIDTH, HEIGHT, SRCCOPY, 0, 20},	       /* reads below the desktop */
		{(int)WIDTH - 28, 0, 100, 10, SRCCOPY, 0, 20}, /* writes beside it */
		{-5, -5, 20, 20, SRCCOPY, 30, 30},	       /* writes above it */
	};
	struct run run = {0};

	start_desktop(&run);
	for (unsigned i = 0; i < G_N_ELEMENTS(orders); i++)
		g_assert_cmpuint(scrblt(&run, orders[i]).copies, ==, 0);
	run_stop(&run);
	run_clear(&run);
}

/* With bounds ([MS-RDPEGDI] 2.2.2.2.1.1.2, TS_BOUNDS) only a part is drawn. */
static void test_scrblt_bounds(void)
{
	const SCRBLT_ORDER order = {0, 0, 64, 48, SRCCOPY, 64, 48};
	const SCRBLT_ORDER inside = {10, 10, 21, 21, SRCCOPY, 74, 58};
	struct run run = {0};

	start_desktop(&run);
	desktop.bounded = true;
	g_assert_cmpuint(scrblt(&run, order).copies, ==, 0);
	copy_on_desktop(&inside);
	run_await_picture(&run, (struct area){0, 0, WIDTH, HEIGHT, desktop_pixel});
	run_stop(&run);
	run_clear(&run);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(rdp_back.prepare(), ==, 0);
	g_test_add_func("/rdp-back/copy/gfx", test_gfx);
	g_test_add_func("/rdp-back/copy/gfx-unpainted-source", test_gfx_unpainted_source);
	g_test_add_func("/rdp-back/copy/scrblt", test_scrblt);
	g_test_add_func("/rdp-back/copy/scrblt-paints", test_scrblt_paints_instead);
	g_test_add_func("/rdp-back/copy/scrblt-bounds", test_scrblt_bounds);
	return g_test_run();
}
