/* No recorder, no session: freezing, thawing, ending, and that nothing of the timeline is lost on
 * the way. The clock is the test's own. */
#include "base/clock.h"
#include "base/log.h"
#include "recorder/ring/ring_reader.h"
#include "tests/support/session_desk.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

static uint64_t now_us;

/* The link thread looks at its clocks whenever something comes in. */
static void advance(struct desk *d, uint64_t seconds)
{
	now_us += seconds * 1000000u;
	clock_test_set(now_us, now_us);
	fake_gateway_message(d->gateway, "tick");
}

static struct desk open_desk(void)
{
	struct fake_gateway_settings settings = fake_gateway_defaults();

	settings.back = "rdp";
	return desk_open(&settings, 640, 480);
}

static int try_take(struct desk *d)
{
	struct picture_update update;

	picture_update_init(&update);
	int result = session_take_picture(d->session, d->shadow, &update);
	picture_update_finish(&update);
	return result;
}

static bool interrupted(struct desk *d)
{
	g_autofree char *notice = session_notice(d->session);

	return notice != NULL && strstr(notice, "Recording") != NULL;
}

static void wait_interrupted(struct desk *d, bool now)
{
	while (interrupted(d) != now)
		g_assert_true(desk_wait(d, FRONT_NOTICE));
}

static void test_freeze_and_thaw(void)
{
	struct desk d = open_desk();
	const struct key_event down = {KEY_SCANCODE, 0x1e, KEY_PREFIX_NONE, true};
	struct back_command command;

	session_key(d.session, &down);
	g_assert_true(fake_target_input(d.target, &command));
	session_front_flags(d.session);
	fake_recorder_drop(d.recorder);
	/* Held keys are released ... */
	g_assert_true(fake_target_input(d.target, &command));
	g_assert_false(command.key.down);
	wait_interrupted(&d, true);
	/* ... the picture is kept, though the target goes on ... */
	desk_step(&d, (struct fake_step){FAKE_FILL, .rect = {0, 0, 64, 64}, .seed = 0xff00ff});
	desk_step(&d, (struct fake_step){FAKE_FRAME});
	g_assert_cmpint(try_take(&d), ==, -EAGAIN);
	/* ... input is dropped, and events wait. */
	session_key(d.session, &down);
	g_assert_cmpint(session_event(d.session, "{\"type\":\"while-away\"}"), ==, 0);

	fake_gateway_offer_recorder(d.gateway);
	wait_interrupted(&d, false);
	g_assert_cmpuint(desk_take(&d), ==, 1);
	g_assert_cmphex(((uint32_t *)(void *)d.shadow->pixels)[0], ==, 0xff00ff);
	g_autofree char *event = fake_recorder_wait_event(d.recorder, "while-away");
	g_assert_nonnull(event);
	g_assert_true(fake_recorder_wait_picture(d.recorder, d.shadow->pixels,
						 d.shadow->stride_bytes, 640, 480));
	session_key(d.session, &down);
	g_assert_true(fake_target_input(d.target, &command));
	g_assert_true(command.key.down);
	desk_close(&d);
}

static void away_too_long(uint32_t limit_s)
{
	struct fake_gateway_settings settings = fake_gateway_defaults();
	settings.unrecorded_limit_s = limit_s;
	struct desk d = desk_open(&settings, 640, 480);

	fake_recorder_drop(d.recorder);
	wait_interrupted(&d, true);
	advance(&d, limit_s - 1);
	g_assert_true(desk_wait(&d, FRONT_NOTICE));
	g_assert_cmpint(session_end_reason(d.session), ==, END_NONE);
	advance(&d, 2);
	g_assert_true(desk_wait(&d, FRONT_END));
	g_assert_cmpint(session_end_reason(d.session), ==, END_RECORDER_LOST);
	desk_close(&d);
}

static void test_away_too_long(void)
{
	away_too_long(30);
	away_too_long(3);
}

static struct desk start_desk(struct fake_gateway_settings *settings)
{
	struct desk d = desk_create(settings);
	const struct session_view view = {640, 480, 0};

	desk_login(&d);
	session_open_target(d.session, &view);
	return d;
}

static const struct fake_step first_size = {FAKE_SIZE, .rect = {0, 0, 640, 480}};

static void test_canvas_refused(void)
{
	struct fake_gateway_settings settings = fake_gateway_defaults();
	struct desk d = start_desk(&settings);

	fake_recorder_answer(d.recorder, END_STORAGE_FULL);
	desk_step(&d, first_size);
	g_assert_true(desk_wait(&d, FRONT_END));
	g_assert_cmpint(session_end_reason(d.session), ==, END_STORAGE_FULL);
	desk_close(&d);
}

/* The back waits in session_resize, as it must: nothing may be shown that is not recorded. */
static void test_no_recorder_from_the_start(void)
{
	struct fake_gateway_settings settings = fake_gateway_defaults();
	settings.no_recorder = true;
	struct desk d = start_desk(&settings);
	uint32_t width, height;

	g_assert_true(fake_gateway_wait(d.gateway, BROKER_DIAL));
	g_assert_true(fake_target_start(d.target, &first_size));
	fake_gateway_message(d.gateway, "still waiting");
	g_assert_true(desk_wait(&d, FRONT_NOTICE));
	session_size(d.session, &width, &height);
	g_assert_cmpuint(width, ==, 0);
	fake_gateway_offer_recorder(d.gateway);
	g_assert_true(fake_target_finish(d.target));
	g_assert_true(desk_wait(&d, FRONT_RUNNING));
	desk_close(&d);
}

static void test_dial_takes_too_long(void)
{
	struct fake_gateway_settings settings = fake_gateway_defaults();
	struct desk d = desk_create(&settings);
	const struct session_view view = {640, 480, 0};

	desk_login(&d);
	fake_gateway_silence(d.gateway);
	session_open_target(d.session, &view);
	g_assert_true(fake_gateway_wait(d.gateway, BROKER_DIAL));
	advance(&d, 61);
	g_assert_true(desk_wait(&d, FRONT_END));
	g_assert_cmpint(session_end_reason(d.session), ==, END_TARGET_UNREACHABLE);
	desk_close(&d);
}

static unsigned fill_ring(struct desk *d)
{
	g_autofree char *big = g_strdup_printf("{\"type\":\"big\",\"text\":\"%07000d\"}", 1);
	g_autofree char *notice = NULL;
	unsigned n = 0;

	while (notice == NULL) {
		g_assert_cmpint(session_event(d->session, big), ==, 0);
		n++;
		notice = session_notice(d->session);
	}
	return n;
}

/* A recorder that hangs: the ring fills, the session freezes before anything goes unrecorded, and
 * all of it arrives in the end. */
static void test_recorder_hangs(void)
{
	struct desk d = open_desk();
	const struct key_event down = {KEY_SCANCODE, 0x1e, KEY_PREFIX_NONE, true};

	fake_recorder_pause(d.recorder, true);
	unsigned events = fill_ring(&d);
	g_assert_cmpuint(events, >, 100);
	g_assert_cmpint(try_take(&d), ==, -EAGAIN);
	session_key(d.session, &down);
	for (unsigned i = 0; i < 10; i++, events++)
		g_assert_cmpint(session_event(d.session, "{\"type\":\"big\"}"), ==, 0);
	fake_recorder_pause(d.recorder, false);
	wait_interrupted(&d, false);
	for (unsigned i = 0; i < events; i++) {
		g_autofree char *event = fake_recorder_wait_event(d.recorder, "\"big\"");
		g_assert_nonnull(event);
		g_assert_true((strlen(event) < 20) == (i >= events - 10));
	}
	desk_close(&d);
}

/* A resize while nobody reads must not throw away what waits in the old ring. */
static void test_resize_while_away(void)
{
	struct desk d = open_desk();
	const struct fake_step resize = {FAKE_SIZE, .rect = {0, 0, 800, 600}};

	fake_recorder_drop(d.recorder);
	wait_interrupted(&d, true);
	g_assert_cmpint(session_event(d.session, "{\"type\":\"old-ring\"}"), ==, 0);
	g_assert_true(fake_target_start(d.target, &resize));
	fake_gateway_offer_recorder(d.gateway);
	g_assert_true(fake_target_finish(d.target));
	g_autofree char *event = fake_recorder_wait_event(d.recorder, "old-ring");
	g_assert_nonnull(event);
	g_assert_true(desk_wait(&d, FRONT_RESIZED));
	desk_close(&d);
}

static void test_end_while_waiting(void)
{
	struct fake_gateway_settings settings = fake_gateway_defaults();
	settings.no_recorder = true;
	struct desk d = start_desk(&settings);

	g_assert_true(fake_gateway_wait(d.gateway, BROKER_DIAL));
	g_assert_true(fake_target_start(d.target, &first_size));
	session_end(d.session, END_VIEWER_LEFT, NULL);
	desk_close(&d);
}

/* Lets the link thread look at its clocks without a message of the gateway's. */
static void interrupt_shortly(struct desk *d)
{
	fake_recorder_drop(d->recorder);
	wait_interrupted(d, true);
	fake_gateway_offer_recorder(d->gateway);
	wait_interrupted(d, false);
}

static void test_banner_has_its_time(void)
{
	struct fake_gateway_settings settings = fake_gateway_defaults();
	settings.banner = "This session is recorded.";
	struct desk d = start_desk(&settings);

	g_assert_true(fake_gateway_wait(d.gateway, BROKER_DIAL));
	now_us += 30 * 1000000u;
	clock_test_set(now_us, now_us);
	desk_step(&d, first_size);
	g_assert_true(desk_wait(&d, FRONT_RUNNING));
	now_us += 19 * 1000000u;
	clock_test_set(now_us, now_us);
	interrupt_shortly(&d);
	g_autofree char *banner = session_notice(d.session);
	g_assert_cmpstr(banner, ==, settings.banner);
	now_us += 2 * 1000000u;
	clock_test_set(now_us, now_us);
	interrupt_shortly(&d);
	g_assert_null(session_notice(d.session));
	desk_close(&d);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	log_init("test_loss", false);
	now_us = clock_now_us();
	clock_test_set(now_us, now_us);
	g_test_add_func("/loss/freeze-and-thaw", test_freeze_and_thaw);
	g_test_add_func("/loss/away-too-long", test_away_too_long);
	g_test_add_func("/loss/refused", test_canvas_refused);
	g_test_add_func("/loss/none-at-first", test_no_recorder_from_the_start);
	g_test_add_func("/loss/dial", test_dial_takes_too_long);
	g_test_add_func("/loss/hangs", test_recorder_hangs);
	g_test_add_func("/loss/resize", test_resize_while_away);
	g_test_add_func("/loss/end-while-waiting", test_end_while_waiting);
	g_test_add_func("/loss/banner", test_banner_has_its_time);
	return g_test_run();
}
