/* Parts of pictures: the few pixels that FreeRDP's planar encoder gives up on, and what a
 * viewer asks for anew. */
#include "base/secret.h"
#include "gateway/rdp/rdp_glue.h"
#include "tests/support/patience.h"
#include "tests/unit/rdp/front_host.h"
#include "tests/unit/rdp/host_process.h"

static struct front_client *connect_to(struct host *host, enum client_graphics graphics)
{
	struct front_client_options options = host_viewer(host);
	uint32_t error = 0;

	options.graphics = graphics;
	struct front_client *client = front_client_connect(&options, &error);
	g_assert_nonnull(client);
	g_assert_true(front_client_shows(client, 800, 600, 0, 0, PATIENCE_MS));
	return client;
}

struct part {
	const struct rect *rect;
	uint32_t seed;
};

static bool shows_part(struct front_client *client, const struct rect *r, uint32_t seed)
{
	for (uint32_t y = r->y; y < r->y + r->height; y++)
		for (uint32_t x = r->x; x < r->x + r->width; x++)
			if (front_client_pixel(client, x, y) != front_host_pixel(x, y, seed))
				return false;
	return true;
}

static bool shows_the_part(struct front_client *client, const void *data)
{
	const struct part *part = data;

	return shows_part(client, part->rect, part->seed);
}

static void expect_part(struct front_client *client, const struct rect *r, uint32_t seed)
{
	g_assert_true(front_client_until(client, shows_the_part, &(struct part){r, seed}));
}

/* Without graphics at 32 bits: raw where planar has no answer, and nothing around it touched. */
static void test_tiny(void)
{
	struct host *host = host_start("");
	struct front_client *client = connect_to(host, CLIENT_BITMAPS);
	uint32_t seed = 20;

	for (uint32_t height = 1; height <= 5; height += 2)
		for (uint32_t width = 1; width <= 5; width++, seed++) {
			const struct rect r = {40 * width + 3, 50 * height + 1, width, height};
			const struct rect above = {r.x - 1, r.y - 1, width + 2, 1};
			g_autofree char *order = g_strdup_printf("rect %u %u %u %u %u", r.x, r.y,
								 r.width, r.height, seed);
			host_obey(host, order);
			expect_part(client, &r, seed);
			g_assert_true(shows_part(client, &above, 0));
		}
	front_client_close(client);
	host_close(host);
}

/* A viewer that lost a part of its picture gets that part, and no more. */
static void check_refresh(enum client_graphics graphics)
{
	struct host *host = host_start("");
	struct front_client *client = connect_to(host, graphics);
	const struct rect lost = {64, 64, 192, 128}, elsewhere = {512, 384, 8, 8};

	front_client_spoil(client);
	g_assert_false(shows_part(client, &lost, 0));
	front_client_refresh(client, &lost);
	expect_part(client, &lost, 0);
	g_assert_false(shows_part(client, &elsewhere, 0));
	front_client_refresh(client, &(struct rect){0, 0, 800, 600});
	g_assert_true(front_client_shows(client, 800, 600, 0, 0, PATIENCE_MS));
	front_client_close(client);
	host_close(host);
}

static void test_refresh(void)
{
	check_refresh(CLIENT_GFX);
	check_refresh(CLIENT_BITMAPS);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(secret_init(), ==, 0);
	g_assert_cmpint(rdp_glue_prepare(), ==, 0);
	g_assert_cmpint(argc, ==, 2);
	host_use(argv[1]);
	g_test_add_func("/rdp/front/repaint/tiny", test_tiny);
	g_test_add_func("/rdp/front/repaint/refresh", test_refresh);
	return g_test_run();
}
