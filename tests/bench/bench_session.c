/* What the session core costs per frame: painting a full-HD picture that changed wholly, not at
 * all, or in one spot, a scroll, and bringing a front's shadow up to date. Prints microseconds and,
 * for comparison, a memcpy of the same picture on this machine. */
#include "base/log.h"
#include "tests/support/session_desk.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

#define WIDTH 1920u
#define HEIGHT 1080u
#define ROUNDS 200u

struct timing {
	gint64 paint_us[ROUNDS], take_us[ROUNDS];
};

static int compare(const void *a, const void *b)
{
	const gint64 *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static gint64 median(gint64 *values)
{
	qsort(values, ROUNDS, sizeof values[0], compare);
	return values[ROUNDS / 2];
}

static void take(struct desk *d, gint64 *ret_us)
{
	struct picture_update update;
	gint64 start_us = g_get_monotonic_time();

	picture_update_init(&update);
	int result = session_take_picture(d->session, d->shadow, &update);
	*ret_us = g_get_monotonic_time() - start_us;
	g_assert_true(result == 0 || result == -EAGAIN);
	picture_update_finish(&update);
}

/* Changes `part` of the picture and announces all of it, as backs without good damage do. */
static void measure_paint(struct desk *d, uint32_t *picture, const char *name,
			  const struct rect *part)
{
	const struct rect whole = {0, 0, WIDTH, HEIGHT};
	g_autofree struct timing *t = g_new(struct timing, 1);

	for (unsigned i = 0; i < ROUNDS; i++) {
		for (uint32_t y = part->y; y < part->y + part->height; y++)
			for (uint32_t x = part->x; x < part->x + part->width; x++)
				picture[y * WIDTH + x] += 0x010101;
		gint64 start_us = g_get_monotonic_time();
		session_paint(d->session, (const uint8_t *)picture, WIDTH * 4, &whole, 1);
		session_frame(d->session);
		t->paint_us[i] = g_get_monotonic_time() - start_us;
		take(d, &t->take_us[i]);
	}
	printf("%-28s paint %6" G_GINT64_FORMAT " us   take %6" G_GINT64_FORMAT " us\n", name,
	       median(t->paint_us), median(t->take_us));
}

static void measure_scroll(struct desk *d)
{
	const struct rect to = {0, 0, WIDTH, HEIGHT - 20};
	g_autofree struct timing *t = g_new(struct timing, 1);

	for (unsigned i = 0; i < ROUNDS; i++) {
		gint64 start_us = g_get_monotonic_time();
		session_copy(d->session, &to, 0, 20);
		session_frame(d->session);
		t->paint_us[i] = g_get_monotonic_time() - start_us;
		take(d, &t->take_us[i]);
	}
	printf("%-28s copy  %6" G_GINT64_FORMAT " us   take %6" G_GINT64_FORMAT " us\n",
	       "scrolled by 20 rows", median(t->paint_us), median(t->take_us));
}

static void measure_memcpy(uint32_t *picture)
{
	g_autofree uint32_t *copy = g_malloc(WIDTH * HEIGHT * 4);
	g_autofree struct timing *t = g_new(struct timing, 1);

	for (unsigned i = 0; i < ROUNDS; i++) {
		gint64 start_us = g_get_monotonic_time();
		memcpy(copy, picture, WIDTH * HEIGHT * 4);
		t->paint_us[i] = g_get_monotonic_time() - start_us;
		picture[i] ^= copy[i + 1];
	}
	printf("%-28s       %6" G_GINT64_FORMAT " us\n", "memcpy of the picture",
	       median(t->paint_us));
}

int main(void)
{
	struct fake_gateway_settings settings = fake_gateway_defaults();
	const struct rect whole = {0, 0, WIDTH, HEIGHT}, spot = {900, 500, 10, 18}, nothing = {0};
	g_autofree uint32_t *picture = g_malloc(WIDTH * HEIGHT * 4);

	log_init("bench_session", false);
	struct desk d = desk_open(&settings, WIDTH, HEIGHT);
	memcpy(picture, d.shadow->pixels, WIDTH * HEIGHT * 4);
	measure_memcpy(picture);
	measure_paint(&d, picture, "all changed", &whole);
	measure_paint(&d, picture, "nothing changed", &nothing);
	measure_paint(&d, picture, "one letter changed", &spot);
	measure_scroll(&d);
	desk_close(&d);
	return 0;
}
