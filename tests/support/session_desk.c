/* Puts the fakes together as vitrine-session does with real ones. */
#include "tests/support/session_desk.h"
#include "tests/support/patience.h"

#include <errno.h>
#include <glib.h>
#include <poll.h>

static const struct session_start desk_start = {
	.session_id = "00000000-0000-4000-8000-000000000001",
	.viewer_address = "192.0.2.7:51234",
	.handshake_deadline_ms = PATIENCE_MS,
	.max_width_px = 4096,
	.max_height_px = 2160,
};

struct desk desk_create(struct fake_gateway_settings *settings)
{
	struct desk d = {0};

	g_assert_cmpint(keyboard_prepare(), ==, 0);
	d.target = fake_target_create(&settings->target_fd);
	d.gateway = fake_gateway_create(settings);
	d.recorder = fake_gateway_recorder(d.gateway);
	d.session = session_create(fake_gateway_broker_fd(d.gateway), &desk_start, fake_backs);
	return d;
}

void desk_login(struct desk *desk)
{
	char password[] = "secret";
	const struct broker_login login = {
		.door = DOOR_PASSWORD, .user = (char *)(uintptr_t) "alice", .password = password};
	struct session_verdict verdict;

	session_login(desk->session, &login, &verdict);
	g_assert_true(verdict.allowed);
	session_verdict_clear(&verdict);
}

struct desk desk_open(struct fake_gateway_settings *settings, uint32_t width, uint32_t height)
{
	struct desk d = desk_create(settings);
	const struct session_view view = {width, height, 0x409};
	const struct rect whole = {0, 0, width, height};

	desk_login(&d);
	session_open_target(d.session, &view);
	desk_step(&d, (struct fake_step){FAKE_SIZE, .rect = whole});
	g_assert_true(desk_wait(&d, FRONT_RUNNING | FRONT_RESIZED));
	desk_step(&d, (struct fake_step){FAKE_PAINT, .rect = whole, .seed = 1});
	desk_step(&d, (struct fake_step){FAKE_FRAME});
	g_assert_cmpuint(desk_take(&d), >=, 1);
	return d;
}

void desk_close(struct desk *desk)
{
	session_end(desk->session, END_VIEWER_LEFT, NULL);
	session_destroy(desk->session);
	fake_gateway_destroy(desk->gateway);
	fake_target_destroy(desk->target);
	shadow_destroy(desk->shadow);
}

bool desk_wait(struct desk *desk, unsigned flags)
{
	struct pollfd p = {session_front_fd(desk->session), POLLIN, 0};

	while (flags != 0) {
		if (poll(&p, 1, PATIENCE_MS) != 1)
			return false;
		flags &= ~session_front_flags(desk->session);
	}
	return true;
}

void desk_step(struct desk *desk, struct fake_step step)
{
	g_assert_true(fake_target_step(desk->target, &step));
}

unsigned desk_take(struct desk *desk)
{
	struct picture_update update;
	uint32_t width, height;
	unsigned n = 0;
	int result;

	session_size(desk->session, &width, &height);
	if (desk->shadow == NULL)
		desk->shadow = shadow_create(width, height);
	picture_update_init(&update);
	while ((result = session_take_picture(desk->session, desk->shadow, &update)) != -EAGAIN) {
		n += result == 0;
		if (result != -ESTALE)
			continue;
		session_size(desk->session, &width, &height);
		shadow_destroy(desk->shadow);
		desk->shadow = shadow_create(width, height);
	}
	picture_update_finish(&update);
	return n;
}
