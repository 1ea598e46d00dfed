/* Encodes each picture once. It must not know recordings beyond the archive it writes to. */
#include "tests/verifier/film.h"

#include "recorder/encode/convert.h"
#include "recorder/mux/mux.h"

#include <string.h>

#define N_PICTURES 8u
#define DECLARED_US 2000000

struct film {
	uint32_t width, height, n_fragments, n_added;
	char codec[16];
	GBytes *keys[N_PICTURES], *deltas[N_PICTURES];
	struct mux *mux;
	bool begin;
};

/* A grey ground with a light bar that wanders, so that players show something that moves. */
static void paint(struct nv12 *picture, uint32_t number)
{
	const uint32_t bar = picture->width * number / N_PICTURES;

	for (uint32_t y = 0; y < picture->height; y++) {
		uint8_t *row = picture->luma + y * picture->stride_bytes;
		memset(row, 60, picture->stride_bytes);
		memset(row + bar, 200, picture->width / N_PICTURES);
	}
}

static GBytes *encode(struct encoder *encoder, struct nv12 *picture, uint32_t number, bool key)
{
	struct access_unit unit;

	paint(picture, number);
	if (encoder_encode(encoder, picture, NULL, NULL, 0, key, 0, &unit) < 0)
		g_error("the encoder failed");
	return g_bytes_new(unit.bytes, unit.length);
}

struct film *film_create(uint32_t width, uint32_t height)
{
	const struct encoder_settings settings = {width, height, 24, false, true};
	struct film *film = g_new0(struct film, 1);
	struct encoder *encoder;
	struct nv12 picture;

	film->width = width;
	film->height = height;
	if (encoder_create(&settings, &encoder) < 0 || nv12_init(&picture, width, height) < 0)
		g_error("no encoder");
	/* A delta stands behind the key of the same number, so that any cut shows whole
	 * pictures. */
	for (uint32_t i = 0; i < N_PICTURES; i++) {
		film->keys[i] = encode(encoder, &picture, i, true);
		film->deltas[i] = encode(encoder, &picture, (i + 1) % N_PICTURES, false);
	}
	g_strlcpy(film->codec, encoder_codec_string(encoder), sizeof film->codec);
	encoder_destroy(encoder);
	nv12_finish(&picture);
	return film;
}

void film_destroy(struct film *film)
{
	for (uint32_t i = 0; i < N_PICTURES; i++) {
		g_bytes_unref(film->keys[i]);
		g_bytes_unref(film->deltas[i]);
	}
	g_clear_pointer(&film->mux, mux_destroy);
	g_free(film);
}

void film_start(struct film *film)
{
	g_clear_pointer(&film->mux, mux_destroy);
	film->begin = true;
}

static struct access_unit unit_of(const struct film *film, bool key)
{
	GBytes *bytes = (key ? film->keys : film->deltas)[film->n_added / 2 % N_PICTURES];
	struct access_unit unit = {.key = key};

	unit.bytes = g_bytes_get_data(bytes, &unit.length);
	return unit;
}

static void begin_segment(struct film *film, struct archive *archive, uint64_t t_us,
			  const struct access_unit *unit)
{
	struct archive_format format = {
		.width = film->width, .height = film->height, .codec = film->codec};

	if (film->mux == NULL &&
	    mux_create(film->width, film->height, unit, film->n_fragments + 1, &film->mux) < 0)
		g_error("the muxer failed");
	if (film->begin) {
		struct mux_bytes init = mux_init_segment(film->mux);
		format.init = init.bytes;
		format.init_bytes = init.length;
	}
	film->begin = false;
	if (archive_begin_segment(archive, t_us, &format) < 0)
		g_error("the archive failed");
}

void film_add(struct film *film, struct archive *archive, uint64_t t_us, bool key)
{
	const bool first = film->begin || key;
	struct mux_bytes fragment;

	/* Keys and deltas of a pair belong together. */
	film->n_added += first ? film->n_added & 1 : 0;
	const struct access_unit unit = unit_of(film, first || (film->n_added & 1) == 0);
	if (first)
		begin_segment(film, archive, t_us, &unit);
	if (mux_fragment(film->mux, &unit, (int64_t)t_us, DECLARED_US, &fragment) < 0 ||
	    archive_add_fragment(archive, fragment.bytes, fragment.length, t_us) < 0)
		g_error("a picture cannot be written");
	film->n_fragments++;
	film->n_added++;
}
