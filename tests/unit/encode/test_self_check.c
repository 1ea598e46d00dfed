/* A recording whose encoder is wrong about itself must raise an alarm and stay whole. */
#include "recorder/encode/convert.h"
#include "recorder/encode/encoder_methods.h"
#include "recorder/encode/self_check.h"
#include "tests/support/video_decode.h"

#include <glib.h>
#include <string.h>

#define WIDTH 320u
#define HEIGHT 208u

static const struct encoder_settings settings = {.width = WIDTH,
						 .height = HEIGHT,
						 .qp = 24,
						 .repeat_headers = true,
						 .method = ENCODER_DAMAGE};

/* A real encoder that, from some picture on, believes in one sample that is not there. */
struct liar {
	struct encoder base;
	struct encoder *real;
	struct nv12 belief;
	unsigned n_pictures, lies_from;
};

static int liar_encode(struct encoder *base, const struct encoder_input *input,
		       struct access_unit *ret)
{
	struct liar *liar = (struct liar *)base;
	const struct nv12 *shown;
	int result = liar->real->methods->encode(liar->real, input, ret);

	shown = encoder_shown(liar->real);
	if (liar->belief.luma == NULL)
		g_assert_cmpint(nv12_init(&liar->belief, shown->width, shown->height), ==, 0);
	g_assert_cmpuint(liar->belief.stride_bytes, ==, shown->stride_bytes);
	memcpy(liar->belief.luma, shown->luma, shown->stride_bytes * shown->height);
	memcpy(liar->belief.chroma, shown->chroma, shown->stride_bytes * shown->height / 2);
	if (++liar->n_pictures >= liar->lies_from)
		liar->belief.chroma[5 * shown->stride_bytes + 7] ^= 1;
	return result;
}

static const struct nv12 *liar_shown(const struct encoder *encoder)
{
	return &((const struct liar *)encoder)->belief;
}

static const char *liar_codec(const struct encoder *encoder)
{
	return encoder_codec_string(((const struct liar *)encoder)->real);
}

static void liar_destroy(struct encoder *base)
{
	struct liar *liar = (struct liar *)base;

	encoder_destroy(liar->real);
	nv12_finish(&liar->belief);
	g_free(liar);
}

static struct encoder *liar_create(unsigned lies_from)
{
	static const struct encoder_methods methods = {liar_encode, liar_shown, liar_codec,
						       liar_destroy};
	struct liar *liar = g_new0(struct liar, 1);

	liar->base.methods = &methods;
	liar->lies_from = lies_from;
	g_assert_cmpint(encoder_create(&settings, &liar->real), ==, 0);
	return &liar->base;
}

static void paint(struct nv12 *picture, struct macroblocks *blocks, unsigned step)
{
	unsigned at = step * 7 % (blocks->columns * blocks->rows);
	uint8_t *luma = picture->luma + at / blocks->columns * 16 * picture->stride_bytes +
			at % blocks->columns * 16;

	memset(blocks->changed, 0, (size_t)blocks->columns * blocks->rows);
	blocks->changed[at] = 1;
	for (unsigned y = 0; y < 16; y++)
		for (unsigned x = 0; x < 16; x++)
			luma[y * picture->stride_bytes + x] = (uint8_t)(16 + (x * y * step) % 200);
}

/* Encodes 20 pictures and says at which ones an IDR came. */
static uint32_t run(struct encoder *encoder)
{
	struct video_decoder *decoder = video_decoder_create();
	struct macroblocks blocks;
	struct nv12 picture;
	uint32_t keys = 0;

	g_assert_cmpint(nv12_init(&picture, WIDTH, HEIGHT), ==, 0);
	g_assert_cmpint(macroblocks_init(&blocks, WIDTH, HEIGHT), ==, 0);
	for (unsigned i = 0; i < 20; i++) {
		struct access_unit unit;
		paint(&picture, &blocks, i);
		g_assert_cmpint(
			encoder_encode(encoder, &picture, &blocks, NULL, 0, false, 0, &unit), ==,
			0);
		const AVFrame *frame = video_decoder_decode(decoder, unit.bytes, unit.length);
		g_assert_nonnull(frame);
		g_assert_cmpfloat(video_psnr_luma(frame, &picture), >, 38);
		keys |= (uint32_t)unit.key << i;
	}
	g_assert_cmpstr(encoder_codec_string(encoder), !=, "");
	encoder_destroy(encoder);
	video_decoder_destroy(decoder);
	nv12_finish(&picture);
	macroblocks_finish(&blocks);
	return keys;
}

static GLogWriterOutput count_alarms(GLogLevelFlags level, const GLogField *fields, gsize n_fields,
				     gpointer user)
{
	unsigned *n_alarms = user;

	(void)fields;
	(void)n_fields;
	*n_alarms += (level & G_LOG_LEVEL_CRITICAL) != 0;
	return G_LOG_WRITER_HANDLED;
}

static void test_honest(gconstpointer user)
{
	const unsigned *n_alarms = user;
	struct encoder *encoder, *watched;

	g_assert_cmpint(encoder_create(&settings, &encoder), ==, 0);
	g_assert_cmpint(encoder_watch(encoder, &settings, &watched), ==, 0);
	g_assert_cmphex(run(watched), ==, 1);
	g_assert_cmpuint(*n_alarms, ==, 0);
}

/* The tenth picture (or the first, or the second) comes as an IDR of libx264, and there is one
 * alarm. */
static void test_liar(gconstpointer user)
{
	const unsigned *n_alarms = user;
	static const unsigned from[] = {1, 2, 10};

	for (unsigned i = 0; i < G_N_ELEMENTS(from); i++) {
		struct encoder *watched;
		g_assert_cmpint(encoder_watch(liar_create(from[i]), &settings, &watched), ==, 0);
		unsigned before = *n_alarms;
		g_assert_cmphex(run(watched), ==, 1u | 1u << (from[i] - 1));
		g_assert_cmpuint(*n_alarms, ==, before + 1);
	}
}

int main(int argc, char **argv)
{
	unsigned n_alarms = 0;

	g_test_init(&argc, &argv, NULL);
	g_log_set_writer_func(count_alarms, &n_alarms, NULL);
	g_test_add_data_func("/self-check/honest", &n_alarms, test_honest);
	g_test_add_data_func("/self-check/liar", &n_alarms, test_liar);
	return g_test_run();
}
