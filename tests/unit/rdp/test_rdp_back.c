/* The RDP back against a FreeRDP server in the same process and a session core that is a plain canvas. */
#include "base/secret.h"
#include "gateway/rdp/rdp_back_internal.h"
#include "tests/unit/rdp/fake_session.h"
#include "tests/unit/rdp/fake_target.h"

#include <dirent.h>
#include <freerdp/channels/rdpgfx.h>
#include <freerdp/redirection.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WIDTH 640u
#define HEIGHT 480u
#define PATIENCE_MS 5000u
#define REACTIVATION_KEYS 200u

/** One back with the target it talks to. */
struct run {
	struct session *session;
	struct back_target target;
	char password[16];
	GThread *thread;
	uint32_t deadline_ms;
	enum end_reason reason;
	char *detail;
	struct fake_target *fake; /**< NULL: the test holds the target's end itself */
	char *pin;
};

static gpointer run_back(gpointer data)
{
	struct run *run = data;

	run->reason =
		rdp_back_run_within(run->session, &run->target, run->deadline_ms, &run->detail);
	return NULL;
}

static void run_start_on(struct run *run, int fd, const char *pin)
{
	run->session = fake_session_new();
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

static void run_start(struct run *run, const struct fake_target_plan *plan)
{
	int fd;

	run->fake = fake_target_start(plan, &fd);
	run_start_on(run, fd, run->fake->certificate.sha256);
}

static void run_join(struct run *run)
{
	static const char wiped[sizeof run->password];

	g_thread_join(run->thread);
	g_assert_cmpint(run->target.fd, ==, -1);
	g_assert_cmpmem(run->password, sizeof run->password, wiped, sizeof wiped);
	if (run->detail)
		g_assert_null(strstr(run->detail, "secret"));
}

static void run_clear(struct run *run)
{
	if (run->fake)
		fake_target_stop(run->fake);
	fake_session_free(run->session);
	g_free(run->detail);
	g_free(run->pin);
}

static void run_stop(struct run *run)
{
	gint64 before_us = g_get_monotonic_time();

	fake_session_command(run->session, &(struct back_command){.kind = BACK_STOP});
	run_join(run);
	g_assert_cmpint(g_get_monotonic_time() - before_us, <,
			2 * G_TIME_SPAN_SECOND); /* not the deadline of 5 s */
	g_assert_cmpstr(end_reason_key(run->reason), ==, end_reason_key(END_NONE));
}

static void assert_end(struct run *run, enum end_reason reason, const char *detail)
{
	run_join(run);
	g_assert_cmpstr(end_reason_key(run->reason), ==, end_reason_key(reason));
	if (!strstr(run->detail, detail))
		g_error("'%s' does not say '%s'", run->detail, detail);
}

/* ---- Waiting ---------------------------------------------------------------------------------------------------- */

static bool is_resized(struct session *session, void *size)
{
	const uint32_t *wanted = size;

	return fake_session_width(session) == wanted[0] &&
	       fake_session_height(session) == wanted[1];
}

static void await_size(struct run *run, uint32_t width, uint32_t height)
{
	uint32_t size[] = {width, height};

	if (!fake_session_wait(run->session, is_resized, size, PATIENCE_MS))
		g_error("no desktop of %ux%u: %ux%u", width, height,
			fake_session_width(run->session), fake_session_height(run->session));
}

struct area {
	uint32_t x, y, width, height;
	fake_picture picture;
};

static bool shows(struct session *session, void *data)
{
	const struct area *area = data;

	if (fake_session_counted(session)->unframed != 0)
		return false;
	for (uint32_t y = area->y; y < area->y + area->height; y++)
		for (uint32_t x = area->x; x < area->x + area->width; x++)
			if (fake_session_pixel(session, x, y) != area->picture(x, y))
				return false;
	return true;
}

static void await_picture(struct run *run, struct area area)
{
	g_assert_true(fake_session_wait(run->session, shows, &area, PATIENCE_MS));
	g_assert_cmpuint(fake_session_counts(run->session).torn, ==, 0);
}

/* ---- Pictures --------------------------------------------------------------------------------------------------- */

static uint32_t gradient(uint32_t x, uint32_t y)
{
	return (x & 0xFF) << 16 | (y & 0xFF) << 8 | ((x ^ y) & 0xFF);
}

static uint32_t red(uint32_t x, uint32_t y)
{
	return 0xFF0000;
}

static uint32_t black(uint32_t x, uint32_t y)
{
	return 0;
}

static uint32_t gradient_up_100(uint32_t x, uint32_t y)
{
	return gradient(x, y + 100);
}

static void paint_gradient(struct fake_target *target)
{
	fake_target_paint(target, 0, 0, WIDTH, HEIGHT, gradient);
}

static void paint_red_corner(struct fake_target *target)
{
	fake_target_paint(target, WIDTH - 33, HEIGHT - 21, 33, 21, red);
}

static void test_paint(void)
{
	struct run run = {0};

	run_start(&run, &(struct fake_target_plan){0});
	await_size(&run, WIDTH, HEIGHT);
	fake_target_do(run.fake, paint_gradient);
	await_picture(&run, (struct area){0, 0, WIDTH, HEIGHT, gradient});
	fake_target_do(run.fake, paint_red_corner);
	await_picture(&run, (struct area){WIDTH - 33, HEIGHT - 21, 33, 21, red});
	await_picture(&run, (struct area){0, 0, WIDTH - 33, HEIGHT, gradient});
	g_assert_cmpstr(run.fake->user, ==, "alice");
	g_assert_cmpstr(run.fake->received_password, ==, "secret");
	run_stop(&run);
	run_clear(&run);
}

static void test_nla(void)
{
	struct run run = {0};

	run_start(&run, &(struct fake_target_plan){.nla = true, .password = "secret"});
	await_size(&run, WIDTH, HEIGHT);
	fake_target_do(run.fake, paint_gradient);
	await_picture(&run, (struct area){0, 0, WIDTH, HEIGHT, gradient});
	run_stop(&run);
	run_clear(&run);
}

static void test_wrong_password(void)
{
	struct run run = {0};

	run_start(&run, &(struct fake_target_plan){.nla = true, .password = "another"});
	assert_end(&run, END_TARGET_LOGIN, "_FAIL"); /* AUTHENTICATION_FAILED or LOGON_FAILURE */
	run_clear(&run);
}

static void test_wrong_certificate(void)
{
	struct run run = {0};
	struct fake_target_plan plan = {0};
	int fd;

	run.fake = fake_target_start(&plan, &fd);
	run_start_on(&run, fd, "0123");
	assert_end(&run, END_TARGET_CERTIFICATE, run.fake->certificate.sha256);
	g_assert_null(run.fake->received_password);
	run_clear(&run);
}

/* ---- Targets that do not answer ------------------------------------------------------------------------------------ */

/* Reads what comes and answers `answer` once, then says nothing more. */
struct mute_target {
	int fd;
	const uint8_t *answer;
	size_t answer_bytes;
};

static gpointer be_mute(gpointer data)
{
	struct mute_target *mute = data;
	uint8_t bytes[512];

	while (read(mute->fd, bytes, sizeof bytes) > 0) {
		if (mute->answer_bytes)
			g_assert_cmpint(write(mute->fd, mute->answer, mute->answer_bytes), ==,
					mute->answer_bytes);
		mute->answer_bytes = 0;
	}
	close(mute->fd);
	return NULL;
}

/* X.224 Connection Confirm with an RDP Negotiation Response for TLS ([MS-RDPBCGR] 2.2.1.2.1). */
static const uint8_t choose_tls[] = {0x03, 0x00, 0x00, 0x13, 0x0E, 0xD0, 0x00, 0x00, 0x12, 0x34,
				     0x00, 0x02, 0x00, 0x08, 0x00, 0x01, 0x00, 0x00, 0x00};
/* ... and for the old RDP security, which is not spoken. */
static const uint8_t choose_rdp[] = {0x03, 0x00, 0x00, 0x13, 0x0E, 0xD0, 0x00, 0x00, 0x12, 0x34,
				     0x00, 0x02, 0x00, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00};
static const uint8_t garbage[] = "HTTP/1.0 400 Bad Request\r\n\r\n";

static GThread *start_mute(struct run *run, struct mute_target *mute)
{
	int fds[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
	mute->fd = fds[1];
	run_start_on(run, fds[0], "00");
	return g_thread_new("mute", be_mute, mute);
}

static void assert_deadline(const uint8_t *answer, size_t answer_bytes)
{
	struct run run = {.deadline_ms = 400};
	struct mute_target mute = {.answer = answer, .answer_bytes = answer_bytes};
	gint64 before_us = g_get_monotonic_time();
	GThread *thread = start_mute(&run, &mute);

	assert_end(&run, END_TARGET_UNREACHABLE, "within 400 ms");
	g_assert_cmpint(g_get_monotonic_time() - before_us, <, 4 * G_TIME_SPAN_SECOND);
	g_thread_join(thread);
	run_clear(&run);
}

static void test_silent(void)
{
	assert_deadline(NULL, 0);
}

static void test_silent_in_tls(void)
{
	assert_deadline(choose_tls, sizeof choose_tls);
}

static void test_stop_while_connecting(void)
{
	struct run run = {0};
	struct mute_target mute = {.answer = choose_tls, .answer_bytes = sizeof choose_tls};
	GThread *thread = start_mute(&run, &mute);

	g_usleep(300000); /* nothing tells when a client hangs in a handshake */
	run_stop(&run);
	g_thread_join(thread);
	run_clear(&run);
}

static void test_no_tls(void)
{
	struct run run = {0};
	struct mute_target mute = {.answer = choose_rdp, .answer_bytes = sizeof choose_rdp};
	GThread *thread = start_mute(&run, &mute);

	assert_end(&run, END_TARGET_PROTOCOL, "neither TLS nor NLA");
	g_thread_join(thread);
	run_clear(&run);
}

/* FreeRDP takes these bytes for the start of something longer. */
static void test_no_rdp(void)
{
	assert_deadline(garbage, sizeof garbage - 1);
}

/* ---- Input ----------------------------------------------------------------------------------------------------------- */

static bool has_inputs(struct fake_target *target, void *n)
{
	return target->inputs->len >= GPOINTER_TO_UINT(n);
}

static void assert_input(const struct run *run, unsigned i, struct fake_target_input expected)
{
	struct fake_target_input got =
		g_array_index(run->fake->inputs, struct fake_target_input, i);

	g_assert_cmpint(got.kind, ==, expected.kind);
	g_assert_cmphex(got.flags, ==, expected.flags);
	g_assert_cmphex(got.code, ==, expected.code);
	g_assert_cmpuint(got.x, ==, expected.x);
	g_assert_cmpuint(got.y, ==, expected.y);
}

static void press(struct run *run, enum key_kind kind, uint32_t code, enum key_prefix prefix,
		  bool down)
{
	struct back_command command = {.kind = BACK_KEY, .key = {kind, code, prefix, down}};

	fake_session_command(run->session, &command);
}

static void test_input(void)
{
	struct run run = {0};
	struct pointer_event click = {.x = 11, .y = 22, .buttons = POINTER_LEFT};
	struct pointer_event side = {.x = 11, .y = 22, .buttons = POINTER_X1, .wheel_up = -120};

	run_start(&run, &(struct fake_target_plan){0});
	await_size(&run, WIDTH, HEIGHT);
	press(&run, KEY_SCANCODE, 0x1E, KEY_PREFIX_NONE, true);
	press(&run, KEY_SCANCODE, 0x38, KEY_PREFIX_E0, false);
	press(&run, KEY_UNICODE, 0x20AC, KEY_PREFIX_NONE, true);
	fake_session_command(run.session,
			     &(struct back_command){.kind = BACK_POINTER, .pointer = click});
	fake_session_command(run.session,
			     &(struct back_command){.kind = BACK_POINTER, .pointer = side});
	fake_session_command(run.session,
			     &(struct back_command){.kind = BACK_SYNC, .lock_state = LOCK_CAPS});
	/* Codes that RDP has no room for are not sent cut off. */
	press(&run, KEY_SCANCODE, 0x11E, KEY_PREFIX_NONE, true);
	press(&run, KEY_UNICODE, 0x1F600, KEY_PREFIX_NONE, true);
	press(&run, KEY_SCANCODE, 0x1E, KEY_PREFIX_NONE, false);
	g_assert_true(fake_target_wait(run.fake, has_inputs, GUINT_TO_POINTER(10)));
	assert_input(&run, 0, (struct fake_target_input){0, 0x1E, 0, 0, 'k'});
	assert_input(&run, 1, (struct fake_target_input){0x8100, 0x38, 0, 0, 'k'});
	assert_input(&run, 2, (struct fake_target_input){0, 0x20AC, 0, 0, 'u'});
	assert_input(&run, 3, (struct fake_target_input){PTR_FLAGS_MOVE, 0, 11, 22, 'm'});
	assert_input(&run, 4, (struct fake_target_input){0x9000, 0, 11, 22, 'm'});
	assert_input(&run, 5, (struct fake_target_input){0x1000, 0, 11, 22, 'm'});
	assert_input(&run, 6, (struct fake_target_input){0x8001, 0, 11, 22, 'x'});
	assert_input(&run, 7, (struct fake_target_input){0x0388, 0, 11, 22, 'm'});
	assert_input(&run, 8, (struct fake_target_input){LOCK_CAPS, 0, 0, 0, 's'});
	assert_input(&run, 9, (struct fake_target_input){0x8000, 0x1E, 0, 0, 'k'});
	run_stop(&run);
	run_clear(&run);
}

/* ---- Copies ---------------------------------------------------------------------------------------------------------- */

static void gfx_gradient(struct fake_target *target)
{
	fake_target_gfx_setup(target, WIDTH, HEIGHT);
	fake_target_gfx_frame(target, 0, 0, WIDTH, HEIGHT, gradient);
}

/* A copy in a frame of its own, or behind a red corner painted in the same frame. */
static void gfx_copy(struct fake_target *target, RECTANGLE_16 from, uint16_t x, uint16_t y,
		     bool behind_red)
{
	static UINT32 frame = 1000;
	RDPGFX_START_FRAME_PDU start = {.frameId = ++frame};
	RDPGFX_END_FRAME_PDU end = {.frameId = frame};
	RECTANGLE_16 corner = {WIDTH - 40, HEIGHT - 40, WIDTH, HEIGHT};
	RDPGFX_SOLID_FILL_PDU fill = {
		.surfaceId = 1, .fillPixel = {.R = 0xFF}, .fillRectCount = 1, .fillRects = &corner};
	RDPGFX_POINT16 to = {x, y};
	RDPGFX_SURFACE_TO_SURFACE_PDU copy = {1, 1, from, 1, &to};
	RdpgfxServerContext *gfx = target->gfx;

	g_assert_cmpuint(gfx->StartFrame(gfx, &start), ==, CHANNEL_RC_OK);
	if (behind_red)
		g_assert_cmpuint(gfx->SolidFill(gfx, &fill), ==, CHANNEL_RC_OK);
	g_assert_cmpuint(gfx->SurfaceToSurface(gfx, &copy), ==, CHANNEL_RC_OK);
	g_assert_cmpuint(gfx->EndFrame(gfx, &end), ==, CHANNEL_RC_OK);
}

static void gfx_scroll_up_100(struct fake_target *target)
{
	gfx_copy(target, (RECTANGLE_16){0, 100, WIDTH, HEIGHT}, 0, 0, false);
}

static void gfx_copy_behind_red(struct fake_target *target)
{
	gfx_copy(target, (RECTANGLE_16){0, 0, 64, 64}, 200, 200, true);
}

static uint32_t gradient_back_200(uint32_t x, uint32_t y)
{
	return gradient(x - 200, y - 200 + 100);
}

static void test_gfx(void)
{
	struct run run = {0};

	run_start(&run, &(struct fake_target_plan){.gfx = true});
	fake_target_do(run.fake, gfx_gradient);
	await_picture(&run, (struct area){0, 0, WIDTH, HEIGHT, gradient});
	fake_target_do(run.fake, gfx_scroll_up_100);
	await_picture(&run, (struct area){0, 0, WIDTH, HEIGHT - 100, gradient_up_100});
	g_assert_cmpuint(fake_session_counts(run.session).copies, ==, 1);
	g_assert_cmpuint(fake_session_counts(run.session).frames, ==, 2);
	fake_target_do(run.fake, gfx_copy_behind_red);
	await_picture(&run, (struct area){200, 200, 64, 64, gradient_back_200});
	await_picture(&run, (struct area){WIDTH - 40, HEIGHT - 40, 40, 40, red});
	g_assert_cmpuint(fake_session_counts(run.session).copies, ==, 2);
	g_assert_cmpuint(fake_session_counts(run.session).frames, ==, 3);
	run_stop(&run);
	run_clear(&run);
}

/* The surface is white where nothing was painted, the desktop is black there: this copy must come as pixels. */
static void gfx_copy_unpainted(struct fake_target *target)
{
	fake_target_gfx_setup(target, WIDTH, HEIGHT);
	fake_target_gfx_frame(target, 0, 0, WIDTH, 10, red);
	gfx_copy(target, (RECTANGLE_16){0, 200, WIDTH, 300}, 0, 50, false);
}

static uint32_t white(uint32_t x, uint32_t y)
{
	return 0xFFFFFF;
}

static void test_gfx_unpainted_source(void)
{
	struct run run = {0};

	run_start(&run, &(struct fake_target_plan){.gfx = true});
	fake_target_do(run.fake, gfx_copy_unpainted);
	await_picture(&run, (struct area){0, 50, WIDTH, 100, white});
	await_picture(&run, (struct area){0, 200, WIDTH, 100, black});
	g_assert_cmpuint(fake_session_counts(run.session).copies, ==, 0);
	run_stop(&run);
	run_clear(&run);
}

/* ---- Sizes ----------------------------------------------------------------------------------------------------------- */

static bool has_layout(struct fake_target *target, void *data)
{
	return target->layout_width == 1000 && target->layout_height == 700;
}

static void gfx_1000x700(struct fake_target *target)
{
	fake_target_gfx_setup(target, 1000, 700);
	fake_target_gfx_frame(target, 0, 0, 1000, 700, gradient);
}

static void test_resize(void)
{
	struct run run = {0};
	struct back_command size = {.kind = BACK_SIZE, .size = {1001, 700}};

	run_start(&run, &(struct fake_target_plan){.gfx = true});
	fake_target_do(run.fake, gfx_gradient);
	await_picture(&run, (struct area){0, 0, WIDTH, HEIGHT, gradient});
	fake_session_command(run.session, &size);
	g_assert_true(fake_target_wait(run.fake, has_layout, NULL));
	fake_target_do(run.fake, gfx_1000x700);
	await_size(&run, 1000, 700);
	await_picture(&run, (struct area){0, 0, 1000, 700, gradient});
	run_stop(&run);
	run_clear(&run);
}

static void reactivate_smaller(struct fake_target *target)
{
	rdpContext *context = target->peer->context;

	freerdp_settings_set_uint32(context->settings, FreeRDP_DesktopWidth, 320);
	freerdp_settings_set_uint32(context->settings, FreeRDP_DesktopHeight, 240);
	target->active = false;
	g_assert_true(context->update->DesktopResize(context));
	g_mutex_lock(&target->lock);
	target->deactivated = true;
	g_cond_broadcast(&target->changed);
	g_mutex_unlock(&target->lock);
}

static bool is_deactivated(struct fake_target *target, void *data)
{
	return target->deactivated;
}

static void paint_small(struct fake_target *target)
{
	fake_target_paint(target, 0, 0, 320, 240, gradient);
}

static void test_reactivation(void)
{
	struct run run = {0};

	run_start(&run, &(struct fake_target_plan){0});
	await_size(&run, WIDTH, HEIGHT);
	fake_target_do(run.fake, paint_gradient);
	await_picture(&run, (struct area){0, 0, WIDTH, HEIGHT, gradient});
	fake_target_do(run.fake, reactivate_smaller);
	fake_target_do(run.fake, paint_small);
	/* Not before: what is under way when a target deactivates is lost there (FreeRDP 3.33 does so, too). */
	g_assert_true(fake_target_wait(run.fake, is_deactivated, NULL));
	/* Typed in and after the reactivation; nothing is lost. */
	for (unsigned i = 0; i < REACTIVATION_KEYS; i++) {
		press(&run, KEY_SCANCODE, 0x1E, KEY_PREFIX_NONE, i % 2 == 0);
		g_usleep(200);
	}
	await_size(&run, 320, 240);
	await_picture(&run, (struct area){0, 0, 320, 240, gradient});
	g_assert_true(fake_target_wait(run.fake, has_inputs, GUINT_TO_POINTER(REACTIVATION_KEYS)));
	run_stop(&run);
	run_clear(&run);
}

static void gfx_absurd_desktop(struct fake_target *target)
{
	MONITOR_DEF monitor = {0, 0, 29999, 29999, MONITOR_PRIMARY};
	RDPGFX_RESET_GRAPHICS_PDU reset = {30000, 30000, 1, &monitor};

	g_assert_cmpuint(target->gfx->ResetGraphics(target->gfx, &reset), ==, CHANNEL_RC_OK);
}

static void gfx_absurd_surface(struct fake_target *target)
{
	RDPGFX_CREATE_SURFACE_PDU create = {1, 20000, 20000, GFX_PIXEL_FORMAT_XRGB_8888};

	g_assert_cmpuint(target->gfx->CreateSurface(target->gfx, &create), ==, CHANNEL_RC_OK);
}

static void gfx_many_surfaces(struct fake_target *target)
{
	for (UINT16 id = 1; id < 100; id++) {
		RDPGFX_CREATE_SURFACE_PDU create = {id, 4096, 4096, GFX_PIXEL_FORMAT_XRGB_8888};

		if (target->gfx->CreateSurface(target->gfx, &create) != CHANNEL_RC_OK)
			return;
	}
}

static void assert_refused(void (*script)(struct fake_target *target), const char *detail)
{
	struct run run = {0};

	run_start(&run, &(struct fake_target_plan){.gfx = true});
	fake_target_do(run.fake, script);
	assert_end(&run, END_TARGET_PROTOCOL, detail);
	run_clear(&run);
}

static void test_absurd_sizes(void)
{
	assert_refused(gfx_absurd_desktop, "desktop of 30000x30000");
	assert_refused(gfx_absurd_surface, "surface of 20000x20000");
	assert_refused(gfx_many_surfaces, "surface of 4096x4096");
}

static void test_absurd_first_size(void)
{
	struct run run = {0};

	run_start(&run, &(struct fake_target_plan){.width = 65000, .height = 200});
	assert_end(&run, END_TARGET_PROTOCOL, "desktop of 65000x200");
	run_clear(&run);
}

/* ---- Cursor ------------------------------------------------------------------------------------------------------------ */

static void send_cursor(struct fake_target *target)
{
	rdpUpdate *update = target->peer->context->update;
	/* Two by two, bottom-up, 32 bits: the upper row is red half transparent and blue, the lower green and nothing. */
	BYTE colours[] = {0, 255, 0, 255, 0, 0, 0, 0, 0, 0, 255, 128, 255, 0, 0, 255};
	BYTE mask[] = {0, 0, 0, 0};
	POINTER_NEW_UPDATE pointer = {.xorBpp = 32,
				      .colorPtrAttr = {.cacheIndex = 1,
						       .hotSpotX = 1,
						       .hotSpotY = 0,
						       .width = 2,
						       .height = 2,
						       .lengthAndMask = sizeof mask,
						       .lengthXorMask = sizeof colours,
						       .xorMaskData = colours,
						       .andMaskData = mask}};
	POINTER_POSITION_UPDATE position = {33, 44};

	g_assert_true(update->pointer->PointerNew(update->context, &pointer));
	g_assert_true(update->pointer->PointerPosition(update->context, &position));
}

static void send_system_cursor(struct fake_target *target, UINT32 type)
{
	rdpPointerUpdate *pointer = target->peer->context->update->pointer;
	POINTER_SYSTEM_UPDATE system = {type};

	g_assert_true(pointer->PointerSystem(target->peer->context, &system));
}

static void hide_cursor(struct fake_target *target)
{
	send_system_cursor(target, SYSPTR_NULL);
}

static void default_cursor(struct fake_target *target)
{
	send_system_cursor(target, SYSPTR_DEFAULT);
}

static bool has_cursors(struct session *session, void *n)
{
	return fake_session_counted(session)->cursors >= GPOINTER_TO_UINT(n);
}

static bool has_pointer(struct session *session, void *data)
{
	int32_t x, y;

	return fake_session_pointer(session, &x, &y) && x == 33 && y == 44;
}

static void await_cursors(struct run *run, unsigned n)
{
	g_assert_true(
		fake_session_wait(run->session, has_cursors, GUINT_TO_POINTER(n), PATIENCE_MS));
}

static void test_cursor(void)
{
	static const uint8_t expected[] = {0, 0,   255, 128, 255, 0, 0, 255,
					   0, 255, 0,	255, 0,	  0, 0, 0};
	struct run run = {0};

	run_start(&run, &(struct fake_target_plan){0});
	await_size(&run, WIDTH, HEIGHT);
	fake_target_do(run.fake, send_cursor);
	g_assert_true(fake_session_wait(run.session, has_pointer, NULL, PATIENCE_MS));
	const struct cursor_shape *cursor = fake_session_cursor(run.session);
	g_assert_cmpuint(cursor->width, ==, 2);
	g_assert_cmpuint(cursor->height, ==, 2);
	g_assert_cmpuint(cursor->hot_x, ==, 1);
	g_assert_cmpmem(cursor->bgra, 16, expected, sizeof expected);
	unsigned n = fake_session_counts(run.session).cursors;
	fake_target_do(run.fake, hide_cursor);
	await_cursors(&run, n + 1);
	g_assert_cmpuint(cursor->width, ==, 0);
	fake_target_do(run.fake, default_cursor);
	await_cursors(&run, n + 2);
	g_assert_cmpuint(cursor->width, ==, 12);
	run_stop(&run);
	run_clear(&run);
}

/* ---- Clipboard ------------------------------------------------------------------------------------------------------ */

static bool clipboard_is_ready(struct fake_target *target, void *data)
{
	return target->clipboard_ready;
}

static bool has_pasted(struct fake_target *target, void *text)
{
	return g_strcmp0(target->pasted, text) == 0;
}

static bool has_copied(struct session *session, void *text)
{
	return g_strcmp0(fake_session_clipboard(session), text) == 0;
}

static void copy_text(struct fake_target *target)
{
	static const gunichar2 text[] = {'a', 0x20AC, '\r', '\n', 0xD83D, 0xDE00, '\r', 'b', 0};

	fake_target_copy(target, text, sizeof text);
}

static void copy_half_a_character(struct fake_target *target)
{
	static const gunichar2 text[] = {'x', 0xD83D, 0};

	fake_target_copy(target, text, sizeof text);
}

static void copy_unended(struct fake_target *target)
{
	fake_target_copy(target, "o\0k\0?", 5);
}

static void offer(struct run *run, const char *text)
{
	struct back_command command = {.kind = BACK_CLIPBOARD, .clipboard = g_strdup(text)};

	fake_session_command(run->session, &command);
}

static void test_clipboard(void)
{
	char pasted[] = "two\r\nlines\r\nand \xE2\x82\xAC";
	char copied[] = "a\xE2\x82\xAC\n\xF0\x9F\x98\x80\rb", unended[] = "ok";
	struct run run = {0};

	run_start(&run, &(struct fake_target_plan){.clipboard = true});
	await_size(&run, WIDTH, HEIGHT);
	g_assert_true(fake_target_wait(run.fake, clipboard_is_ready, NULL));
	offer(&run, "two\nlines\r\nand \xE2\x82\xAC");
	g_assert_true(fake_target_wait(run.fake, has_pasted, pasted));
	fake_target_do(run.fake, copy_text);
	g_assert_true(fake_session_wait(run.session, has_copied, copied, PATIENCE_MS));
	/* What is no text is dropped; the session and the clipboard go on. */
	fake_target_do(run.fake, copy_half_a_character);
	fake_target_do(run.fake, copy_unended);
	g_assert_true(fake_session_wait(run.session, has_copied, unended, PATIENCE_MS));
	run_stop(&run);
	run_clear(&run);
}

/* ---- Ends -------------------------------------------------------------------------------------------------------------- */

static void redirect(struct fake_target *target)
{
	rdpRedirection *redirection = redirection_new();
	UINT32 missing = 0;

	redirection_set_session_id(redirection, 7);
	redirection_set_flags(redirection, LB_TARGET_NET_ADDRESS);
	redirection_set_string_option(redirection, LB_TARGET_NET_ADDRESS, "192.0.2.66");
	g_assert_true(redirection_settings_are_valid(redirection, &missing));
	g_assert_true(target->peer->SendServerRedirection(target->peer, redirection));
	redirection_free(redirection);
}

static void test_redirection(void)
{
	struct run run = {0};

	run_start(&run, &(struct fake_target_plan){0});
	await_size(&run, WIDTH, HEIGHT);
	fake_target_do(run.fake, redirect);
	assert_end(&run, END_TARGET_PROTOCOL, "redirects");
	run_clear(&run);
}

static void log_off(struct fake_target *target)
{
	rdpContext *context = target->peer->context;

	freerdp_set_error_info(context->rdp, ERRINFO_LOGOFF_BY_USER);
	g_assert_true(freerdp_send_error_info(context->rdp));
	target->stop = true;
}

static void drop(struct fake_target *target)
{
	target->stop = true;
}

static void test_target_leaves(void)
{
	struct run run = {0};

	run_start(&run, &(struct fake_target_plan){0});
	await_size(&run, WIDTH, HEIGHT);
	fake_target_do(run.fake, log_off);
	assert_end(&run, END_TARGET_CLOSED, "logged off");
	run_clear(&run);

	run = (struct run){0};
	run_start(&run, &(struct fake_target_plan){0});
	await_size(&run, WIDTH, HEIGHT);
	fake_target_do(run.fake, drop);
	assert_end(&run, END_TARGET_CLOSED, "target");
	run_clear(&run);
}

static unsigned open_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(directory))
		n++;
	closedir(directory);
	return n;
}

static void test_descriptors(void)
{
	test_wrong_certificate();
	unsigned before = open_descriptors();

	test_wrong_certificate();
	test_silent();
	g_assert_cmpuint(open_descriptors(), ==, before);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	/* FreeRDP's complaints about hostile targets are expected here. */
	g_log_set_always_fatal(G_LOG_FATAL_MASK);
	g_assert_cmpint(rdp_back.prepare(), ==, 0);
	g_test_add_func("/rdp-back/paint", test_paint);
	g_test_add_func("/rdp-back/nla", test_nla);
	g_test_add_func("/rdp-back/wrong-password", test_wrong_password);
	g_test_add_func("/rdp-back/wrong-certificate", test_wrong_certificate);
	g_test_add_func("/rdp-back/silent", test_silent);
	g_test_add_func("/rdp-back/silent-in-tls", test_silent_in_tls);
	g_test_add_func("/rdp-back/stop-while-connecting", test_stop_while_connecting);
	g_test_add_func("/rdp-back/no-tls", test_no_tls);
	g_test_add_func("/rdp-back/no-rdp", test_no_rdp);
	g_test_add_func("/rdp-back/input", test_input);
	g_test_add_func("/rdp-back/copy/gfx", test_gfx);
	g_test_add_func("/rdp-back/copy/gfx-unpainted-source", test_gfx_unpainted_source);
	g_test_add_func("/rdp-back/size/display-control", test_resize);
	g_test_add_func("/rdp-back/size/reactivation", test_reactivation);
	g_test_add_func("/rdp-back/size/absurd", test_absurd_sizes);
	g_test_add_func("/rdp-back/size/absurd-at-first", test_absurd_first_size);
	g_test_add_func("/rdp-back/cursor", test_cursor);
	g_test_add_func("/rdp-back/clipboard", test_clipboard);
	g_test_add_func("/rdp-back/end/redirection", test_redirection);
	g_test_add_func("/rdp-back/end/target-leaves", test_target_leaves);
	g_test_add_func("/rdp-back/end/descriptors", test_descriptors);
	return g_test_run();
}
