/* Fuzz target: pictures, maps of changes and hints of any kind, also wrong ones, through the damage
 * encoder. libavcodec must show what the encoder believes. The input: width, height, QP, then
 * operations of a few bytes each. */
#include "recorder/encode/convert.h"
#include "tests/support/video_decode.h"

#include <glib.h>
#include <string.h>

#define ENCODES_MAX 24u
#define HINTS_MAX 8u

struct scene {
	const uint8_t *data;
	size_t left;
	struct nv12 picture;
	struct macroblocks blocks;
	struct motion_hint hints[HINTS_MAX];
	unsigned n_hints, n_encodes;
	struct encoder *encoder;
	struct video_decoder *decoder;
};

static uint8_t take(struct scene *s)
{
	if (s->left == 0)
		return 0;
	s->left--;
	return *s->data++;
}

static int32_t take_place(struct scene *s)
{
	int32_t high = (int8_t)take(s);

	return high * 16 + take(s) % 16;
}

/* One macroblock: a pattern of a few parameters, from flat to noise. */
static void paint(struct scene *s, bool tell)
{
	uint32_t column = take(s) % s->blocks.columns, row = take(s) % s->blocks.rows;
	uint32_t base = take(s), step = take(s), noise = take(s);
	uint8_t *luma = s->picture.luma + row * 16 * s->picture.stride_bytes + column * 16;
	uint8_t *chroma = s->picture.chroma + row * 8 * s->picture.stride_bytes + column * 16;

	for (uint32_t i = 0; i < 256; i++) {
		uint32_t random = (i * 2654435761u + base) >> 24;
		luma[i / 16 * s->picture.stride_bytes + i % 16] =
			(uint8_t)(base + i % 16 * step + (random & noise));
		if (i < 128)
			chroma[i / 16 * s->picture.stride_bytes + i % 16] =
				(uint8_t)(128 + i % 2 * step + (random & noise));
	}
	s->blocks.changed[row * s->blocks.columns + column] = tell;
}

static void hint(struct scene *s)
{
	struct motion_hint h = {take_place(s), take_place(s), take_place(s),
				take_place(s), take(s) * 4u,  take(s) * 4u};

	if (s->n_hints < HINTS_MAX)
		s->hints[s->n_hints++] = h;
}

static void judge(const AVFrame *frame, const struct nv12 *shown)
{
	for (int y = 0; y < frame->height; y++)
		g_assert(memcmp(frame->data[0] + y * frame->linesize[0],
				shown->luma + (size_t)y * shown->stride_bytes,
				(size_t)frame->width) == 0);
	for (int y = 0; y < frame->height / 2; y++)
		for (int x = 0; x < frame->width; x++)
			g_assert(frame->data[1 + x % 2][y * frame->linesize[1] + x / 2] ==
				 shown->chroma[(size_t)y * shown->stride_bytes + (size_t)x]);
}

static void encode(struct scene *s, bool key, bool know_changes)
{
	struct access_unit unit;
	int result = encoder_encode(s->encoder, &s->picture, know_changes ? &s->blocks : NULL,
				    s->hints, s->n_hints, key, 0, &unit);

	g_assert(result == 0);
	const AVFrame *frame = video_decoder_decode(s->decoder, unit.bytes, unit.length);
	g_assert(frame != NULL);
	judge(frame, encoder_shown(s->encoder));
	memset(s->blocks.changed, 0, (size_t)s->blocks.columns * s->blocks.rows);
	s->n_hints = 0;
	s->n_encodes++;
}

static void run(struct scene *s)
{
	while (s->left > 0 && s->n_encodes < ENCODES_MAX) {
		uint8_t operation = take(s);
		switch (operation % 8) {
		case 0:
			encode(s, operation >= 240, operation < 160);
			break;
		case 1:
			hint(s);
			break;
		case 2: /* changed, and nobody says so */
			paint(s, false);
			break;
		default:
			paint(s, true);
			break;
		}
	}
	encode(s, false, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scene s = {.data = data, .left = size};
	struct encoder_settings settings = {.repeat_headers = true, .method = ENCODER_DAMAGE};

	settings.width = 16u + take(&s);
	settings.height = 16u + take(&s);
	settings.qp = 1u + take(&s) % 34;
	g_assert(nv12_init(&s.picture, settings.width, settings.height) == 0);
	g_assert(macroblocks_init(&s.blocks, settings.width, settings.height) == 0);
	g_assert(encoder_create(&settings, &s.encoder) == 0);
	s.decoder = video_decoder_create();
	run(&s);
	video_decoder_destroy(s.decoder);
	encoder_destroy(s.encoder);
	macroblocks_finish(&s.blocks);
	nv12_finish(&s.picture);
	return 0;
}
