/* The front's pure parts: input flags, size limits, capability sets, codec choice, clipboard
 * and display messages. */
#include "base/secret.h"
#include "gateway/rdp/rdp_encode.h"
#include "gateway/rdp/rdp_front.h"
#include "gateway/rdp/rdp_front_clipboard.h"
#include "gateway/rdp/rdp_front_display.h"

#include <freerdp/input.h>
#include <glib.h>
#include <string.h>

/* ---- Input ---- */

static void test_scancodes(void)
{
	struct key_event event;

	rdp_key_from_scancode(0, 0x1e, &event);
	g_assert_true(event.kind == KEY_SCANCODE && event.code == 0x1e && event.down);
	g_assert_cmpint(event.prefix, ==, KEY_PREFIX_NONE);
	rdp_key_from_scancode(KBD_FLAGS_RELEASE | KBD_FLAGS_EXTENDED, 0x48, &event);
	g_assert_true(event.code == 0x48 && !event.down && event.prefix == KEY_PREFIX_E0);
	rdp_key_from_scancode(KBD_FLAGS_EXTENDED1, 0x1d, &event);
	g_assert_true(event.down && event.prefix == KEY_PREFIX_E1);
}

static int32_t wheel(uint16_t flags)
{
	struct pointer_event event;
	uint32_t buttons = POINTER_LEFT;

	g_assert_true(rdp_pointer_from_mouse(flags, 5, 6, &buttons, &event));
	g_assert_cmpuint(event.buttons, ==, POINTER_LEFT);
	return event.wheel_up ? event.wheel_up : event.wheel_right;
}

static void test_wheel(void)
{
	g_assert_cmpint(wheel(PTR_FLAGS_WHEEL | 0x78), ==, 120);
	g_assert_cmpint(wheel(PTR_FLAGS_WHEEL | PTR_FLAGS_WHEEL_NEGATIVE | 0x88), ==, -120);
	g_assert_cmpint(wheel(PTR_FLAGS_WHEEL | PTR_FLAGS_WHEEL_NEGATIVE | 0xff), ==, -1);
	g_assert_cmpint(wheel(PTR_FLAGS_HWHEEL | 0x78), ==, 120);
	g_assert_cmpint(wheel(PTR_FLAGS_HWHEEL | PTR_FLAGS_WHEEL_NEGATIVE), ==, -256);
}

static void test_buttons(void)
{
	struct pointer_event event;
	uint32_t buttons = 0;

	g_assert_true(rdp_pointer_from_mouse(PTR_FLAGS_DOWN | PTR_FLAGS_BUTTON2, 10, 20, &buttons,
					     &event));
	g_assert_true(event.x == 10 && event.y == 20 && event.buttons == POINTER_RIGHT);
	g_assert_true(rdp_pointer_from_extended(PTR_XFLAGS_DOWN | PTR_XFLAGS_BUTTON2, 11, 21,
						&buttons, &event));
	g_assert_cmpuint(event.buttons, ==, POINTER_RIGHT | POINTER_X2);
	g_assert_true(rdp_pointer_from_mouse(PTR_FLAGS_MOVE, 12, 22, &buttons, &event));
	g_assert_cmpuint(event.buttons, ==, POINTER_RIGHT | POINTER_X2);
	g_assert_true(rdp_pointer_from_mouse(PTR_FLAGS_BUTTON2, 12, 22, &buttons, &event));
	g_assert_cmpuint(event.buttons, ==, POINTER_X2);
	g_assert_false(rdp_pointer_from_mouse(0, 1, 1, &buttons, &event));
	g_assert_false(rdp_pointer_from_extended(PTR_XFLAGS_DOWN, 1, 1, &buttons, &event));
}

static void test_clamp(void)
{
	g_assert_cmpuint(rdp_clamp_width(0, 2560), ==, 200);
	g_assert_cmpuint(rdp_clamp_width(1367, 2560), ==, 1366);
	g_assert_cmpuint(rdp_clamp_width(65535, 2560), ==, 2560);
	g_assert_cmpuint(rdp_clamp_height(UINT32_MAX, 1600), ==, 1600);
	g_assert_cmpuint(rdp_clamp_height(601, 1600), ==, 601);
	g_assert_cmpuint(rdp_clamp_height(100, 0), ==, 200);
}

/* ---- Graphics ---- */

static struct rdp_encode_caps choose(uint32_t version, uint32_t flags)
{
	const RDPGFX_CAPSET sets[] = {{RDPGFX_CAPVERSION_8, 4, 0}, {version, 4, flags}};
	struct rdp_encode_caps caps = {false, false};
	RDPGFX_CAPSET set;

	g_assert_true(rdp_gfx_choose_caps(sets, 2, &set, &caps));
	g_assert_cmphex(set.version, ==, version);
	g_assert_cmphex(set.flags, ==, flags);
	return caps;
}

static void test_caps(void)
{
	const RDPGFX_CAPSET unknown = {0x000b0000, 4, 0};
	struct rdp_encode_caps caps;
	RDPGFX_CAPSET set;

	g_assert_true(choose(RDPGFX_CAPVERSION_107, 0).avc420);
	g_assert_false(choose(RDPGFX_CAPVERSION_107, RDPGFX_CAPS_FLAG_AVC_DISABLED).avc420);
	g_assert_true(choose(RDPGFX_CAPVERSION_101, RDPGFX_CAPS_FLAG_AVC_DISABLED).avc420);
	g_assert_true(choose(RDPGFX_CAPVERSION_81, RDPGFX_CAPS_FLAG_AVC420_ENABLED).avc420);
	g_assert_false(choose(RDPGFX_CAPVERSION_81, 0).avc420);
	g_assert_true(choose(RDPGFX_CAPVERSION_81, 0).progressive);
	g_assert_false(choose(RDPGFX_CAPVERSION_81, RDPGFX_CAPS_FLAG_THINCLIENT).progressive);
	g_assert_false(rdp_gfx_choose_caps(&unknown, 1, &set, &caps));
	g_assert_false(rdp_gfx_choose_caps(NULL, 0, &set, &caps));
}

static void test_codec(void)
{
	const struct rdp_encode_caps all = {true, true}, no_avc = {false, true},
				     none = {false, false};

	g_assert_cmpint(rdp_encode_choose(&all, 300 * 20), ==, RDP_CODEC_PLANAR);
	g_assert_cmpint(rdp_encode_choose(&all, 1920 * 1080), ==, RDP_CODEC_AVC420);
	g_assert_cmpint(rdp_encode_choose(&no_avc, 1920 * 1080), ==, RDP_CODEC_PROGRESSIVE);
	g_assert_cmpint(rdp_encode_choose(&none, 1920 * 1080), ==, RDP_CODEC_PLANAR);
}

struct sink {
	unsigned n_avc, n_planar;
	uint64_t planar_px;
};

static bool count_command(void *user, RDPGFX_SURFACE_COMMAND *command)
{
	struct sink *sink = user;

	if (command->codecId == RDPGFX_CODECID_AVC420)
		sink->n_avc++;
	if (command->codecId == RDPGFX_CODECID_PLANAR) {
		sink->n_planar++;
		sink->planar_px += (uint64_t)command->width * command->height;
	}
	return true;
}

/* What went out with loss comes again without, once, after it has been quiet; what
 * was copied from it too. */
static void test_refine(void)
{
	const struct rdp_encode_caps caps = {true, true};
	g_autofree uint8_t *pixels = g_malloc0(640 * 640 * 4);
	const struct shadow shadow = {pixels, 640 * 4, 640, 640};
	const struct picture_copy copy = {{0, 512, 64, 64}, 0, 0};
	struct rdp_encode *encode = rdp_encode_create(&caps, 640, 640);
	pixman_region32_t painted;
	struct sink sink = {0};

	pixman_region32_init_rect(&painted, 0, 0, 640, 320);
	g_assert_cmpuint(rdp_encode_refine_due_us(encode), ==, UINT64_MAX);
	g_assert_true(rdp_encode_paint(encode, &shadow, &painted, 1000, count_command, &sink));
	g_assert_cmpuint(sink.n_avc, ==, 1);
	rdp_encode_copied(encode, &copy);
	g_assert_cmpuint(rdp_encode_refine_due_us(encode), ==, 301000);
	g_assert_true(rdp_encode_refine(encode, &shadow, 300000, count_command, &sink));
	g_assert_cmpuint(sink.n_planar, ==, 0);
	while (rdp_encode_refine_due_us(encode) != UINT64_MAX)
		g_assert_true(rdp_encode_refine(encode, &shadow, 301000, count_command, &sink));
	g_assert_cmpuint(sink.planar_px, ==, 640 * 320 + 64 * 64);
	g_assert_cmpuint(sink.n_avc, ==, 1);
	pixman_region32_fini(&painted);
	rdp_encode_destroy(encode);
}

static bool count_tiny(void *user, RDPGFX_SURFACE_COMMAND *command)
{
	if (command->codecId == RDPGFX_CODECID_UNCOMPRESSED)
		g_assert_cmpuint(command->length, ==, command->width * command->height * 4);
	else
		g_assert_cmpint(command->codecId, ==, RDPGFX_CODECID_PLANAR);
	*(uint64_t *)user += (uint64_t)command->width * command->height;
	return true;
}

/* FreeRDP's planar encoder gives up on pictures of a few pixels, depending on what they show. */
static void test_tiny(void)
{
	const struct rdp_encode_caps caps = {true, true};
	g_autofree uint8_t *pixels = g_malloc(64 * 64 * 4);
	const struct shadow shadow = {pixels, 64 * 4, 64, 64};
	struct rdp_encode *encode = rdp_encode_create(&caps, 64, 64);

	for (unsigned i = 0; i < 64 * 64 * 4; i++)
		pixels[i] = (uint8_t)g_test_rand_int();
	for (unsigned width = 1; width <= 9; width++) {
		for (unsigned height = 1; height <= 9; height++) {
			pixman_region32_t painted;
			uint64_t sent_px = 0;
			pixman_region32_init_rect(&painted, 3, 5, width, height);
			g_assert_true(rdp_encode_paint(encode, &shadow, &painted, 1000, count_tiny,
						       &sent_px));
			g_assert_cmpuint(sent_px, ==, width * height);
			pixman_region32_fini(&painted);
		}
	}
	rdp_encode_destroy(encode);
}

/* ---- Clipboard ---- */

struct ear {
	GByteArray *sent;
	char *text;
	bool busy;
};

static bool hear_message(void *user, const uint8_t *bytes, size_t length)
{
	struct ear *ear = user;

	g_byte_array_set_size(ear->sent, 0);
	g_byte_array_append(ear->sent, bytes, (guint)length);
	return true;
}

static bool is_busy(void *user)
{
	return ((struct ear *)user)->busy;
}

static void hear_text(void *user, const char *utf8)
{
	struct ear *ear = user;

	g_free(ear->text);
	ear->text = g_strdup(utf8);
}

static const struct rdp_front_clipboard_ops ear_ops = {hear_message, is_busy, hear_text};

#define RECEIVE(clipboard, ...)                                                                    \
	rdp_front_clipboard_receive(clipboard, (const uint8_t[]){__VA_ARGS__},                     \
				    sizeof((const uint8_t[]){__VA_ARGS__}))

static struct rdp_front_clipboard *clipboard_ready(struct ear *ear)
{
	*ear = (struct ear){.sent = g_byte_array_new()};
	struct rdp_front_clipboard *clipboard = rdp_front_clipboard_create(&ear_ops, ear);

	g_assert_true(rdp_front_clipboard_start(clipboard));
	g_assert_cmpuint(ear->sent->data[0], ==, 1);
	g_assert_true(RECEIVE(clipboard, 7, 0, 0, 0, 16, 0, 0, 0, 1, 0, 0, 0, 1, 0, 12, 0, 2, 0, 0,
			      0, 2, 0, 0, 0));
	/* "HTML" and then text: the text is asked for. */
	g_assert_true(RECEIVE(clipboard, 2, 0, 0, 0, 18, 0, 0, 0, 0x10, 0xc0, 0, 0, 'H', 0, 'T', 0,
			      'M', 0, 0, 0, 13, 0, 0, 0, 0, 0));
	g_assert_cmpmem(ear->sent->data, ear->sent->len, "\4\0\0\0\4\0\0\0\r\0\0\0", 12);
	return clipboard;
}

static void clipboard_done(struct rdp_front_clipboard *clipboard, struct ear *ear)
{
	rdp_front_clipboard_destroy(clipboard);
	g_byte_array_unref(ear->sent);
	g_free(ear->text);
}

static void test_clipboard_in(void)
{
	struct ear ear;
	struct rdp_front_clipboard *clipboard = clipboard_ready(&ear);

	g_assert_true(RECEIVE(clipboard, 5, 0, 1, 0, 12, 0, 0, 0, 0xe4, 0, '\r', 0, '\n', 0, 'b', 0,
			      0, 0, 'x', 0));
	g_assert_cmpstr(ear.text, ==, "ä\nb");
	/* Not asked for: not taken. */
	g_assert_true(RECEIVE(clipboard, 5, 0, 1, 0, 2, 0, 0, 0, 'y', 0));
	g_assert_cmpstr(ear.text, ==, "ä\nb");
	clipboard_done(clipboard, &ear);
}

static void test_clipboard_out(void)
{
	struct ear ear;
	struct rdp_front_clipboard *clipboard = clipboard_ready(&ear);

	g_assert_true(rdp_front_clipboard_offer(clipboard, "a\nb"));
	g_assert_cmpmem(ear.sent->data, ear.sent->len, "\2\0\0\0\6\0\0\0\r\0\0\0\0\0", 14);
	ear.busy = true;
	g_assert_true(RECEIVE(clipboard, 4, 0, 0, 0, 4, 0, 0, 0, 13, 0, 0, 0));
	g_assert_cmpuint(ear.sent->len, ==, 14);
	ear.busy = false;
	g_assert_true(rdp_front_clipboard_flush(clipboard));
	g_assert_cmpmem(ear.sent->data, ear.sent->len, "\5\0\1\0\n\0\0\0a\0\r\0\n\0b\0\0\0", 18);
	/* HTML is not offered; files do not exist. */
	g_assert_true(RECEIVE(clipboard, 4, 0, 0, 0, 4, 0, 0, 0, 0x10, 0xc0, 0, 0));
	g_assert_cmpmem(ear.sent->data, ear.sent->len, "\5\0\2\0\0\0\0\0", 8);
	g_assert_true(RECEIVE(clipboard, 8, 0, 0, 0, 4, 0, 0, 0, 7, 0, 0, 0));
	g_assert_cmpmem(ear.sent->data, ear.sent->len, "\t\0\2\0\4\0\0\0\7\0\0\0", 12);
	clipboard_done(clipboard, &ear);
}

static void test_clipboard_bad(void)
{
	struct ear ear;
	struct rdp_front_clipboard *clipboard = clipboard_ready(&ear);

	g_assert_false(RECEIVE(clipboard, 5, 0, 1, 0));
	g_assert_false(RECEIVE(clipboard, 5, 0, 1, 0, 0xff, 0xff, 0xff, 0xff, 'x', 0));
	g_assert_false(RECEIVE(clipboard, 99, 0, 0, 0, 0, 0, 0, 0));
	g_assert_false(RECEIVE(clipboard, 4, 0, 0, 0, 1, 0, 0, 0, 13));
	g_assert_false(RECEIVE(clipboard, 7, 0, 0, 0, 2, 0, 0, 0, 1, 0));
	/* A name without an end, a list that stops inside an entry: no text, no harm. */
	g_assert_true(RECEIVE(clipboard, 2, 0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 'a', 0, 'b', 0));
	g_assert_true(RECEIVE(clipboard, 2, 0, 0, 0, 3, 0, 0, 0, 13, 0, 0));
	clipboard_done(clipboard, &ear);
}

/* ---- Display ---- */

static void put_u32(GByteArray *out, uint32_t value)
{
	value = GUINT32_TO_LE(value);
	g_byte_array_append(out, (const guint8 *)&value, 4);
}

static GByteArray *layout(uint32_t n, const int32_t monitors[][4], unsigned n_monitors)
{
	GByteArray *out = g_byte_array_new();

	put_u32(out, 2);
	put_u32(out, 16 + 40 * n_monitors);
	put_u32(out, 40);
	put_u32(out, n);
	for (unsigned i = 0; i < n_monitors; i++) {
		put_u32(out, i == 0);
		for (unsigned j = 0; j < 4; j++)
			put_u32(out, (uint32_t)monitors[i][j]);
		for (unsigned j = 0; j < 5; j++)
			put_u32(out, 0);
	}
	return out;
}

static bool parse(uint32_t n, const int32_t monitors[][4], unsigned n_monitors, uint32_t *ret_width,
		  uint32_t *ret_height)
{
	g_autoptr(GByteArray) out = layout(n, monitors, n_monitors);

	return rdp_display_parse(out->data, out->len, ret_width, ret_height);
}

static void test_display(void)
{
	static const int32_t two[][4] = {{0, 0, 1280, 800}, {-1024, 100, 1024, 768}};
	static const int32_t wide[][4] = {{0, 0, 70000, 800}}, empty[][4] = {{0, 0, 0, 800}};
	uint32_t width = 0, height = 0;

	g_assert_true(parse(1, two, 1, &width, &height));
	g_assert_true(width == 1280 && height == 800);
	g_assert_true(parse(2, two, 2, &width, &height));
	g_assert_true(width == 2304 && height == 868);
	g_assert_false(parse(2, two, 1, &width, &height));
	g_assert_false(parse(0, two, 1, &width, &height));
	g_assert_false(parse(0x10000000, two, 2, &width, &height));
	g_assert_false(parse(1, wide, 1, &width, &height));
	g_assert_false(parse(1, empty, 1, &width, &height));
	g_assert_false(rdp_display_parse((const uint8_t *)"\2\0\0\0", 4, &width, &height));
	g_autoptr(GByteArray) both = layout(2, two, 2);
	g_autofree char *json = rdp_display_describe(both->data);
	g_assert_cmpstr(json, ==,
			"{\"type\":\"monitors\",\"monitors\":["
			"{\"left\":0,\"top\":0,\"width\":1280,\"height\":800},"
			"{\"left\":-1024,\"top\":100,\"width\":1024,\"height\":768}]}");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(secret_init(), ==, 0);
	g_test_add_func("/rdp/parts/scancodes", test_scancodes);
	g_test_add_func("/rdp/parts/wheel", test_wheel);
	g_test_add_func("/rdp/parts/buttons", test_buttons);
	g_test_add_func("/rdp/parts/clamp", test_clamp);
	g_test_add_func("/rdp/parts/caps", test_caps);
	g_test_add_func("/rdp/parts/codec", test_codec);
	g_test_add_func("/rdp/parts/refine", test_refine);
	g_test_add_func("/rdp/parts/tiny", test_tiny);
	g_test_add_func("/rdp/parts/clipboard/in", test_clipboard_in);
	g_test_add_func("/rdp/parts/clipboard/out", test_clipboard_out);
	g_test_add_func("/rdp/parts/clipboard/bad", test_clipboard_bad);
	g_test_add_func("/rdp/parts/display", test_display);
	return g_test_run();
}
