/* The writer of P slices: whatever is painted, and whatever hints say, libavcodec must show to the
 * last bit what the writer believes that it shows, and that must look like the source. */
#include "recorder/encode/convert.h"
#include "tests/support/video_decode.h"

#include <glib.h>
#include <string.h>

#define HINTS_MAX 4u

struct scene {
	struct nv12 picture;
	struct macroblocks blocks;
	struct encoder *encoder;
	struct video_decoder *decoder;
	uint32_t *pixels, width, height;
	struct motion_hint hints[HINTS_MAX];
	unsigned n_hints, n_deltas;
	size_t delta_bytes;
	GRand *random;
};

static uint32_t below(struct scene *s, uint32_t n)
{
	return g_rand_int(s->random) % n;
}

static void scene_init(struct scene *s, uint32_t width, uint32_t height, uint32_t qp, uint32_t seed)
{
	const struct encoder_settings settings = {.width = width,
						  .height = height,
						  .qp = qp,
						  .repeat_headers = true,
						  .method = ENCODER_DAMAGE};

	*s = (struct scene){.width = width, .height = height};
	g_assert_cmpint(nv12_init(&s->picture, width, height), ==, 0);
	g_assert_cmpint(macroblocks_init(&s->blocks, width, height), ==, 0);
	g_assert_cmpint(encoder_create(&settings, &s->encoder), ==, 0);
	s->decoder = video_decoder_create();
	s->pixels = g_new(uint32_t, (size_t)width * height);
	s->random = g_rand_new_with_seed(seed);
	for (uint32_t i = 0; i < width * height; i++)
		s->pixels[i] = 0x405060 + i % width / 8 * 0x010101;
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

/* ---- Painting ---- */

static struct rect random_rect(struct scene *s, uint32_t max_px)
{
	struct rect r = {below(s, s->width), below(s, s->height), 1 + below(s, max_px),
			 1 + below(s, max_px)};

	g_assert_true(rect_clip(&r, s->width, s->height));
	return r;
}

static void paint_text(struct scene *s, const struct rect *r)
{
	for (uint32_t y = r->y; y < r->y + r->height; y++)
		for (uint32_t x = r->x; x < r->x + r->width; x++)
			s->pixels[y * s->width + x] =
				below(s, 3) == 0 ? 0x101010 : 0xf0f0e8 + x % 3;
}

static void paint_flat(struct scene *s, const struct rect *r)
{
	uint32_t colour = g_rand_int(s->random) & 0xffffff;

	for (uint32_t y = r->y; y < r->y + r->height; y++)
		for (uint32_t x = r->x; x < r->x + r->width; x++)
			s->pixels[y * s->width + x] = colour + (y / 4) * 0x000100;
}

/* The worst there is: every coefficient is large, CAVLC gives up. */
static void paint_noise(struct scene *s, const struct rect *r)
{
	for (uint32_t y = r->y; y < r->y + r->height; y++)
		for (uint32_t x = r->x; x < r->x + r->width; x++)
			s->pixels[y * s->width + x] =
				below(s, 2) ? g_rand_int(s->random) : 0xffffff;
}

static void hint(struct scene *s, int32_t from_x, int32_t from_y, const struct rect *to)
{
	if (s->n_hints < HINTS_MAX)
		s->hints[s->n_hints++] = (struct motion_hint){
			from_x, from_y, (int32_t)to->x, (int32_t)to->y, to->width, to->height};
}

static void copy(struct scene *s, uint32_t from_x, uint32_t from_y, const struct rect *to)
{
	g_autofree uint32_t *saved = g_new(uint32_t, (size_t)to->width * to->height);

	for (uint32_t y = 0; y < to->height; y++)
		memcpy(saved + y * to->width, s->pixels + (from_y + y) * s->width + from_x,
		       to->width * 4);
	for (uint32_t y = 0; y < to->height; y++)
		memcpy(s->pixels + (to->y + y) * s->width + to->x, saved + y * to->width,
		       to->width * 4);
}

static void move_something(struct scene *s)
{
	struct rect to = random_rect(s, MAX(s->width, s->height));
	uint32_t from_x = below(s, s->width), from_y = below(s, s->height);

	to.width = MIN(to.width, s->width - from_x);
	to.height = MIN(to.height, s->height - from_y);
	copy(s, from_x, from_y, &to);
	switch (below(s, 3)) {
	case 0: /* the truth */
		hint(s, (int32_t)from_x, (int32_t)from_y, &to);
		break;
	case 1: /* a lie, perhaps far outside */
		hint(s, g_rand_int_range(s->random, INT32_MIN, INT32_MAX),
		     g_rand_int_range(s->random, -3000, 3000), &to);
		break;
	default: /* nothing said */
		break;
	}
}

static void paint_something(struct scene *s)
{
	struct rect r = random_rect(s, 120);

	switch (below(s, 6)) {
	case 0:
	case 1:
		paint_text(s, &r);
		break;
	case 2:
		paint_flat(s, &r);
		break;
	case 3:
		paint_noise(s, &r);
		break;
	case 4:
		move_something(s);
		break;
	default: /* nothing happened */
		break;
	}
}

/* ---- Judging ---- */

static void assert_plane_equal(const uint8_t *decoded, int decoded_stride, const uint8_t *shown,
			       size_t stride, unsigned step, int width, int height)
{
	for (int y = 0; y < height; y++)
		for (int x = 0; x < width; x++)
			if (decoded[y * decoded_stride + x] !=
			    shown[(size_t)y * stride + (size_t)x * step])
				g_error("at %d,%d libavcodec shows %u, the writer believes %u", x,
					y, decoded[y * decoded_stride + x],
					shown[(size_t)y * stride + (size_t)x * step]);
}

static void assert_shown(const AVFrame *frame, const struct nv12 *shown)
{
	assert_plane_equal(frame->data[0], frame->linesize[0], shown->luma, shown->stride_bytes, 1,
			   frame->width, frame->height);
	for (unsigned c = 0; c < 2; c++)
		assert_plane_equal(frame->data[1 + c], frame->linesize[1 + c], shown->chroma + c,
				   shown->stride_bytes, 2, frame->width / 2, frame->height / 2);
}

static const AVFrame *encode(struct scene *s, bool key, struct access_unit *ret)
{
	const struct rect all = {0, 0, s->width, s->height};

	memset(s->blocks.changed, 0, (size_t)s->blocks.columns * s->blocks.rows);
	convert_bgrx_nv12((const uint8_t *)s->pixels, s->width * 4u, &all, false, &s->picture,
			  &s->blocks);
	g_assert_cmpint(encoder_encode(s->encoder, &s->picture, &s->blocks, s->hints, s->n_hints,
				       key, 0, ret),
			==, 0);
	s->n_hints = 0;
	const AVFrame *frame = video_decoder_decode(s->decoder, ret->bytes, ret->length);
	g_assert_nonnull(frame);
	assert_shown(frame, encoder_shown(s->encoder));
	if (!ret->key) {
		s->n_deltas++;
		s->delta_bytes += ret->length;
	}
	return frame;
}

/* Constant QP: the error follows the quantiser's step, 6 dB with every 6. */
static double psnr_floor(uint32_t qp)
{
	return 43.5 - (double)qp * 0.55;
}

static void run_random(uint32_t width, uint32_t height, uint32_t qp, uint32_t seed, unsigned n)
{
	struct scene s;
	struct access_unit unit;

	scene_init(&s, width, height, qp, seed);
	for (unsigned i = 0; i < n; i++) {
		for (unsigned k = below(&s, 4); k > 0; k--)
			paint_something(&s);
		const AVFrame *frame = encode(&s, below(&s, 25) == 0, &unit);
		g_assert_cmpfloat(video_psnr_luma(frame, &s.picture), >, psnr_floor(qp));
		g_assert_cmpfloat(video_psnr_chroma(frame, &s.picture), >, psnr_floor(qp));
	}
	g_assert_cmpuint(s.n_deltas, >, n / 8);
	scene_finish(&s);
}

static void test_random_damage(void)
{
	static const uint32_t sizes[][2] = {{320, 208}, {333, 217}, {16, 16}, {17, 300}, {641, 49}};

	for (uint32_t qp = 18; qp <= 34; qp++)
		for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++)
			run_random(sizes[i][0], sizes[i][1], qp, qp * 10 + i, 40);
}

/* Outside of what recordings use, where levels grow larger than CAVLC can say. */
static void test_extreme_qp(void)
{
	for (uint32_t qp = 1; qp < 18; qp += 4)
		run_random(160, 112, qp, qp, 40);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/damage-encoder/random-damage", test_random_damage);
	g_test_add_func("/damage-encoder/extreme-qp", test_extreme_qp);
	return g_test_run();
}
