/* Mux: libavformat reads back what it wrote, at the true times, across silence and a resize; the
 * scan finds the last whole fragment of any cut. */
#include "recorder/encode/convert.h"
#include "recorder/mux/fragment_scan.h"
#include "recorder/mux/init_remake.h"
#include "recorder/mux/mux.h"
#include "tests/support/video_decode.h"

#include <glib.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <string.h>

struct source {
	struct encoder *encoder;
	struct nv12 picture;
};

static void source_init(struct source *s, uint32_t width, uint32_t height)
{
	const struct encoder_settings settings = {width, height, 24, false, true};

	g_assert_cmpint(encoder_create(&settings, &s->encoder), ==, 0);
	g_assert_cmpint(nv12_init(&s->picture, width, height), ==, 0);
}

static void source_finish(struct source *s)
{
	encoder_destroy(s->encoder);
	nv12_finish(&s->picture);
}

/* A grey whose level tells the number of the picture. */
static struct access_unit source_next(struct source *s, unsigned number, bool key)
{
	struct access_unit unit;

	memset(s->picture.luma, (int)(20 + number * 5 % 200),
	       s->picture.stride_bytes * s->picture.height);
	g_assert_cmpint(encoder_encode(s->encoder, &s->picture, NULL, NULL, 0, key, 0, &unit), ==,
			0);
	return unit;
}

/* Irregular: a burst, a silence of eight seconds, a burst. */
static int64_t time_of(unsigned number)
{
	return number * 67000 + (number > 10 ? 8000000 : 0) + 1234567;
}

static void append(GByteArray *file, struct mux_bytes b)
{
	g_byte_array_append(file, b.bytes, (guint)b.length);
}

static GByteArray *write_file(unsigned n_pictures, size_t *ret_init_bytes)
{
	GByteArray *file = g_byte_array_new();
	struct source s;
	struct mux *mux = NULL;
	struct mux_bytes bytes;

	source_init(&s, 320, 240);
	for (unsigned i = 0; i < n_pictures; i++) {
		struct access_unit unit = source_next(&s, i, i % 16 == 0);
		if (mux == NULL) {
			g_assert_cmpint(mux_create(320, 240, &unit, 5, &mux), ==, 0);
			append(file, mux_init_segment(mux));
			*ret_init_bytes = file->len;
		}
		g_assert_cmpint(
			mux_fragment(mux, &unit, time_of(i), i == 10 ? 8000000 : 2000000, &bytes),
			==, 0);
		append(file, bytes);
	}
	mux_destroy(mux);
	source_finish(&s);
	return file;
}

struct memory {
	const GByteArray *file;
	size_t at;
};

static int read_memory(void *opaque, uint8_t *to, int length)
{
	struct memory *m = opaque;
	size_t n = MIN((size_t)length, m->file->len - m->at);

	memcpy(to, m->file->data + m->at, n);
	m->at += n;
	return n > 0 ? (int)n : AVERROR_EOF;
}

static AVFormatContext *open_memory(struct memory *memory)
{
	AVFormatContext *context = avformat_alloc_context();

	context->pb = avio_alloc_context(av_malloc(4096), 4096, 0, memory, read_memory, NULL, NULL);
	g_assert_cmpint(avformat_open_input(&context, NULL, av_find_input_format("mp4"), NULL), ==,
			0);
	g_assert_cmpuint(context->nb_streams, ==, 1);
	return context;
}

static void close_memory(AVFormatContext *context)
{
	AVIOContext *io = context->pb;

	avformat_close_input(&context);
	av_freep(&io->buffer);
	avio_context_free(&io);
}

static void test_reads_back_at_true_times(void)
{
	size_t init_bytes;
	g_autoptr(GByteArray) file = write_file(40, &init_bytes);
	struct memory memory = {file, 0};
	AVFormatContext *context = open_memory(&memory);
	AVCodecContext *decoder = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_H264));
	AVPacket *packet = av_packet_alloc();
	AVFrame *frame = av_frame_alloc();
	unsigned n = 0;

	g_assert_cmpuint(context->streams[0]->codecpar->codec_tag, ==, MKTAG('a', 'v', 'c', '3'));
	avcodec_parameters_to_context(decoder, context->streams[0]->codecpar);
	g_assert_cmpint(avcodec_open2(decoder, NULL, NULL), ==, 0);
	for (; av_read_frame(context, packet) == 0; n++) {
		int64_t us = av_rescale_q(packet->dts, context->streams[0]->time_base,
					  (AVRational){1, 1000000});
		g_assert_cmpint(us, ==, time_of(n));
		g_assert_cmpint((packet->flags & AV_PKT_FLAG_KEY) != 0, ==, n % 16 == 0);
		g_assert_cmpint(avcodec_send_packet(decoder, packet), ==, 0);
		g_assert_cmpint(avcodec_receive_frame(decoder, frame), ==, 0);
		g_assert_cmpint(ABS(frame->data[0][100] - (int)(20 + n * 5 % 200)), <=, 2);
		av_packet_unref(packet);
	}
	g_assert_cmpuint(n, ==, 40);
	av_packet_free(&packet);
	av_frame_free(&frame);
	avcodec_free_context(&decoder);
	close_memory(context);
}

/* What Chromium goes by: default_sample_duration in tfhd (version, flags, track id, description
 * index, duration). The demuxer above does not show it. */
static void test_declared_durations(void)
{
	size_t init_bytes;
	g_autoptr(GByteArray) file = write_file(12, &init_bytes);
	const uint8_t *at = file->data, *end = file->data + file->len;
	unsigned n = 0;

	while ((at = memmem(at, (size_t)(end - at), "tfhd", 4)) != NULL) {
		uint32_t flags, duration;
		memcpy(&flags, at + 4, sizeof flags);
		g_assert_cmphex(GUINT32_FROM_BE(flags) & 0x2000b, ==, 0x2000a);
		memcpy(&duration, at + 16, sizeof duration);
		g_assert_cmpuint(GUINT32_FROM_BE(duration), ==, n == 10 ? 8000000 : 2000000);
		at += 20;
		n++;
	}
	g_assert_cmpuint(n, ==, 12);
}

static void test_scan_of_every_cut(void)
{
	size_t init_bytes;
	g_autoptr(GByteArray) file = write_file(12, &init_bytes);
	const uint8_t *segment = file->data + init_bytes;
	size_t length = file->len - init_bytes;
	struct fragment_scan whole, cut;

	fragment_scan(segment, length, &whole);
	g_assert_cmpuint(whole.whole_bytes, ==, length);
	g_assert_cmpuint(whole.n_fragments, ==, 12);
	g_assert_cmpuint(whole.first_us, ==, (uint64_t)time_of(0));
	g_assert_cmpuint(whole.last_us, ==, (uint64_t)time_of(11));
	g_assert_cmpuint(whole.last_sequence, ==, 16);
	uint32_t before = 0;
	for (size_t end = 0; end < length; end++) {
		fragment_scan(segment, end, &cut);
		g_assert_cmpuint(cut.whole_bytes, <=, end);
		g_assert_cmpuint(cut.n_fragments - before, <=, 1);
		before = cut.n_fragments;
		if (cut.n_fragments > 0)
			g_assert_cmpuint(cut.last_us, ==, (uint64_t)time_of(cut.n_fragments - 1));
	}
	g_assert_cmpuint(before, ==, 11);
}

static void test_scan_of_garbage(void)
{
	GRand *random = g_rand_new_with_seed(5);
	size_t init_bytes;
	g_autoptr(GByteArray) file = write_file(6, &init_bytes);
	struct fragment_scan scan;

	for (unsigned i = 0; i < 20000; i++) {
		uint32_t at = (uint32_t)g_rand_int_range(random, (int)init_bytes, (int)file->len);
		file->data[at] = (uint8_t)g_rand_int(random);
		fragment_scan(file->data + init_bytes, file->len - init_bytes, &scan);
		g_assert_cmpuint(scan.whole_bytes, <=, file->len - init_bytes);
	}
	g_rand_free(random);
}

static void expect_remade(uint32_t width, uint32_t height)
{
	struct source s;
	struct mux *mux;
	struct mux_bytes bytes;

	source_init(&s, width, height);
	struct access_unit unit = source_next(&s, 0, true);
	g_assert_cmpint(mux_create(width, height, &unit, 9, &mux), ==, 0);
	g_autoptr(GByteArray) init = g_byte_array_new(), fragment = g_byte_array_new();
	append(init, mux_init_segment(mux));
	g_assert_cmpint(mux_fragment(mux, &unit, 1000, 2000000, &bytes), ==, 0);
	append(fragment, bytes);
	g_autoptr(GByteArray) again = init_remake(fragment->data, fragment->len);
	g_assert_nonnull(again);
	g_assert_cmpmem(again->data, again->len, init->data, init->len);
	for (unsigned end = 0; end < fragment->len; end++)
		g_assert_null(init_remake(fragment->data, end));
	mux_destroy(mux);
	source_finish(&s);
}

static void test_init_is_made_again(void)
{
	expect_remade(320, 240);
	expect_remade(322, 218);
}

static void test_init_of_garbage(void)
{
	GRand *random = g_rand_new_with_seed(6);
	size_t init_bytes;
	g_autoptr(GByteArray) file = write_file(1, &init_bytes);
	const size_t length = file->len - init_bytes;

	for (unsigned i = 0; i < 2000; i++) {
		g_autofree uint8_t *bytes = g_memdup2(file->data + init_bytes, length);
		bytes[g_rand_int_range(random, 0, (int)length)] = (uint8_t)g_rand_int(random);
		GByteArray *made = init_remake(bytes, length);
		if (made != NULL)
			g_byte_array_unref(made);
	}
	g_rand_free(random);
}

static void test_refuses_unit_without_headers(void)
{
	static const uint8_t slice[] = {0, 0, 0, 1, 0x65, 1, 2, 3};
	const struct access_unit unit = {slice, sizeof slice, true};
	struct mux *mux = NULL;

	g_assert_cmpint(mux_create(320, 240, &unit, 1, &mux), ==, -EINVAL);
	g_assert_null(mux);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mux/reads-back-at-true-times", test_reads_back_at_true_times);
	g_test_add_func("/mux/declared-durations", test_declared_durations);
	g_test_add_func("/mux/scan-of-every-cut", test_scan_of_every_cut);
	g_test_add_func("/mux/scan-of-garbage", test_scan_of_garbage);
	g_test_add_func("/mux/init-is-made-again", test_init_is_made_again);
	g_test_add_func("/mux/init-of-garbage", test_init_of_garbage);
	g_test_add_func("/mux/refuses-unit-without-headers", test_refuses_unit_without_headers);
	return g_test_run();
}
