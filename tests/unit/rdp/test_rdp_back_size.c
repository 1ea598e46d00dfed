/* Desktop sizes at the RDP back: asked for by the viewer, changed by the target, absurd ones. */
#include "tests/unit/rdp/back_run.h"

#include <freerdp/channels/rdpgfx.h>
#include <freerdp/freerdp.h>

#define REACTIVATION_KEYS 200u

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
	run_await_picture(&run, (struct area){0, 0, WIDTH, HEIGHT, gradient});
	double_command(run.session, &size);
	g_assert_true(fake_target_wait(run.fake, has_layout, NULL));
	fake_target_do(run.fake, gfx_1000x700);
	run_await_size(&run, 1000, 700);
	run_await_picture(&run, (struct area){0, 0, 1000, 700, gradient});
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
	run_await_size(&run, WIDTH, HEIGHT);
	fake_target_do(run.fake, paint_gradient);
	run_await_picture(&run, (struct area){0, 0, WIDTH, HEIGHT, gradient});
	fake_target_do(run.fake, reactivate_smaller);
	fake_target_do(run.fake, paint_small);
	/* Not before: what is under way when a target deactivates is lost there
	 * (FreeRDP 3.33 does so, too). */
	g_assert_true(fake_target_wait(run.fake, is_deactivated, NULL));
	/* Typed in and after the reactivation; nothing is lost. */
	for (unsigned i = 0; i < REACTIVATION_KEYS; i++) {
		run_press(&run, KEY_SCANCODE, 0x1E, KEY_PREFIX_NONE, i % 2 == 0);
		g_usleep(200);
	}
	run_await_size(&run, 320, 240);
	run_await_picture(&run, (struct area){0, 0, 320, 240, gradient});
	run_await_inputs(&run, REACTIVATION_KEYS);
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
	run_assert_end(&run, END_TARGET_PROTOCOL, detail);
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
	run_assert_end(&run, END_TARGET_PROTOCOL, "desktop of 65000x200");
	run_clear(&run);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	/* FreeRDP's complaints about hostile targets are expected here. */
	g_log_set_always_fatal(G_LOG_FATAL_MASK);
	g_assert_cmpint(rdp_back.prepare(), ==, 0);
	g_test_add_func("/rdp-back/size/display-control", test_resize);
	g_test_add_func("/rdp-back/size/reactivation", test_reactivation);
	g_test_add_func("/rdp-back/size/absurd", test_absurd_sizes);
	g_test_add_func("/rdp-back/size/absurd-at-first", test_absurd_first_size);
	return g_test_run();
}
