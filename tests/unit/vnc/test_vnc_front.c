/* The VNC front under an honest viewer: our own VNC back, which shows every pixel it was sent. */
#include "base/secret.h"
#include "gateway/session/banner.h"
#include "tests/unit/vnc/viewer_desk.h"

/* The banner's ground and its letters. */
#define GROUND 0x8c2121u
#define WHITE 0xffffffu

static void test_picture(void)
{
	struct rect to = {100, 100, 20, 20};
	struct desk desk;

	desk_open(&desk);
	double_fill(desk.session, (struct rect){0, 0, 200, 150}, RED);
	double_fill(desk.session, (struct rect){10, 10, 20, 20}, GREEN);
	double_frame(desk.session);
	g_assert_true(double_shows(desk.seen, 29, 29, GREEN));
	g_assert_true(double_shows(desk.seen, 199, 149, RED));
	session_copy(desk.session, &to, 10, 10);
	double_fill(desk.session, (struct rect){10, 10, 20, 20}, BLUE);
	double_frame(desk.session);
	g_assert_true(double_shows(desk.seen, 10, 10, BLUE));
	g_assert_true(double_shows(desk.seen, 119, 119, GREEN));
	g_assert_true(double_same(desk.session, desk.seen));
	g_assert_true(
		double_saw(desk.seen, "copy 20x20 10,10 -> 100,100")); /* a copy stays a copy */
	desk_close(&desk);
}

/* Everything that was drawn so far has arrived when this pixel has. */
static void wait_shown(struct desk *desk, uint32_t marker)
{
	double_fill(desk->session, (struct rect){199, 149, 1, 1}, marker);
	double_frame(desk->session);
	g_assert_true(double_shows(desk->seen, 199, 149, marker));
}

static unsigned count(struct session *session, uint32_t first_y, uint32_t last_y, uint32_t bgrx)
{
	unsigned n = 0;

	for (uint32_t y = first_y; y < last_y; y++)
		for (uint32_t x = 0; x < 199; x++)
			n += double_pixel(session, x, y) == bgrx;
	return n;
}

/* Words lie over the strip whatever is drawn beneath them, never travel with a copy, and leave the
 * picture as it is when they go. */
static void test_notice(void)
{
	struct rect out = {20, 60, 60, 30}, in = {0, 10, 60, 30};
	struct desk desk;

	desk_open(&desk);
	double_fill(desk.session, (struct rect){0, 0, 200, 150}, RED);
	wait_shown(&desk, 1);
	g_assert_cmpuint(count(desk.seen, 0, BANNER_HEIGHT_PX, RED), ==, 199 * BANNER_HEIGHT_PX);
	double_notice(desk.session, "Recording is interrupted.");
	g_assert_true(double_shows(desk.seen, 0, 0, GROUND)); /* without a new picture */
	wait_shown(&desk, 2);
	g_assert_cmpuint(count(desk.seen, 0, BANNER_HEIGHT_PX, RED), ==, 0);
	g_assert_cmpuint(count(desk.seen, 0, BANNER_HEIGHT_PX, WHITE), >, 50);
	g_assert_cmpuint(count(desk.seen, BANNER_HEIGHT_PX, 149, RED), ==,
			 199 * (149 - BANNER_HEIGHT_PX));
	double_fill(desk.session, (struct rect){0, 0, 200, 20}, GREEN);
	session_copy(desk.session, &out, 0, 0);
	wait_shown(&desk, 3);
	g_assert_cmpuint(count(desk.seen, 0, BANNER_HEIGHT_PX, GREEN), ==, 0);
	g_assert_cmpuint(count(desk.seen, BANNER_HEIGHT_PX, 149, GREEN), ==, 60 * 20);
	session_copy(desk.session, &in, 20, 60);
	wait_shown(&desk, 4);
	g_assert_cmpuint(count(desk.seen, 0, BANNER_HEIGHT_PX, GREEN), ==, 0);
	double_notice(desk.session, NULL);
	g_assert_true(double_shows(desk.seen, 0, 0, GREEN));
	wait_shown(&desk, 5);
	g_assert_true(double_same(desk.session, desk.seen));
	desk_close(&desk);
}

/* Words come before the desktop changes its size and go after it. */
static void test_notice_and_resize(void)
{
	struct desk desk;

	desk_open(&desk);
	double_notice(desk.session, "Maintenance at noon.");
	g_assert_true(double_shows(desk.seen, 0, 0, GROUND));
	double_run(desk.session, 333, 111);
	double_fill(desk.session, (struct rect){0, 0, 333, 111}, BLUE);
	double_frame(desk.session);
	g_assert_true(double_shows(desk.seen, 332, 110, BLUE));
	g_assert_true(double_shows(desk.seen, 332, 0, GROUND));
	double_notice(desk.session, NULL);
	g_assert_true(double_shows(desk.seen, 332, 0, BLUE));
	double_fill(desk.session, (struct rect){332, 110, 1, 1}, GREEN);
	double_frame(desk.session);
	g_assert_true(double_shows(desk.seen, 332, 110, GREEN));
	g_assert_true(double_same(desk.session, desk.seen));
	desk_close(&desk);
}

/* Draws anything in any order; after each pause the viewer must have the very picture. The last
 * pixel tells when it is complete. */
static void test_any_order(void)
{
	g_autoptr(GRand) dice = g_rand_new_with_seed(7);
	struct desk desk;

	desk_open(&desk);
	for (uint32_t round = 1; round <= 60; round++) {
		if (g_rand_int_range(dice, 0, 3) == 0)
			double_notice(desk.session, "Words over the picture");
		for (unsigned i = 0; i < 12; i++) {
			struct rect r = {(uint32_t)g_rand_int_range(dice, 0, 150),
					 (uint32_t)g_rand_int_range(dice, 0, 100),
					 (uint32_t)g_rand_int_range(dice, 1, 49),
					 (uint32_t)g_rand_int_range(dice, 1, 49)};

			if (g_rand_boolean(dice))
				double_fill(desk.session, r, (uint32_t)g_rand_int(dice) & 0xffffff);
			else
				session_copy(desk.session, &r,
					     (uint32_t)g_rand_int_range(dice, 0, 150),
					     (uint32_t)g_rand_int_range(dice, 0, 100));
			if (g_rand_int_range(dice, 0, 4) == 0)
				double_frame(desk.session);
		}
		double_notice(desk.session, NULL);
		/* A picture that was being taken just then may have this marker and the words. */
		wait_shown(&desk, 0x010000 + round);
		wait_shown(&desk, round);
		g_assert_true(double_same(desk.session, desk.seen));
	}
	g_assert_cmpuint(double_counts(desk.seen).copies, >, 20);
	desk_close(&desk);
}

static void test_resize(void)
{
	struct desk desk;

	desk_open(&desk);
	double_run(desk.session, 333, 111);
	double_fill(desk.session, (struct rect){330, 100, 3, 11}, GREEN);
	double_frame(desk.session);
	g_assert_true(double_saw(desk.seen, "resize 333x111"));
	g_assert_true(double_shows(desk.seen, 332, 110, GREEN));
	g_assert_true(double_same(desk.session, desk.seen));
	desk_close(&desk);
}

static void test_input(void)
{
	struct back_command key = {.kind = BACK_KEY,
				   .key = {KEY_KEYSYM, 0x20ac, KEY_PREFIX_NONE, true}};
	struct back_command pointer = {.kind = BACK_POINTER,
				       .pointer = {5, 6, POINTER_LEFT | POINTER_X1, -120, 120}};
	struct back_command size = {.kind = BACK_SIZE, .size = {5000, 600}};
	struct back_command clipboard = {.kind = BACK_CLIPBOARD};
	struct desk desk;

	desk_open(&desk);
	clipboard.clipboard = g_strdup("grün\nblau");
	double_command(desk.seen, &key);
	double_command(desk.seen, &pointer);
	double_command(desk.seen, &clipboard);
	g_assert_true(double_saw(desk.session, "key down 20ac"));
	g_assert_true(double_saw(desk.session, "pointer 5,6 buttons=9 wheel=0,0"));
	g_assert_true(double_saw(desk.session, "pointer 5,6 buttons=9 wheel=-120,0"));
	g_assert_true(double_saw(desk.session, "pointer 5,6 buttons=9 wheel=0,120"));
	g_assert_true(double_saw(desk.session, "viewer clipboard grün\nblau"));
	session_target_clipboard(desk.session, "vom Ziel: ü");
	double_notify(desk.session, FRONT_CLIPBOARD);
	g_assert_true(double_saw(desk.seen, "target clipboard vom Ziel: ü"));
	/* The viewer's first ExtendedDesktopSize must be in before it can ask for another one. */
	double_fill(desk.session, (struct rect){0, 0, 1, 1}, GREEN);
	double_frame(desk.session);
	g_assert_true(double_shows(desk.seen, 0, 0, GREEN));
	double_command(desk.seen, &size);
	g_assert_true(double_saw(desk.session, "size 4096x600"));
	desk_close(&desk);
}

static void test_cursor(void)
{
	uint8_t bgra[4 * 6] = {1, 2, 3, 255, 4, 5, 6, 255, 7, 8, 9, 10,
			       0, 0, 0, 0,   9, 9, 9, 255, 1, 1, 1, 200};
	struct cursor_shape shape = {3, 2, 2, 1, bgra}, seen;
	struct desk desk;

	desk_open(&desk);
	session_set_cursor(desk.session, &shape);
	double_notify(desk.session, FRONT_CURSOR_SHAPE);
	g_assert_true(double_saw(desk.seen, "cursor 3x2 hot 2,1"));
	g_assert_true(session_get_cursor(desk.seen, &seen));
	g_assert_cmpmem(seen.bgra, 8, bgra, 8);
	g_assert_cmpuint(seen.bgra[2 * 4 + 3], ==, 0); /* RFB's mask has one bit */
	g_assert_cmpuint(seen.bgra[5 * 4 + 3], ==, 255);
	g_free(seen.bgra);
	session_set_pointer(desk.session, 7, 7, true);
	double_notify(desk.session, FRONT_CURSOR_MOVED);
	g_assert_true(double_saw(desk.seen, "pointer at 7,7"));
	desk_close(&desk);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(secret_init(), ==, 0);
	g_assert_cmpint(vnc_front.prepare(), ==, 0);
	g_assert_cmpint(vnc_back.prepare(), ==, 0);
	g_test_add_func("/vnc-front/picture", test_picture);
	g_test_add_func("/vnc-front/notice", test_notice);
	g_test_add_func("/vnc-front/notice-and-resize", test_notice_and_resize);
	g_test_add_func("/vnc-front/any-order", test_any_order);
	g_test_add_func("/vnc-front/resize", test_resize);
	g_test_add_func("/vnc-front/input", test_input);
	g_test_add_func("/vnc-front/cursor", test_cursor);
	return g_test_run();
}
