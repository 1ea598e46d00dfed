/* The VNC front. Its viewer is either our own VNC back, which shows every pixel it was sent, or a script that behaves badly. */
#include "base/secret.h"
#include "gateway/session/banner.h"
#include "gateway/vnc/vnc_stream.h"
#include "gateway/vnc/vnc_tls.h"
#include "tests/unit/vnc/session_double.h"
#include "tests/unit/vnc/test_certificate.h"

#include <string.h>
#include <sys/socket.h>

#define RED 0xff0000u
#define GREEN 0x00ff00u
#define BLUE 0x0000ffu
/* The banner's ground and its letters. */
#define GROUND 0x8c2121u
#define WHITE 0xffffffu

static struct test_certificate certificate;

/** A front and its viewer, joined by a socket pair. */
struct desk {
	struct session *session; /**< the front's */
	struct session *seen;	 /**< what the viewer saw */
	struct session_start start;
	struct back_target granted;
	char password[32];
	int front_fd;
	enum end_reason viewer_reason;
	char *viewer_detail;
	GThread *front, *viewer;
};

static gpointer front_thread(gpointer data)
{
	struct desk *desk = data;

	vnc_front.run(desk->session, desk->front_fd, &desk->start);
	return NULL;
}

static gpointer viewer_thread(gpointer data)
{
	struct desk *desk = data;

	desk->viewer_reason = vnc_back.run(desk->seen, &desk->granted, &desk->viewer_detail);
	return NULL;
}

/* Starts the front; returns the viewer's end of the connection. */
static int desk_init(struct desk *desk)
{
	int pair[2];

	*desk = (struct desk){.session = double_create(), .seen = double_create()};
	desk->start = (struct session_start){.certificate_pem = certificate.certificate_pem,
					     .private_key_pem = certificate.key_pem,
					     .handshake_deadline_ms = 5000,
					     .max_width_px = 4096,
					     .max_height_px = 2160};
	double_allow(desk->session, "alice%web1", "geheim", "web1");
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
	desk->front_fd = pair[0];
	return pair[1];
}

static void front_start(struct desk *desk)
{
	desk->front = g_thread_new("front", front_thread, desk);
}

/* An honest viewer with this password. */
static void viewer_start(struct desk *desk, int fd, const char *password)
{
	g_strlcpy(desk->password, password, sizeof(desk->password));
	desk->granted = (struct back_target){.fd = fd,
					     .host = "127.0.0.1",
					     .security = TARGET_TLS_PINNED,
					     .certificate_sha256 = certificate.sha256,
					     .account = "alice%web1",
					     .password = desk->password};
	front_start(desk);
	desk->viewer = g_thread_new("viewer", viewer_thread, desk);
}

static void desk_open(struct desk *desk)
{
	int fd = desk_init(desk);

	viewer_start(desk, fd, "geheim");
	g_assert_true(double_saw(desk->session, "open 1280x800"));
	double_run(desk->session, 200, 150);
	g_assert_true(double_saw(desk->seen, "resize 200x150"));
}

static void desk_finish(struct desk *desk)
{
	g_thread_join(desk->front);
	if (desk->viewer != NULL)
		g_thread_join(desk->viewer);
	g_free(desk->viewer_detail);
	double_destroy(desk->session);
	double_destroy(desk->seen);
}

static void desk_close(struct desk *desk)
{
	struct back_command stop = {.kind = BACK_STOP};

	double_command(desk->seen, &stop);
	desk_finish(desk);
}

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

/* Words lie over the strip whatever is drawn beneath them, never travel with a copy, and leave the picture as it is when they go. */
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

/* Draws anything in any order; after each pause the viewer must have the very picture. The last pixel tells when it is complete. */
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
	g_assert_cmpuint(double_copies(desk.seen), >, 20);
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
	double_notify(desk.session, FRONT_CURSOR_MOVED);
	g_assert_true(double_saw(desk.seen, "pointer at 7,7"));
	desk_close(&desk);
}

static void test_refused(void)
{
	struct desk desk;
	int fd = desk_init(&desk);

	viewer_start(&desk, fd, "falsch");
	desk.viewer_detail = NULL;
	g_thread_join(g_steal_pointer(&desk.viewer));
	g_assert_cmpint(desk.viewer_reason, ==, END_TARGET_LOGIN);
	g_assert_cmpstr(desk.viewer_detail, ==,
			"the target says: Login refused: the name, the password or the target is "
			"not permitted.");
	g_assert_true(double_saw(desk.session, "login door=1 user=alice%web1 domain=\n"));
	g_assert_true(double_saw(desk.session, "end refused"));
	desk_finish(&desk);
}

static void test_target_away(void)
{
	struct desk desk;
	int fd = desk_init(&desk);

	viewer_start(&desk, fd, "geheim");
	g_assert_true(double_saw(desk.session, "open 1280x800"));
	session_end(desk.session, END_TARGET_UNREACHABLE, NULL);
	g_thread_join(g_steal_pointer(&desk.viewer));
	g_assert_cmpint(desk.viewer_reason, ==, END_TARGET_LOGIN);
	g_assert_nonnull(strstr(desk.viewer_detail, "The target does not answer."));
	desk_finish(&desk);
}

static void test_viewer_leaves(void)
{
	g_autofree char *story = NULL;
	struct back_command stop = {.kind = BACK_STOP};
	struct desk desk;

	desk_open(&desk);
	double_command(desk.seen, &stop);
	g_assert_true(double_saw(desk.session, "end viewer-left"));
	story = double_story(desk.session);
	g_assert_nonnull(strstr(story, "release\nend viewer-left")); /* keys go up before the end */
	desk_finish(&desk);

	int fd = desk_init(&desk);
	viewer_start(&desk, fd, "geheim"); /* and once more while the target is dialled */
	g_assert_true(double_saw(desk.session, "open 1280x800"));
	double_command(desk.seen, &stop);
	g_assert_true(double_saw(desk.session, "end viewer-left"));
	desk_finish(&desk);
}

static void test_terminated(void)
{
	gint64 start_us;
	struct desk desk;

	desk_open(&desk);
	start_us = g_get_monotonic_time();
	session_end(desk.session, END_TERMINATED, NULL);
	desk_finish(&desk);
	g_assert_cmpint(g_get_monotonic_time() - start_us, <, G_TIME_SPAN_SECOND);
	g_assert_cmpint(desk.viewer_reason, ==, END_TARGET_CLOSED);
}

/* ---- viewers that behave badly ---- */

static void say(struct vnc_stream *v, const void *bytes, size_t length)
{
	vnc_stream_write(v, bytes, length);
}

static void hear(struct vnc_stream *v, const void *expected, size_t length)
{
	char heard[64];

	g_assert_cmpuint(length, <=, sizeof(heard));
	g_assert_cmpint(vnc_stream_read(v, heard, length), ==, 0);
	g_assert_cmpmem(heard, length, expected, length);
}

static void greet(struct vnc_stream *v)
{
	hear(v, "RFB 003.008\n", 12);
	say(v, "RFB 003.008\n", 12);
	hear(v, "\x01\x13", 2); /* VeNCrypt and nothing else */
}

static void into_tls(struct vnc_stream *v)
{
	struct vnc_tls_identity identity = {"127.0.0.1", certificate.sha256, NULL};
	g_autofree char *detail = NULL;

	greet(v);
	say(v, "\x13", 1);
	hear(v, "\0\2", 2);
	say(v, "\0\2", 2);
	hear(v, "\0\1\0\0\1\6", 6); /* X509Plain and nothing else */
	say(v, "\0\0\1\6", 4);
	hear(v, "\1", 1);
	g_assert_cmpint(vnc_tls_connect(v, &identity, &detail), ==, 0);
}

static void refused_with_words(struct vnc_stream *v, const char *part)
{
	char words[512] = "";
	uint32_t length;

	g_assert_cmpint(vnc_stream_read_u32(v, &length), ==, 0);
	g_assert_cmpuint(length, <, sizeof(words));
	g_assert_cmpint(vnc_stream_read(v, words, length), ==, 0);
	g_assert_nonnull(strstr(words, part));
}

static void play_silent(struct vnc_stream *v)
{
	hear(v, "RFB 003.008\n", 12);
}

static void play_garbage(struct vnc_stream *v)
{
	say(v, "GET / HTTP/1.1\r\n\r\n", 18);
}

static void play_old(struct vnc_stream *v)
{
	hear(v, "RFB 003.008\n", 12);
	say(v, "RFB 003.003\n", 12);
	hear(v, "\0\0\0\0", 4);
	refused_with_words(v, "X509Plain");
}

static void play_none(struct vnc_stream *v)
{
	greet(v);
	say(v, "\x01", 1);
	hear(v, "\0\0\0\1", 4);
	refused_with_words(v, "X509Plain");
}

static void play_vnc_auth(struct vnc_stream *v)
{
	greet(v);
	say(v, "\x02", 1);
	hear(v, "\0\0\0\1", 4);
}

static void play_subtype(struct vnc_stream *v)
{
	greet(v);
	say(v, "\x13", 1);
	hear(v, "\0\2", 2);
	say(v, "\0\2", 2);
	hear(v, "\0\1\0\0\1\6", 6);
	say(v, "\0\0\1\0", 4); /* 256, Plain without TLS */
	hear(v, "\0", 1);
}

static void play_no_tls(struct vnc_stream *v)
{
	greet(v);
	say(v, "\x13\0\2\0\0\1\6this is no TLS at all", 29);
}

static void play_long_name(struct vnc_stream *v)
{
	into_tls(v);
	say(v, "\x7f\xff\xff\xff\0\0\0\1", 8);
}

static void play_no_utf8(struct vnc_stream *v)
{
	into_tls(v);
	say(v,
	    "\0\0\0\2\0\0\0\1\xff\xfe"
	    "x",
	    11);
}

static void play_half_name(struct vnc_stream *v)
{
	into_tls(v);
	say(v, "\0\0\0\x0a\0\0\0\1ali", 11);
}

static void test_bad_viewers(void)
{
	static const struct {
		void (*play)(struct vnc_stream *);
		const char *end;
		bool hang_up;
	} rows[] = {
		{play_silent, "end deadline", false},
		{play_half_name, "end deadline", false},
		{play_silent, "end viewer-left", true},
		{play_half_name, "end viewer-left", true},
		{play_garbage, "end viewer-protocol", false},
		{play_old, "end viewer-protocol", false},
		{play_none, "end viewer-protocol", false},
		{play_vnc_auth, "end viewer-protocol", false},
		{play_subtype, "end viewer-protocol", false},
		{play_no_tls, "end viewer-protocol", false},
		{play_long_name, "end viewer-protocol", false},
		{play_no_utf8, "end viewer-protocol", false},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *story = NULL;
		struct vnc_stream viewer;
		struct desk desk;

		vnc_stream_init(&viewer, desk_init(&desk), 5000);
		desk.start.handshake_deadline_ms = 300;
		front_start(&desk);
		rows[i].play(&viewer);
		if (rows[i].hang_up)
			vnc_stream_finish(&viewer);
		g_thread_join(g_steal_pointer(&desk.front));
		story = double_story(desk.session);
		if (!g_str_has_prefix(story, rows[i].end))
			g_error("row %u: %s", i, story);
		if (!rows[i].hang_up)
			vnc_stream_finish(&viewer);
		double_destroy(desk.session);
		double_destroy(desk.seen);
	}
}

/* Gets in by hand, asks for the whole picture for ever and reads none of it. */
static void test_viewer_that_does_not_read(void)
{
	gint64 start_us;
	struct vnc_stream viewer;
	struct desk desk;

	vnc_stream_init(&viewer, desk_init(&desk), 5000);
	front_start(&desk);
	into_tls(&viewer);
	say(&viewer, "\0\0\0\x0a\0\0\0\6alice%web1geheim", 24);
	g_assert_true(double_saw(desk.session, "open 1280x800"));
	double_run(desk.session, 1920, 1080);
	hear(&viewer, "\0\0\0\0", 4);
	say(&viewer, "\1", 1);
	for (unsigned i = 0; i < 8; i++)
		say(&viewer, "\3\0\0\0\0\0\7\x80\4\x38", 10);
	say(&viewer, "\4\1\0\0\0\0\0\x61", 8);
	g_assert_true(double_saw(
		desk.session, "key down 61")); /* 66 MB of pictures do not stand before the key */
	start_us = g_get_monotonic_time();
	session_end(desk.session, END_TERMINATED, NULL);
	g_thread_join(g_steal_pointer(&desk.front));
	g_assert_cmpint(g_get_monotonic_time() - start_us, <, G_TIME_SPAN_SECOND);
	vnc_stream_finish(&viewer);
	double_destroy(desk.session);
	double_destroy(desk.seen);
}

/* A viewer that is in and then says nonsense. */
static void test_viewer_breaks_protocol(void)
{
	struct vnc_stream viewer;
	struct desk desk;

	vnc_stream_init(&viewer, desk_init(&desk), 5000);
	front_start(&desk);
	into_tls(&viewer);
	say(&viewer, "\0\0\0\x0a\0\0\0\6alice%web1geheim", 24);
	g_assert_true(double_saw(desk.session, "open 1280x800"));
	double_run(desk.session, 640, 480);
	hear(&viewer, "\0\0\0\0", 4);
	say(&viewer, "\1\xee\xee\xee\xee", 5);
	g_assert_true(double_saw(desk.session, "end viewer-protocol"));
	g_thread_join(g_steal_pointer(&desk.front));
	vnc_stream_finish(&viewer);
	double_destroy(desk.session);
	double_destroy(desk.seen);
}

int main(int argc, char **argv)
{
	int result;

	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(secret_init(), ==, 0);
	g_assert_cmpint(vnc_front.prepare(), ==, 0);
	g_assert_cmpint(vnc_back.prepare(), ==, 0);
	test_certificate_init(&certificate);
	g_test_add_func("/vnc-front/picture", test_picture);
	g_test_add_func("/vnc-front/notice", test_notice);
	g_test_add_func("/vnc-front/notice-and-resize", test_notice_and_resize);
	g_test_add_func("/vnc-front/any-order", test_any_order);
	g_test_add_func("/vnc-front/resize", test_resize);
	g_test_add_func("/vnc-front/input", test_input);
	g_test_add_func("/vnc-front/cursor", test_cursor);
	g_test_add_func("/vnc-front/refused", test_refused);
	g_test_add_func("/vnc-front/target-away", test_target_away);
	g_test_add_func("/vnc-front/viewer-leaves", test_viewer_leaves);
	g_test_add_func("/vnc-front/terminated", test_terminated);
	g_test_add_func("/vnc-front/bad-viewers", test_bad_viewers);
	g_test_add_func("/vnc-front/viewer-that-does-not-read", test_viewer_that_does_not_read);
	g_test_add_func("/vnc-front/viewer-breaks-protocol", test_viewer_breaks_protocol);
	result = g_test_run();
	test_certificate_finish(&certificate);
	return result;
}
