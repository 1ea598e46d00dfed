/* The first picture of a surface: exact at once when that is cheap, lossy when it is a
 * photograph. */
#include "gateway/rdp/rdp_encode.h"

#include <string.h>

#define SIZE_PX 640u

struct sink {
	unsigned n_lossy, n_exact;
	uint64_t exact_px;
};

static bool count(void *user, RDPGFX_SURFACE_COMMAND *command)
{
	struct sink *sink = user;

	if (command->codecId == RDPGFX_CODECID_PLANAR) {
		sink->n_exact++;
		sink->exact_px += (uint64_t)command->width * command->height;
	} else {
		sink->n_lossy++;
	}
	return true;
}

static struct sink paint(struct rdp_encode *encode, const struct shadow *shadow)
{
	pixman_region32_t whole;
	struct sink sink = {0};

	pixman_region32_init_rect(&whole, 0, 0, shadow->width, shadow->height);
	g_assert_true(rdp_encode_paint(encode, shadow, &whole, 1000, count, &sink));
	pixman_region32_fini(&whole);
	return sink;
}

/* A desktop at rest: nothing is owed afterwards. Motion comes later. */
static void test_desktop(void)
{
	const struct rdp_encode_caps caps = {true, true};
	g_autofree uint8_t *pixels = g_malloc0(SIZE_PX * SIZE_PX * 4);
	const struct shadow shadow = {pixels, SIZE_PX * 4, SIZE_PX, SIZE_PX};
	struct rdp_encode *encode = rdp_encode_create(&caps, SIZE_PX, SIZE_PX);

	memset(pixels + 100 * SIZE_PX * 4, 0xc0, 50 * SIZE_PX * 4);
	struct sink first = paint(encode, &shadow);
	g_assert_cmpuint(first.n_lossy, ==, 0);
	g_assert_cmpuint(first.exact_px, ==, SIZE_PX * SIZE_PX);
	g_assert_cmpuint(rdp_encode_refine_due_us(encode), ==, UINT64_MAX);
	memset(pixels, 0x40, SIZE_PX * SIZE_PX * 4);
	struct sink second = paint(encode, &shadow);
	g_assert_cmpuint(second.n_lossy, ==, 1);
	g_assert_cmpuint(second.n_exact, ==, 0);
	rdp_encode_destroy(encode);
}

static void test_photograph(void)
{
	const struct rdp_encode_caps caps = {false, true};
	g_autofree uint8_t *pixels = g_malloc(SIZE_PX * SIZE_PX * 4);
	const struct shadow shadow = {pixels, SIZE_PX * 4, SIZE_PX, SIZE_PX};
	struct rdp_encode *encode = rdp_encode_create(&caps, SIZE_PX, SIZE_PX);
	GRand *rand = g_rand_new_with_seed(7);

	for (size_t i = 0; i < SIZE_PX * SIZE_PX * 4; i++)
		pixels[i] = (uint8_t)g_rand_int(rand);
	struct sink first = paint(encode, &shadow);
	g_assert_cmpuint(first.n_lossy, ==, 1);
	g_assert_cmpuint(first.n_exact, ==, 0);
	g_assert_cmpuint(rdp_encode_refine_due_us(encode), ==, 301000);
	g_rand_free(rand);
	rdp_encode_destroy(encode);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/rdp/first-picture/desktop", test_desktop);
	g_test_add_func("/rdp/first-picture/photograph", test_photograph);
	return g_test_run();
}
