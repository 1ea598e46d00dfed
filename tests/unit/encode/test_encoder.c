/* Encoder: what libavcodec decodes is what went in; IDR only when asked; unchanged macroblocks stay
 * as they were. */
#include "recorder/encode/convert.h"
#include "tests/support/video_decode.h"

#include <glib.h>
#include <string.h>

struct scene {
	struct nv12 picture;
	struct macroblocks blocks;
	struct encoder *encoder;
	struct video_decoder *decoder;
	uint32_t *pixels;
	GRand *random;
};

/* Something like a desktop: flat areas, a gradient, and dark strokes of text. */
static void draw_desktop(struct scene *s)
{
	for (uint32_t y = 0; y < s->picture.height; y++)
		for (uint32_t x = 0; x < s->picture.width; x++)
			s->pixels[y * s->picture.width + x] = y < 20 ? 0x203040 + x % 256
							      : (x * 7 + y * 3) % 23 < 3 ? 0x101010
											 : 0xf0f0e8;
}

static void scene_init(struct scene *s, uint32_t width, uint32_t height, uint32_t qp)
{
	const struct encoder_settings settings = {width, height, qp, false, true};

	g_assert_cmpint(nv12_init(&s->picture, width, height), ==, 0);
	g_assert_cmpint(macroblocks_init(&s->blocks, width, height), ==, 0);
	g_assert_cmpint(encoder_create(&settings, &s->encoder), ==, 0);
	s->decoder = video_decoder_create();
	s->pixels = g_new0(uint32_t, (size_t)width * height);
	s->random = g_rand_new_with_seed(3);
	draw_desktop(s);
}

static void scene_finish(struct scene *s)
{
	nv12_finish(&s->picture);
	macroblocks_finish(&s->blocks);
	encoder_destroy(s->encoder);
	video_decoder_destroy(s->decoder);
	g_free(s->pixels);
	g_rand_free(s->random);
}

static unsigned scene_convert(struct scene *s)
{
	const struct rect all = {0, 0, s->picture.width, s->picture.height};

	memset(s->blocks.changed, 0, (size_t)s->blocks.columns * s->blocks.rows);
	return convert_bgrx_nv12((const uint8_t *)s->pixels, s->picture.width * 4u, &all, false,
				 &s->picture, &s->blocks);
}

static const AVFrame *scene_encode(struct scene *s, bool key, struct access_unit *ret)
{
	g_assert_cmpint(encoder_encode(s->encoder, &s->picture, &s->blocks, NULL, 0, key, 0, ret),
			==, 0);
	const AVFrame *frame = video_decoder_decode(s->decoder, ret->bytes, ret->length);
	g_assert_nonnull(frame);
	return frame;
}

static void scribble(struct scene *s)
{
	uint32_t x0 = (uint32_t)g_rand_int_range(s->random, 0, (int)s->picture.width - 30);
	uint32_t y0 = (uint32_t)g_rand_int_range(s->random, 0, (int)s->picture.height - 12);

	for (uint32_t y = 0; y < 12; y++)
		for (uint32_t x = 0; x < 30; x++)
			s->pixels[(y0 + y) * s->picture.width + x0 + x] =
				g_rand_boolean(s->random) ? 0x00ffffff : 0x00202020;
}

static void test_decodes_to_source(void)
{
	struct scene s;
	struct access_unit unit;

	scene_init(&s, 320, 208, 24);
	scene_convert(&s);
	g_assert_cmpfloat(video_psnr_luma(scene_encode(&s, false, &unit), &s.picture), >, 38);
	g_assert_true(unit.key);
	for (unsigned i = 0; i < 60; i++) {
		scribble(&s);
		scene_convert(&s);
		const AVFrame *frame = scene_encode(&s, i == 30, &unit);
		g_assert_cmpint(unit.key, ==, i == 30);
		g_assert_cmpint(frame->pict_type == AV_PICTURE_TYPE_I, ==, i == 30);
		g_assert_cmpfloat(video_psnr_luma(frame, &s.picture), >, 38);
		g_assert_cmpfloat(video_psnr_chroma(frame, &s.picture), >, 38);
	}
	scene_finish(&s);
}

/* The whole point of the hints: an unchanged macroblock decodes to exactly the same pixels, and
 * costs next to nothing. */
static void test_unchanged_blocks_stay(void)
{
	struct scene s;
	struct access_unit unit;

	scene_init(&s, 640, 352, 24);
	scene_convert(&s);
	AVFrame *before = av_frame_clone(scene_encode(&s, true, &unit));
	for (unsigned i = 0; i < 20; i++) {
		g_assert_cmpuint(scene_convert(&s), ==, 0);
		const AVFrame *after = scene_encode(&s, false, &unit);
		g_assert_cmpuint(unit.length, <, 40);
		for (int y = 0; y < before->height; y++)
			g_assert_cmpmem(before->data[0] + y * before->linesize[0], 640,
					after->data[0] + y * after->linesize[0], 640);
	}
	av_frame_free(&before);
	scene_finish(&s);
}

static void test_odd_size(void)
{
	struct scene s;
	struct access_unit unit;

	scene_init(&s, 333, 217, 24);
	scene_convert(&s);
	const AVFrame *frame = scene_encode(&s, true, &unit);
	g_assert_cmpint(frame->width, ==, 334);
	g_assert_cmpint(frame->height, ==, 218);
	g_assert_cmpfloat(video_psnr_luma(frame, &s.picture), >, 38);
	scene_finish(&s);
}

static void test_headers_and_codec_string(void)
{
	struct scene s;
	struct access_unit unit;
	static const uint8_t sps_start[] = {0, 0, 0, 1, 0x67, 0x42, 0xc0};

	scene_init(&s, 1280, 720, 24);
	scene_convert(&s);
	const AVFrame *frame = scene_encode(&s, true, &unit);
	g_assert_cmpmem(unit.bytes, sizeof sps_start, sps_start, sizeof sps_start);
	g_assert_true(g_str_has_prefix(encoder_codec_string(s.encoder), "avc1.42c0"));
	g_assert_cmpuint(strlen(encoder_codec_string(s.encoder)), ==, 11);
	g_assert_cmpint(frame->colorspace, ==, AVCOL_SPC_BT709);
	g_assert_cmpint(frame->color_range, ==, AVCOL_RANGE_MPEG);
	scene_encode(&s, true, &unit);
	g_assert_cmpmem(unit.bytes, sizeof sps_start, sps_start, sizeof sps_start);
	scene_finish(&s);
}

/* RDPGFX: full range, and headers once. */
static void test_full_range_single_headers(void)
{
	const struct encoder_settings settings = {64, 64, 26, true, false};
	struct encoder *encoder;
	struct access_unit unit;
	struct nv12 picture;
	struct video_decoder *decoder = video_decoder_create();

	g_assert_cmpint(encoder_create(&settings, &encoder), ==, 0);
	nv12_init(&picture, 64, 64);
	for (unsigned i = 0; i < 3; i++) {
		g_assert_cmpint(encoder_encode(encoder, &picture, NULL, NULL, 0, i == 2, 0, &unit),
				==, 0);
		g_assert_cmpint((unit.bytes[4] & 31) == 7, ==, i == 0);
		const AVFrame *frame = video_decoder_decode(decoder, unit.bytes, unit.length);
		g_assert_nonnull(frame);
		g_assert_cmpint(frame->color_range, ==, AVCOL_RANGE_JPEG);
	}
	nv12_finish(&picture);
	video_decoder_destroy(decoder);
	encoder_destroy(encoder);
}

static void test_refuses_absurd_settings(void)
{
	static const struct encoder_settings bad[] = {
		{0, 480, 24, false, true},     {640, 8, 24, false, true},
		{640, 480, 0, false, true},    {640, 480, 51, false, true},
		{70000, 480, 24, false, true},
	};
	struct encoder *encoder = NULL;

	for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_cmpint(encoder_create(&bad[i], &encoder), <, 0);
	g_assert_null(encoder);
	encoder_destroy(NULL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/encoder/decodes-to-source", test_decodes_to_source);
	g_test_add_func("/encoder/unchanged-blocks-stay", test_unchanged_blocks_stay);
	g_test_add_func("/encoder/odd-size", test_odd_size);
	g_test_add_func("/encoder/headers-and-codec-string", test_headers_and_codec_string);
	g_test_add_func("/encoder/full-range-single-headers", test_full_range_single_headers);
	g_test_add_func("/encoder/refuses-absurd-settings", test_refuses_absurd_settings);
	return g_test_run();
}
