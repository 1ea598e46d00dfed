/* What a front is told, against a plain model: random operations, takes at random moments,
 * compared pixel by pixel. */
#include "base/log.h"
#include "tests/support/session_desk.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#define WIDTH 330u
#define HEIGHT 210u
#define ROUNDS 3000u

/* The model is the back's private picture; `viewer` does only what updates say. */
struct model {
	uint32_t pixels[WIDTH * HEIGHT], viewer[WIDTH * HEIGHT];
};

static struct rect random_rect(GRand *rand, uint32_t max_px)
{
	struct rect r = {(uint32_t)g_rand_int_range(rand, 0, WIDTH),
			 (uint32_t)g_rand_int_range(rand, 0, HEIGHT),
			 (uint32_t)g_rand_int_range(rand, 1, (gint32)max_px),
			 (uint32_t)g_rand_int_range(rand, 1, (gint32)max_px)};

	rect_clip(&r, WIDTH, HEIGHT);
	return r;
}

static void do_paint(struct session *s, struct model *m, GRand *rand)
{
	struct rect r = random_rect(rand, 150);
	uint32_t seed = g_rand_int(rand);

	/* Mostly a small part changes inside a larger rectangle that is announced. */
	struct rect changed = g_rand_int_range(rand, 0, 3) == 0 ? r : random_rect(rand, 20);
	for (uint32_t y = changed.y; y < changed.y + changed.height; y++)
		for (uint32_t x = changed.x; x < changed.x + changed.width; x++)
			m->pixels[y * WIDTH + x] = fake_pattern(seed, x, y);
	const struct rect rects[] = {r, changed};
	session_paint(s, (const uint8_t *)m->pixels, WIDTH * 4, rects, 2);
}

static void do_fill(struct session *s, struct model *m, GRand *rand)
{
	struct rect r = random_rect(rand, 120);
	uint32_t colour = (uint32_t)g_rand_int_range(rand, 0, 3);

	for (uint32_t y = r.y; y < r.y + r.height; y++)
		for (uint32_t x = r.x; x < r.x + r.width; x++)
			m->pixels[y * WIDTH + x] = colour;
	session_fill(s, &r, colour);
}

/* Written without pixels_move on purpose. */
static void move(uint32_t *pixels, const struct rect *to, uint32_t from_x, uint32_t from_y)
{
	g_autofree uint32_t *before = g_memdup2(pixels, WIDTH * HEIGHT * 4);

	for (uint32_t y = 0; y < to->height; y++)
		for (uint32_t x = 0; x < to->width; x++)
			pixels[(to->y + y) * WIDTH + to->x + x] =
				before[(from_y + y) * WIDTH + from_x + x];
}

static void do_copy(struct session *s, struct model *m, GRand *rand)
{
	struct rect to = random_rect(rand, 200);
	uint32_t from_x = (uint32_t)g_rand_int_range(rand, 0, (gint32)(WIDTH - to.width) + 1);
	uint32_t from_y = (uint32_t)g_rand_int_range(rand, 0, (gint32)(HEIGHT - to.height) + 1);

	move(m->pixels, &to, from_x, from_y);
	session_copy(s, &to, from_x, from_y);
}

static void replay(struct model *m, const struct picture_update *u, const struct shadow *shadow)
{
	int n;
	const pixman_box32_t *boxes =
		pixman_region32_rectangles((pixman_region32_t *)(uintptr_t)&u->painted, &n);

	for (unsigned i = 0; i < u->n_copies; i++)
		move(m->viewer, &u->copies[i].to, u->copies[i].from_x, u->copies[i].from_y);
	for (int i = 0; i < n; i++)
		for (int y = boxes[i].y1; y < boxes[i].y2; y++)
			memcpy(&m->viewer[y * (int)WIDTH + boxes[i].x1],
			       shadow->pixels + (size_t)y * shadow->stride_bytes +
				       (size_t)boxes[i].x1 * 4,
			       (size_t)(boxes[i].x2 - boxes[i].x1) * 4);
}

static void check(const struct model *m, const struct shadow *shadow, unsigned round)
{
	for (uint32_t y = 0; y < HEIGHT; y++) {
		const uint8_t *row = shadow->pixels + y * shadow->stride_bytes;
		if (memcmp(row, &m->pixels[y * WIDTH], WIDTH * 4) != 0)
			g_error("round %u: the shadow differs in row %u", round, y);
		if (memcmp(&m->viewer[y * WIDTH], &m->pixels[y * WIDTH], WIDTH * 4) != 0)
			g_error("round %u: the viewer differs in row %u", round, y);
	}
}

struct tally {
	unsigned takes, copies;
	uint64_t painted_px;
};

static void take_and_check(struct desk *d, struct model *m, struct tally *tally, unsigned round)
{
	struct picture_update update;
	int n;

	session_frame(d->session);
	picture_update_init(&update);
	int result = session_take_picture(d->session, d->shadow, &update);
	g_assert_true(result == 0 || result == -EAGAIN);
	if (result == 0) {
		replay(m, &update, d->shadow);
		const pixman_box32_t *boxes = pixman_region32_rectangles(&update.painted, &n);
		for (int i = 0; i < n; i++)
			tally->painted_px += (uint64_t)(boxes[i].x2 - boxes[i].x1) *
					     (uint64_t)(boxes[i].y2 - boxes[i].y1);
		tally->copies += update.n_copies;
		tally->takes++;
	}
	picture_update_finish(&update);
	check(m, d->shadow, round);
}

/* The back of this desk sleeps; the test calls in its place, as nothing in the core
 * asks which thread it is. */
static void test_against_model(gconstpointer take_every)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(7);
	struct fake_gateway_settings settings = fake_gateway_defaults();
	struct desk d = desk_open(&settings, WIDTH, HEIGHT);
	g_autofree struct model *m = g_new(struct model, 1);
	struct tally tally = {0};

	for (uint32_t i = 0; i < WIDTH * HEIGHT; i++)
		m->pixels[i] = m->viewer[i] = fake_pattern(1, i % WIDTH, i / WIDTH);
	for (unsigned round = 0; round < ROUNDS; round++) {
		int what = g_rand_int_range(rand, 0, 10);
		if (what < 5)
			do_copy(d.session, m, rand);
		else if (what < 9)
			do_paint(d.session, m, rand);
		else
			do_fill(d.session, m, rand);
		if (g_rand_int_range(rand, 0, GPOINTER_TO_INT(take_every)) == 0)
			take_and_check(&d, m, &tally, round);
	}
	take_and_check(&d, m, &tally, ROUNDS);
	g_test_message("%u takes, %u copies, %" G_GUINT64_FORMAT " px painted", tally.takes,
		       tally.copies, tally.painted_px);
	g_assert_cmpuint(tally.takes, >, 5);
	g_assert_true(fake_recorder_wait_picture(d.recorder, (const uint8_t *)m->pixels, WIDTH * 4,
						 WIDTH, HEIGHT));
	desk_close(&d);
}

/* Copies that do not overlap anything dirty must come through as copies and nothing else. */
static void test_scrolling_costs_little(void)
{
	struct fake_gateway_settings settings = fake_gateway_defaults();
	struct desk d = desk_open(&settings, WIDTH, HEIGHT);
	const struct rect to = {0, 0, WIDTH, HEIGHT - 10};
	struct picture_update update;

	for (unsigned i = 0; i < 5; i++)
		session_copy(d.session, &to, 0, 10);
	session_frame(d.session);
	picture_update_init(&update);
	g_assert_cmpint(session_take_picture(d.session, d.shadow, &update), ==, 0);
	g_assert_cmpuint(update.n_copies, ==, 5);
	g_assert_false(pixman_region32_not_empty(&update.painted));
	picture_update_finish(&update);
	desk_close(&d);
}

static void test_copies_outside_are_ignored(void)
{
	struct fake_gateway_settings settings = fake_gateway_defaults();
	struct desk d = desk_open(&settings, WIDTH, HEIGHT);
	const struct rect bad[] = {{WIDTH - 5, 0, 10, 10},
				   {0, HEIGHT, 1, 1},
				   {0, 0, 0, 5},
				   {UINT32_MAX, 0, 2, 2},
				   {0, 0, UINT32_MAX, UINT32_MAX}};
	const struct rect good = {0, 0, 10, 10};

	for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++)
		session_copy(d.session, &bad[i], 0, 0);
	session_copy(d.session, &good, WIDTH - 9, 0);
	session_copy(d.session, &good, UINT32_MAX - 5, 3);
	session_copy(d.session, &good, 0, 0);
	session_paint(d.session, d.shadow->pixels, d.shadow->stride_bytes, &bad[3], 1);
	session_fill(d.session, &bad[1], 0);
	session_repaint(d.session, &bad[1]);
	session_frame(d.session);
	g_assert_cmpuint(desk_take(&d), ==, 0);
	desk_close(&d);
}

/* A take in the middle of a frame waits for its end; a repaint brings what was asked for. */
static void test_frames_stay_whole(void)
{
	struct fake_gateway_settings settings = fake_gateway_defaults();
	struct desk d = desk_open(&settings, WIDTH, HEIGHT);
	const struct rect r = {10, 10, 20, 20};
	struct picture_update update;

	session_front_flags(d.session);
	session_fill(d.session, &r, 0x123456);
	picture_update_init(&update);
	g_assert_cmpint(session_take_picture(d.session, d.shadow, &update), ==, -EAGAIN);
	g_assert_cmpuint(session_front_flags(d.session) & FRONT_PICTURE, ==, 0);
	session_frame(d.session);
	g_assert_cmpuint(session_front_flags(d.session) & FRONT_PICTURE, ==, FRONT_PICTURE);
	g_assert_cmpint(session_take_picture(d.session, d.shadow, &update), ==, 0);
	session_repaint(d.session, &r);
	g_assert_cmpint(session_take_picture(d.session, d.shadow, &update), ==, 0);
	g_assert_cmpint(pixman_region32_extents(&update.painted)->x2, ==, 30);
	picture_update_finish(&update);
	desk_close(&d);
}

/* A target that has shown nothing yet costs the viewer no black picture; one that shows black
 * does. */
static void test_begins_with_the_target(void)
{
	struct fake_gateway_settings settings = fake_gateway_defaults();
	struct desk d = desk_create(&settings);
	const struct session_view view = {64, 48, 0x409};
	struct picture_update update;

	desk_login(&d);
	session_open_target(d.session, &view);
	desk_step(&d, (struct fake_step){FAKE_SIZE, .rect = {0, 0, 64, 48}});
	g_assert_true(desk_wait(&d, FRONT_RUNNING | FRONT_RESIZED));
	g_assert_cmpuint(desk_take(&d), ==, 0);
	desk_step(&d, (struct fake_step){FAKE_FRAME});
	g_assert_true(desk_wait(&d, FRONT_PICTURE));
	picture_update_init(&update);
	g_assert_cmpint(session_take_picture(d.session, d.shadow, &update), ==, 0);
	g_assert_cmpint(pixman_region32_extents(&update.painted)->x2, ==, 64);
	g_assert_cmpint(pixman_region32_extents(&update.painted)->y2, ==, 48);
	picture_update_finish(&update);
	desk_close(&d);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	log_init("test_picture", false);
	g_test_add_data_func("/picture/model/eager", GINT_TO_POINTER(2), test_against_model);
	g_test_add_data_func("/picture/model/usual", GINT_TO_POINTER(10), test_against_model);
	g_test_add_data_func("/picture/model/slow", GINT_TO_POINTER(200), test_against_model);
	g_test_add_func("/picture/scrolling", test_scrolling_costs_little);
	g_test_add_func("/picture/outside", test_copies_outside_are_ignored);
	g_test_add_func("/picture/frames", test_frames_stay_whole);
	g_test_add_func("/picture/begins", test_begins_with_the_target);
	return g_test_run();
}
