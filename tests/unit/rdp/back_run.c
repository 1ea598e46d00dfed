/* One RDP back on a thread of its own, between a session core that is a plain canvas and a FreeRDP
 * server in the same process. */
#include "tests/unit/rdp/back_run.h"

#include "gateway/rdp/rdp_back_internal.h"
#include "tests/support/patience.h"

#include <string.h>

static gpointer run_back(gpointer data)
{
	struct run *run = data;

	run->reason =
		rdp_back_run_within(run->session, &run->target, run->deadline_ms, &run->detail);
	return NULL;
}

void run_start_on(struct run *run, int fd, const char *pin)
{
	run->session = double_create();
	run->pin = g_strdup(pin);
	if (!run->password[0])
		g_strlcpy(run->password, "secret", sizeof run->password);
	if (!run->deadline_ms)
		run->deadline_ms = PATIENCE_MS;
	run->target = (struct back_target){.fd = fd,
					   .host = "target.test",
					   .port = 3389,
					   .account = "alice",
					   .domain = "",
					   .password = run->password,
					   .certificate_sha256 = run->pin,
					   .ca_pem = "",
					   .security = TARGET_TLS_PINNED,
					   .width_px = WIDTH,
					   .height_px = HEIGHT};
	run->thread = g_thread_new("back", run_back, run);
}

void run_start(struct run *run, const struct fake_target_plan *plan)
{
	int fd;

	run->fake = fake_target_start(plan, &fd);
	run_start_on(run, fd, run->fake->certificate.sha256);
}

void run_join(struct run *run)
{
	static const char wiped[sizeof run->password];

	g_thread_join(run->thread);
	g_assert_cmpint(run->target.fd, ==, -1);
	g_assert_cmpmem(run->password, sizeof run->password, wiped, sizeof wiped);
	if (run->detail)
		g_assert_null(strstr(run->detail, "secret"));
}

void run_clear(struct run *run)
{
	if (run->fake)
		fake_target_stop(run->fake);
	double_destroy(run->session);
	g_free(run->detail);
	g_free(run->pin);
}

void run_stop(struct run *run)
{
	gint64 before_us = g_get_monotonic_time();

	double_command(run->session, &(struct back_command){.kind = BACK_STOP});
	run_join(run);
	g_assert_cmpint(g_get_monotonic_time() - before_us, <, PROMPT_US); /* not the deadline */
	g_assert_cmpstr(end_reason_key(run->reason), ==, end_reason_key(END_NONE));
}

void run_assert_end(struct run *run, enum end_reason reason, const char *detail)
{
	run_join(run);
	g_assert_cmpstr(end_reason_key(run->reason), ==, end_reason_key(reason));
	if (!strstr(run->detail, detail))
		g_error("'%s' does not say '%s'", run->detail, detail);
}

static bool is_resized(struct session *session, void *size)
{
	const uint32_t *wanted = size;

	return double_width(session) == wanted[0] && double_height(session) == wanted[1];
}

void run_await_size(struct run *run, uint32_t width, uint32_t height)
{
	uint32_t size[] = {width, height};

	if (!double_wait(run->session, is_resized, size, PATIENCE_MS))
		g_error("no desktop of %ux%u: %ux%u", width, height, double_width(run->session),
			double_height(run->session));
}

static bool shows(struct session *session, void *data)
{
	const struct area *area = data;

	if (double_counted(session)->unframed != 0)
		return false;
	for (uint32_t y = area->y; y < area->y + area->height; y++)
		for (uint32_t x = area->x; x < area->x + area->width; x++)
			if (double_peek(session, x, y) != area->picture(x, y))
				return false;
	return true;
}

void run_await_picture(struct run *run, struct area area)
{
	g_assert_true(double_wait(run->session, shows, &area, PATIENCE_MS));
	g_assert_cmpuint(double_counts(run->session).torn, ==, 0);
}

uint32_t gradient(uint32_t x, uint32_t y)
{
	return (x & 0xFF) << 16 | (y & 0xFF) << 8 | ((x ^ y) & 0xFF);
}

uint32_t red(uint32_t x, uint32_t y)
{
	return 0xFF0000;
}

uint32_t black(uint32_t x, uint32_t y)
{
	return 0;
}

void run_press(struct run *run, enum key_kind kind, uint32_t code, enum key_prefix prefix,
	       bool down)
{
	struct back_command command = {.kind = BACK_KEY, .key = {kind, code, prefix, down}};

	double_command(run->session, &command);
}

void paint_gradient(struct fake_target *target)
{
	fake_target_paint(target, 0, 0, WIDTH, HEIGHT, gradient);
}

static bool has_inputs(struct fake_target *target, void *n)
{
	return target->inputs->len >= GPOINTER_TO_UINT(n);
}

void run_await_inputs(struct run *run, unsigned n)
{
	g_assert_true(fake_target_wait(run->fake, has_inputs, GUINT_TO_POINTER(n)));
}

void gfx_gradient(struct fake_target *target)
{
	fake_target_gfx_setup(target, WIDTH, HEIGHT);
	fake_target_gfx_frame(target, 0, 0, WIDTH, HEIGHT, gradient);
}
