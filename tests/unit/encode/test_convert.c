/* Conversion: known colours, both kernels bit for bit on random pictures of odd sizes, exact maps
 * of change. */
#include "recorder/encode/convert.h"

#include <glib.h>
#include <string.h>

struct picture {
	uint8_t *bgrx;
	size_t stride_bytes;
	uint32_t width, height;
};

static struct picture random_picture(GRand *random, uint32_t width, uint32_t height)
{
	struct picture p = {NULL, (size_t)width * 4 + 12, width, height};

	p.bgrx = g_malloc(p.stride_bytes * height);
	for (size_t i = 0; i < p.stride_bytes * height; i++)
		p.bgrx[i] = (uint8_t)g_rand_int(random);
	return p;
}

static struct rect whole(const struct picture *p)
{
	return (struct rect){0, 0, p->width, p->height};
}

static void check_colour(uint32_t bgrx, bool full_range, const uint8_t yuv[3])
{
	struct nv12 n;
	struct macroblocks m;
	uint32_t pixels[16 * 16];

	for (unsigned i = 0; i < G_N_ELEMENTS(pixels); i++)
		pixels[i] = bgrx;
	g_assert_cmpint(nv12_init(&n, 16, 16), ==, 0);
	g_assert_cmpint(macroblocks_init(&m, 16, 16), ==, 0);
	const struct rect r = {0, 0, 16, 16};
	convert_bgrx_nv12((const uint8_t *)pixels, 64, &r, full_range, &n, &m);
	g_assert_cmpuint(n.luma[0], ==, yuv[0]);
	g_assert_cmpuint(n.luma[15 * n.stride_bytes + 15], ==, yuv[0]);
	g_assert_cmpuint(n.chroma[0], ==, yuv[1]);
	g_assert_cmpuint(n.chroma[7 * n.stride_bytes + 15], ==, yuv[2]);
	nv12_finish(&n);
	macroblocks_finish(&m);
}

/* Values of BT.709 worked out by hand from Kr = 0.2126, Kb = 0.0722. */
static void test_known_colours(void)
{
	check_colour(0x00000000, false, (const uint8_t[]){16, 128, 128});
	check_colour(0x00ffffff, false, (const uint8_t[]){235, 128, 128});
	check_colour(0x00808080, false, (const uint8_t[]){126, 128, 128});
	check_colour(0x00ff0000, false, (const uint8_t[]){63, 102, 240});
	check_colour(0x0000ff00, false, (const uint8_t[]){173, 42, 26});
	check_colour(0x000000ff, false, (const uint8_t[]){32, 240, 118});
	check_colour(0x00000000, true, (const uint8_t[]){0, 128, 128});
	check_colour(0x00ffffff, true, (const uint8_t[]){255, 128, 128});
	check_colour(0x00ff0000, true, (const uint8_t[]){54, 99, 255});
	check_colour(0x000000ff, true, (const uint8_t[]){18, 255, 116});
}

static void check_twins(GRand *random, uint32_t width, uint32_t height, bool full_range)
{
	struct picture p = random_picture(random, width, height);
	struct nv12 a, b;
	struct macroblocks ma, mb;

	nv12_init(&a, width, height);
	nv12_init(&b, width, height);
	macroblocks_init(&ma, width, height);
	macroblocks_init(&mb, width, height);
	const struct rect r = whole(&p);
	unsigned na = convert_bgrx_nv12(p.bgrx, p.stride_bytes, &r, full_range, &a, &ma);
	unsigned nb = convert_bgrx_nv12_portable(p.bgrx, p.stride_bytes, &r, full_range, &b, &mb);
	size_t bytes = a.stride_bytes * ((height + 15) / 16 * 16) * 3 / 2;
	g_assert_cmpmem(a.luma, bytes, b.luma, bytes);
	g_assert_cmpuint(na, ==, nb);
	g_assert_cmpmem(ma.changed, ma.columns * ma.rows, mb.changed, mb.columns * mb.rows);
	nv12_finish(&a);
	nv12_finish(&b);
	macroblocks_finish(&ma);
	macroblocks_finish(&mb);
	g_free(p.bgrx);
}

static void test_twins_agree(void)
{
	static const uint32_t sizes[][2] = {{16, 16},	{17, 16},   {33, 47},	{127, 65},
					    {640, 360}, {641, 363}, {1366, 768}};
	GRand *random = g_rand_new_with_seed(7);

	for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++)
		for (unsigned full = 0; full < 2; full++)
			check_twins(random, sizes[i][0], sizes[i][1], full);
	g_rand_free(random);
}

/* Only the macroblock of the changed pixel is reported, although the whole picture is said to be
 * damaged. */
static void test_changed_map_is_exact(void)
{
	GRand *random = g_rand_new_with_seed(11);
	struct picture p = random_picture(random, 133, 71);
	struct nv12 n;
	struct macroblocks m;
	const struct rect r = whole(&p);

	nv12_init(&n, p.width, p.height);
	macroblocks_init(&m, p.width, p.height);
	convert_bgrx_nv12(p.bgrx, p.stride_bytes, &r, false, &n, &m);
	for (unsigned i = 0; i < 200; i++) {
		uint32_t x = (uint32_t)g_rand_int_range(random, 0, 133);
		uint32_t y = (uint32_t)g_rand_int_range(random, 0, 71);
		memset(m.changed, 0, m.columns * m.rows);
		g_assert_cmpuint(convert_bgrx_nv12(p.bgrx, p.stride_bytes, &r, false, &n, &m), ==,
				 0);
		p.bgrx[y * p.stride_bytes + x * 4 + 1] ^= 0x80;
		g_assert_cmpuint(convert_bgrx_nv12(p.bgrx, p.stride_bytes, &r, false, &n, &m), ==,
				 1);
		g_assert_cmpuint(m.changed[y / 16 * m.columns + x / 16], ==, 1);
	}
	nv12_finish(&n);
	macroblocks_finish(&m);
	g_free(p.bgrx);
	g_rand_free(random);
}

/* A small rectangle converts the macroblocks it touches and no other; one outside the picture does
 * nothing. */
static void test_rectangle_limits(void)
{
	GRand *random = g_rand_new_with_seed(13);
	struct picture p = random_picture(random, 100, 100);
	struct nv12 n;
	struct macroblocks m;

	nv12_init(&n, p.width, p.height);
	macroblocks_init(&m, p.width, p.height);
	const struct rect r = {30, 17, 3, 15}, outside = {100, 5, 10, 10},
			  huge = {96, 96, UINT32_MAX, 9};
	g_assert_cmpuint(convert_bgrx_nv12(p.bgrx, p.stride_bytes, &r, false, &n, &m), ==, 2);
	g_assert_true(m.changed[m.columns + 1] && m.changed[m.columns + 2]);
	g_assert_cmpuint(convert_bgrx_nv12(p.bgrx, p.stride_bytes, &outside, false, &n, &m), ==, 0);
	g_assert_cmpuint(convert_bgrx_nv12(p.bgrx, p.stride_bytes, &huge, false, &n, &m), ==, 1);
	nv12_finish(&n);
	macroblocks_finish(&m);
	g_free(p.bgrx);
	g_rand_free(random);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/convert/known-colours", test_known_colours);
	g_test_add_func("/convert/twins-agree", test_twins_agree);
	g_test_add_func("/convert/changed-map-is-exact", test_changed_map_is_exact);
	g_test_add_func("/convert/rectangle-limits", test_rectangle_limits);
	return g_test_run();
}
