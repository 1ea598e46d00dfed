/* The session core between fakes: login, dial, picture, end, and what the gateway hears of it. */
#include "base/log.h"
#include "tests/support/session_desk.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

static struct broker_login make_login(const char *user, const char *password)
{
	return (struct broker_login){.door = DOOR_PASSWORD,
				     .user = (char *)(uintptr_t)user,
				     .password = (char *)(uintptr_t)password};
}

static void test_login_allowed(void)
{
	struct fake_gateway_settings settings = fake_gateway_defaults();
	settings.banner = "be good";
	settings.idle_limit_s = 600;
	struct desk d = desk_create(&settings);
	const struct broker_login login = make_login("alice", "secret");
	struct session_verdict verdict;

	session_login(d.session, &login, &verdict);
	g_assert_true(verdict.allowed);
	g_assert_cmpstr(verdict.user, ==, "alice");
	g_assert_cmpstr(verdict.target, ==, "web1");
	g_assert_cmpstr(verdict.back, ==, "vnc");
	g_assert_cmpstr(verdict.banner, ==, "be good");
	g_assert_cmpuint(verdict.idle_limit_s, ==, 600);
	session_verdict_clear(&verdict);
	/* Once only. */
	session_login(d.session, &login, &verdict);
	g_assert_false(verdict.allowed);
	desk_close(&d);
}

static enum end_reason refusal(const char *user, const char *password)
{
	struct fake_gateway_settings settings = fake_gateway_defaults();
	struct desk d = desk_create(&settings);
	const struct broker_login login = make_login(user, password);
	struct session_verdict verdict;

	session_login(d.session, &login, &verdict);
	g_assert_false(verdict.allowed);
	g_assert_null(verdict.user);
	desk_close(&d);
	return verdict.reason;
}

static void test_login_refused(void)
{
	g_autofree char *longer = g_strnfill(5000, 'x');

	g_assert_cmpint(refusal("alice", "wrong"), ==, END_REFUSED);
	g_assert_cmpint(refusal("bob", "secret"), ==, END_REFUSED);
	g_assert_cmpint(refusal(longer, "secret"), ==, END_REFUSED);
	g_assert_cmpint(refusal("ali\xff", "secret"), ==, END_REFUSED);
}

static void test_login_lost_gateway(void)
{
	struct fake_gateway_settings settings = fake_gateway_defaults();
	struct desk d = desk_create(&settings);
	const struct broker_login login = make_login("alice", "secret");
	struct session_verdict verdict;

	fake_gateway_hang_up(d.gateway);
	session_login(d.session, &login, &verdict);
	g_assert_false(verdict.allowed);
	g_assert_cmpint(verdict.reason, ==, END_UNAVAILABLE);
	g_assert_true(desk_wait(&d, FRONT_END));
	g_assert_cmpint(session_end_reason(d.session), ==, END_GATEWAY_STOPPED);
	desk_close(&d);
}

static void test_login_silence(void)
{
	struct fake_gateway_settings settings = fake_gateway_defaults();
	struct session_start start = {.session_id = "x", .handshake_deadline_ms = 30};
	settings.silent = true;
	struct fake_gateway *gateway = fake_gateway_create(&settings);
	struct session *session =
		session_create(fake_gateway_broker_fd(gateway), &start, fake_backs);
	const struct broker_login login = make_login("alice", "secret");
	const struct broker_nla_proof proof = {0};
	struct session_verdict verdict;
	uint8_t key[16];

	session_login(session, &login, &verdict);
	g_assert_false(verdict.allowed);
	g_assert_cmpint(verdict.reason, ==, END_UNAVAILABLE);
	g_assert_false(session_nla_proof(session, &proof, key));
	session_end(session, END_DEADLINE, "no login");
	session_destroy(session);
	g_assert_cmpint(fake_gateway_wait_ended(gateway, NULL), ==, END_DEADLINE);
	fake_gateway_destroy(gateway);
}

static void test_nla(void)
{
	static const uint8_t granted[16] = "0123456789abcde";
	const struct broker_nla_proof proof = {.user = (char *)(uintptr_t) "alice"};
	uint8_t key[16] = {0};

	for (unsigned with_ticket = 0; with_ticket < 2; with_ticket++) {
		struct fake_gateway_settings settings = fake_gateway_defaults();
		settings.ntowfv2 = with_ticket ? granted : NULL;
		struct desk d = desk_create(&settings);
		g_assert_true(session_nla_proof(d.session, &proof, key) == (with_ticket == 1));
		desk_close(&d);
	}
	g_assert_cmpmem(key, 16, granted, 16);
}

static bool shows_seed(const struct desk *d, uint32_t seed)
{
	for (uint32_t y = 0; y < d->shadow->height; y++) {
		const uint32_t *row =
			(const void *)(d->shadow->pixels + y * d->shadow->stride_bytes);
		for (uint32_t x = 0; x < d->shadow->width; x++)
			if (row[x] != fake_pattern(seed, x, y))
				return false;
	}
	return true;
}

static void test_picture(void)
{
	struct fake_gateway_settings settings = fake_gateway_defaults();
	struct desk d = desk_open(&settings, 333, 222);
	g_autofree char *user = NULL;
	g_autofree char *event = NULL;
	uint32_t door, width, height;

	g_assert_true(shows_seed(&d, 1));
	g_assert_true(fake_recorder_wait_picture(d.recorder, d.shadow->pixels,
						 d.shadow->stride_bytes, 333, 222));
	g_assert_true(fake_gateway_wait(d.gateway, BROKER_RUNNING));
	fake_gateway_asked(d.gateway, &user, &door, &width, &height);
	g_assert_cmpstr(user, ==, "alice");
	g_assert_cmpuint(width, ==, 333);
	g_assert_cmpuint(height, ==, 222);
	event = fake_recorder_wait_event(d.recorder, "\"size\"");
	g_assert_cmpstr(event, ==, "{\"type\":\"size\",\"width\":333,\"height\":222}");
	desk_close(&d);
}

/* What is painted again with the same pixels reaches nobody; one pixel reaches everybody,
 * and little around it. */
static void test_unchanged_is_dropped(void)
{
	struct fake_gateway_settings settings = fake_gateway_defaults();
	struct desk d = desk_open(&settings, 640, 480);
	const struct rect whole = {0, 0, 640, 480};
	struct picture_update update;

	g_assert_true(fake_recorder_wait_records(d.recorder, RING_FRAME, 1));
	desk_step(&d, (struct fake_step){FAKE_PAINT, .rect = whole, .seed = 1});
	desk_step(&d, (struct fake_step){FAKE_FRAME});
	g_assert_cmpuint(desk_take(&d), ==, 0);
	desk_step(&d, (struct fake_step){FAKE_FILL, .rect = {200, 100, 1, 1}, .seed = 0xabcdef});
	desk_step(&d, (struct fake_step){FAKE_PAINT, .rect = {201, 101, 1, 1}, .seed = 3});
	desk_step(&d, (struct fake_step){FAKE_FRAME});
	picture_update_init(&update);
	g_assert_cmpint(session_take_picture(d.session, d.shadow, &update), ==, 0);
	const pixman_box32_t *box = pixman_region32_extents(&update.painted);
	g_assert_cmpint(box->x1, ==, 200);
	g_assert_cmpint(box->y1, ==, 100);
	g_assert_cmpint(box->x2, ==, 202);
	g_assert_cmpint(box->y2, ==, 102);
	picture_update_finish(&update);
	g_assert_true(fake_recorder_wait_records(d.recorder, RING_FRAME, 2));
	g_assert_cmpuint(fake_recorder_records(d.recorder, RING_FRAME), ==, 2);
	desk_close(&d);
}

static void test_copy_stays_copy(void)
{
	struct fake_gateway_settings settings = fake_gateway_defaults();
	struct desk d = desk_open(&settings, 640, 480);
	struct picture_update update;

	desk_step(&d, (struct fake_step){FAKE_COPY, .rect = {0, 0, 640, 400}, .from_y = 80});
	desk_step(&d, (struct fake_step){FAKE_PAINT, .rect = {0, 400, 640, 80}, .seed = 9});
	desk_step(&d, (struct fake_step){FAKE_FRAME});
	picture_update_init(&update);
	g_assert_cmpint(session_take_picture(d.session, d.shadow, &update), ==, 0);
	g_assert_cmpuint(update.n_copies, ==, 1);
	g_assert_cmpuint(update.copies[0].from_y, ==, 80);
	g_assert_cmpint(pixman_region32_extents(&update.painted)->y1, ==, 400);
	picture_update_finish(&update);
	g_assert_true(fake_recorder_wait_records(d.recorder, RING_COPY, 1));
	g_assert_true(fake_recorder_wait_picture(d.recorder, d.shadow->pixels,
						 d.shadow->stride_bytes, 640, 480));
	desk_close(&d);
}

/* Target, viewer, gateway and recorder all at once; what is shown in the end is what was painted
 * last. */
static void test_all_at_once(void)
{
	struct fake_gateway_settings settings = fake_gateway_defaults();
	struct desk d = desk_open(&settings, 200, 150);
	const struct key_event key = {KEY_SCANCODE, 0x1e, KEY_PREFIX_NONE, true};

	for (unsigned i = 0; i < 30; i++) {
		const struct rect whole = {0, 0, 200 + i % 3, 150};
		const struct fake_step steps[] = {
			{FAKE_SIZE, .rect = whole},
			{FAKE_PAINT, .rect = whole, .seed = i},
			{FAKE_COPY, .rect = {0, 0, 100, 100}, .from_x = 50},
			{FAKE_CURSOR, .rect = {0, 0, 8, 8}, .seed = i},
			{FAKE_PAINT, .rect = whole, .seed = i},
			{FAKE_FRAME}};
		for (unsigned n = 0; n < G_N_ELEMENTS(steps); n++) {
			const struct pointer_event motion = {.x = (int32_t)i, .y = (int32_t)n};
			g_assert_true(fake_target_start(d.target, &steps[n]));
			session_pointer(d.session, &motion);
			session_key(d.session, &key);
			desk_take(&d);
		}
		for (unsigned n = 0; n < G_N_ELEMENTS(steps); n++)
			g_assert_true(fake_target_finish(d.target));
		fake_gateway_message(d.gateway, "busy");
	}
	desk_take(&d);
	g_assert_cmpuint(d.shadow->width, ==, 202);
	g_assert_true(shows_seed(&d, 29));
	g_assert_true(fake_recorder_wait_picture(d.recorder, d.shadow->pixels,
						 d.shadow->stride_bytes, 202, 150));
	desk_close(&d);
}

static void test_resize(void)
{
	struct fake_gateway_settings settings = fake_gateway_defaults();
	struct desk d = desk_open(&settings, 640, 480);
	uint32_t width, height;

	desk_step(&d, (struct fake_step){FAKE_SIZE, .rect = {0, 0, 800, 600}});
	g_assert_true(desk_wait(&d, FRONT_RESIZED | FRONT_PICTURE));
	session_size(d.session, &width, &height);
	g_assert_cmpuint(width, ==, 800);
	g_assert_cmpuint(height, ==, 600);
	desk_step(&d, (struct fake_step){FAKE_PAINT, .rect = {0, 0, 800, 600}, .seed = 5});
	desk_step(&d, (struct fake_step){FAKE_FRAME});
	desk_take(&d);
	g_assert_cmpuint(d.shadow->width, ==, 800);
	g_assert_true(shows_seed(&d, 5));
	g_assert_true(fake_recorder_wait_picture(d.recorder, d.shadow->pixels,
						 d.shadow->stride_bytes, 800, 600));
	g_assert_cmpint(session_resize(d.session, 65535, 65535), ==, -EINVAL);
	desk_close(&d);
}

static void test_cursor_and_clipboard(void)
{
	struct fake_gateway_settings settings = fake_gateway_defaults();
	struct desk d = desk_open(&settings, 640, 480);
	struct cursor_shape shape;
	int32_t x, y;
	bool visible;

	g_assert_false(session_get_cursor(d.session, &shape));
	desk_step(&d,
		  (struct fake_step){FAKE_CURSOR, .rect = {0, 0, 16, 24}, .from_x = 3, .seed = 2});
	desk_step(&d, (struct fake_step){FAKE_POINTER, .rect = {77, 88, 0, 0}});
	desk_step(&d, (struct fake_step){FAKE_CLIPBOARD, .seed = 42});
	g_assert_true(desk_wait(&d, FRONT_CURSOR_SHAPE | FRONT_CURSOR_MOVED | FRONT_CLIPBOARD));
	g_assert_true(session_get_cursor(d.session, &shape));
	g_assert_cmpuint(shape.width, ==, 16);
	g_assert_cmpuint(shape.hot_x, ==, 3);
	g_assert_cmphex(((uint32_t *)(void *)shape.bgra)[17], ==,
			fake_pattern(2, 1, 1) | 0xff000000u);
	g_free(shape.bgra);
	session_get_pointer(d.session, &x, &y, &visible);
	g_assert_cmpint(x, ==, 77);
	g_autofree char *text = session_take_target_clipboard(d.session);
	g_assert_cmpstr(text, ==, "clip 42");
	g_assert_null(session_take_target_clipboard(d.session));
	g_autofree char *event = fake_recorder_wait_event(d.recorder, "clipboard");
	g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, "clip 42", -1);
	g_assert_nonnull(strstr(event, hash));
	g_assert_nonnull(strstr(event, "\"direction\":\"to-viewer\""));
	g_assert_nonnull(strstr(event, "\"bytes\":7"));
	g_assert_null(strstr(event, "clip 42"));
	g_assert_true(fake_recorder_wait_cursor(d.recorder, 77, 88));
	g_assert_cmpuint(fake_recorder_cursor_width(d.recorder), ==, 16);
	desk_close(&d);
}

static void test_terminate(void)
{
	struct fake_gateway_settings settings = fake_gateway_defaults();
	struct desk d = desk_open(&settings, 640, 480);
	struct back_command command;

	fake_gateway_terminate(d.gateway, END_TERMINATED, "Please call the desk.");
	g_assert_true(desk_wait(&d, FRONT_END));
	g_assert_cmpint(session_end_reason(d.session), ==, END_TERMINATED);
	g_autofree char *words = session_end_words(d.session);
	g_assert_cmpstr(words, ==, "Please call the desk.");
	g_assert_true(fake_target_input(d.target, &command));
	g_assert_cmpint(command.kind, ==, BACK_STOP);
	session_end(d.session, END_IDLE, "later");
	session_destroy(d.session);
	g_assert_cmpint(fake_gateway_wait_ended(d.gateway, NULL), ==, END_TERMINATED);
	fake_gateway_destroy(d.gateway);
	fake_target_destroy(d.target);
	shadow_destroy(d.shadow);
}

static void test_message(void)
{
	struct fake_gateway_settings settings = fake_gateway_defaults();
	struct desk d = desk_open(&settings, 640, 480);

	g_assert_null(session_notice(d.session));
	fake_gateway_message(d.gateway, "Maintenance at noon.");
	g_assert_true(desk_wait(&d, FRONT_NOTICE));
	g_autofree char *notice = session_notice(d.session);
	g_assert_cmpstr(notice, ==, "Maintenance at noon.");
	desk_close(&d);
}

static void test_banner_is_a_notice(void)
{
	struct fake_gateway_settings settings = fake_gateway_defaults();
	settings.banner = "This session is recorded.";
	struct desk d = desk_open(&settings, 640, 480);

	g_autofree char *banner = session_notice(d.session);
	g_assert_cmpstr(banner, ==, "This session is recorded.");
	fake_gateway_message(d.gateway, "Maintenance at noon.");
	g_assert_true(desk_wait(&d, FRONT_NOTICE));
	g_autofree char *notice = session_notice(d.session);
	g_assert_cmpstr(notice, ==, "Maintenance at noon.");
	g_autofree char *first = fake_recorder_wait_event(
		d.recorder, "{\"type\":\"notice\",\"text\":\"This session is recorded.\"}");
	g_assert_nonnull(first);
	g_autofree char *second = fake_recorder_wait_event(
		d.recorder, "{\"type\":\"notice\",\"text\":\"Maintenance at noon.\"}");
	g_assert_nonnull(second);
	desk_close(&d);
}

/* What a target calls itself is a stranger's word: cleaned, cut, told once, and no flood of it. */
static void test_titles(void)
{
	struct fake_gateway_settings settings = fake_gateway_defaults();
	struct desk d = desk_open(&settings, 640, 480);
	g_autofree char *long_text = g_strnfill(10000, 'x');
	g_autofree char *expected_x = g_strnfill(256, 'x');
	g_autofree char *expected = g_strdup_printf(
		"{\"type\":\"title\",\"of\":\"desktop\",\"text\":\"%s\"}", expected_x);

	session_title(d.session, "desktop", "a\x1b\nb \xff\"");
	session_title(d.session, "desktop", "a\x1b\nb \xff\"");
	session_title(d.session, "desktop", long_text);
	g_autofree char *first = fake_recorder_wait_event(
		d.recorder,
		"{\"type\":\"title\",\"of\":\"desktop\",\"text\":\"a??b \\uFFFD\\\"\"}");
	g_assert_nonnull(first);
	g_autofree char *second = fake_recorder_wait_event(d.recorder, "\"type\":\"title\"");
	g_assert_cmpstr(second, ==, expected);
	unsigned before = fake_recorder_records(d.recorder, RING_EVENT);
	for (unsigned i = 0; i < 10000; i++) {
		g_autofree char *text = g_strdup_printf("%u", i);
		session_title(d.session, "desktop", text);
	}
	g_assert_cmpint(session_event(d.session, "{\"type\":\"mark\"}"), ==, 0);
	g_autofree char *mark = fake_recorder_wait_event(d.recorder, "mark");
	g_assert_nonnull(mark);
	g_assert_cmpuint(fake_recorder_records(d.recorder, RING_EVENT) - before, <, 100);
	g_assert_cmpint(session_end_reason(d.session), ==, END_NONE);
	desk_close(&d);
}

static void test_target_closes(void)
{
	struct fake_gateway_settings settings = fake_gateway_defaults();
	struct desk d = desk_open(&settings, 640, 480);
	g_autofree char *detail = NULL;

	fake_target_close(d.target);
	g_assert_true(desk_wait(&d, FRONT_END));
	g_assert_cmpint(session_end_reason(d.session), ==, END_TARGET_CLOSED);
	g_autofree char *words = session_end_words(d.session);
	g_assert_cmpstr(words, ==, end_reason_text(END_TARGET_CLOSED));
	session_destroy(d.session);
	g_assert_cmpint(fake_gateway_wait_ended(d.gateway, &detail), ==, END_TARGET_CLOSED);
	g_assert_cmpstr(detail, ==, "the script says so");
	fake_gateway_destroy(d.gateway);
	fake_target_destroy(d.target);
	shadow_destroy(d.shadow);
}

static enum end_reason open_with(struct fake_gateway_settings *settings)
{
	struct desk d = desk_create(settings);
	const struct session_view view = {640, 480, 0};

	desk_login(&d);
	session_open_target(d.session, &view);
	g_assert_true(desk_wait(&d, FRONT_END));
	enum end_reason reason = session_end_reason(d.session);
	desk_close(&d);
	return reason;
}

static void test_dial_fails(void)
{
	struct fake_gateway_settings settings = fake_gateway_defaults();

	settings.dial_reason = END_TARGET_UNREACHABLE;
	g_assert_cmpint(open_with(&settings), ==, END_TARGET_UNREACHABLE);
	settings = fake_gateway_defaults();
	settings.back = "ssh";
	g_assert_cmpint(open_with(&settings), ==, END_FAULT);
}

static void test_idle(void)
{
	struct fake_gateway_settings settings = fake_gateway_defaults();
	settings.idle_limit_s = 1;
	struct desk d = desk_open(&settings, 640, 480);

	g_assert_true(desk_wait(&d, FRONT_END));
	g_assert_cmpint(session_end_reason(d.session), ==, END_IDLE);
	desk_close(&d);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	log_init("test_session", false);
	g_test_add_func("/session/login/allowed", test_login_allowed);
	g_test_add_func("/session/login/refused", test_login_refused);
	g_test_add_func("/session/login/lost-gateway", test_login_lost_gateway);
	g_test_add_func("/session/login/silence", test_login_silence);
	g_test_add_func("/session/login/nla", test_nla);
	g_test_add_func("/session/picture", test_picture);
	g_test_add_func("/session/unchanged", test_unchanged_is_dropped);
	g_test_add_func("/session/copy", test_copy_stays_copy);
	g_test_add_func("/session/all-at-once", test_all_at_once);
	g_test_add_func("/session/resize", test_resize);
	g_test_add_func("/session/cursor-and-clipboard", test_cursor_and_clipboard);
	g_test_add_func("/session/terminate", test_terminate);
	g_test_add_func("/session/message", test_message);
	g_test_add_func("/session/banner", test_banner_is_a_notice);
	g_test_add_func("/session/titles", test_titles);
	g_test_add_func("/session/target-closes", test_target_closes);
	g_test_add_func("/session/dial-fails", test_dial_fails);
	g_test_add_func("/session/idle", test_idle);
	return g_test_run();
}
