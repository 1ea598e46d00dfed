/* Draws, encodes, decodes and compares pictures. It must not know evidence. */
#include "tests/unit/evidence/reel.h"

#include "evidence/derive/derived_picture.h"
#include "recorder/mux/mux.h"
#include "recorder/mux/play.h"

#include <math.h>
#include <string.h>

/* Letters of two by three samples, black on white, as a hash of their place says. */
static uint8_t letter(uint32_t x, uint32_t y, unsigned text)
{
	uint32_t hash = (x / 2) * 2654435761u ^ (y / 3) * 40503u ^ text * 97531u;

	hash ^= hash >> 13;
	hash *= 1274126177u;
	return (hash >> 16 & 1) != 0 && y % 12 < 9 ? 30 : 220;
}

static void paint(struct nv12 *p, unsigned number)
{
	const struct rect s = REEL_SECRET;

	for (uint32_t y = 0; y < p->height; y++)
		for (uint32_t x = 0; x < p->width; x++) {
			bool secret =
				x >= s.x && x < s.x + s.width && y >= s.y && y < s.y + s.height;
			p->luma[y * p->stride_bytes + x] =
				letter(x, y, secret ? number : number / 2);
		}
	for (uint32_t y = 0; y < p->height / 2; y++)
		for (uint32_t x = 0; x < p->width; x++)
			p->chroma[y * p->stride_bytes + x] = (uint8_t)(100 + (x / 16 + y / 8) % 50);
}

void reel_record(struct recording *r, uint32_t width, uint32_t height, unsigned first,
		 unsigned frames, bool resized)
{
	const struct encoder_settings settings = {
		.width = width, .height = height, .qp = 22, .repeat_headers = true};
	g_autoptr(GByteArray) video = g_byte_array_new();
	struct encoder *encoder;
	struct mux *mux = NULL;
	struct mux_bytes bytes;
	struct access_unit unit;
	struct nv12 picture, before;
	struct macroblocks changed;

	g_assert_cmpint(encoder_create(&settings, &encoder), ==, 0);
	g_assert_cmpint(nv12_init(&picture, width, height), ==, 0);
	g_assert_cmpint(nv12_init(&before, width, height), ==, 0);
	g_assert_cmpint(macroblocks_init(&changed, width, height), ==, 0);
	for (unsigned i = 0; i < frames; i++) {
		paint(&picture, first + i);
		derived_picture_compare(&picture, &before, &changed);
		derived_picture_copy(&picture, &before);
		g_assert_cmpint(
			encoder_encode(encoder, &picture, &changed, NULL, 0, i == 0, 0, &unit), ==,
			0);
		if (mux == NULL)
			g_assert_cmpint(mux_create(width, height, &unit, 1, &mux), ==, 0);
		g_assert_cmpint(mux_fragment(mux, &unit,
					     (int64_t)(r->position_us + i * REEL_STEP_US), 2000000,
					     &bytes),
				==, 0);
		g_byte_array_append(video, bytes.bytes, (guint)bytes.length);
	}
	const struct mux_bytes init = mux_init_segment(mux);
	const struct recorded_pictures recorded = {init.bytes, video->data, init.length,
						   video->len, frames,	    frames * REEL_STEP_US,
						   width,      height};
	recording_add_pictures(r, &recorded, resized);
	mux_destroy(mux);
	nv12_finish(&picture);
	nv12_finish(&before);
	macroblocks_finish(&changed);
	encoder_destroy(encoder);
}

static void picture_clear(void *pointer)
{
	struct reel_picture *picture = pointer;

	nv12_finish(&picture->picture);
}

static int keep(const struct play_picture *from, void *user)
{
	GArray *pictures = user;
	struct reel_picture to = {.time_us = (uint64_t)from->time_us};
	struct nv12 *p = &to.picture;

	g_assert_cmpint(nv12_init(p, from->width, from->height), ==, 0);
	for (uint32_t y = 0; y < from->height; y++)
		memcpy(p->luma + y * p->stride_bytes, from->planes[0] + y * from->strides_bytes[0],
		       from->width);
	for (uint32_t y = 0; y < from->height / 2; y++)
		for (uint32_t x = 0; x < from->width; x++)
			p->chroma[y * p->stride_bytes + x] =
				from->planes[1 + x % 2][y * from->strides_bytes[1 + x % 2] + x / 2];
	g_array_append_val(pictures, to);
	return 0;
}

static ssize_t read_nothing(void *user, void *buffer, size_t length, uint64_t offset)
{
	return 0;
}

GArray *reel_play(const void *mp4, gsize bytes)
{
	const struct play_source source = {mp4, bytes, read_nothing, NULL};
	GArray *pictures = g_array_new(FALSE, TRUE, sizeof(struct reel_picture));

	g_array_set_clear_func(pictures, picture_clear);
	g_assert_cmpint(play(&source, keep, pictures), ==, 0);
	return pictures;
}

const struct nv12 *reel_at(const GArray *pictures, uint64_t time_us)
{
	const struct nv12 *found = NULL;

	for (unsigned i = 0; i < pictures->len; i++) {
		const struct reel_picture *p = &g_array_index(pictures, struct reel_picture, i);
		if (p->time_us <= time_us)
			found = &p->picture;
	}
	return found;
}

double reel_psnr(const struct nv12 *a, const struct nv12 *b, struct rect r, bool outside)
{
	double squares = 0;
	uint64_t n = 0;

	g_assert_cmpuint(a->width, ==, b->width);
	g_assert_cmpuint(a->height, ==, b->height);
	for (uint32_t y = 0; y < a->height; y++)
		for (uint32_t x = 0; x < a->width; x++) {
			bool inside =
				x >= r.x && x < r.x + r.width && y >= r.y && y < r.y + r.height;
			if (inside == outside)
				continue;
			double d = (double)a->luma[y * a->stride_bytes + x] -
				   (double)b->luma[y * b->stride_bytes + x];
			squares += d * d;
			n++;
		}
	g_assert_cmpuint(n, >, 0);
	return squares == 0 ? 100 : 10 * log10(255.0 * 255.0 * (double)n / squares);
}
