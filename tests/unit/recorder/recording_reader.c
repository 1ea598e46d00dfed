/* Reads recordings with libavformat and libavcodec, as any player would. Which init segment belongs to a segment is what the product says: the newest with a
 * number not above the segment's. */
#include "tests/unit/recorder/recording_reader.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

static char *join(const char *dir, unsigned number)
{
	g_autofree char *name = g_strdup_printf("seg-%05u.mp4", number);
	g_autofree char *segment = g_build_filename(dir, name, NULL);
	g_autofree char *joined = g_strdup_printf("%s.joined", dir);
	g_autofree char *init = NULL, *bytes = NULL;
	gsize init_length = 0, length = 0;

	if (!g_file_get_contents(segment, &bytes, &length, NULL))
		return NULL;
	for (unsigned i = number; i > 0 && init == NULL; i--) {
		g_autofree char *init_name = g_strdup_printf("init-%03u.mp4", i);
		g_autofree char *path = g_build_filename(dir, init_name, NULL);
		g_file_get_contents(path, &init, &init_length, NULL);
	}
	g_assert_nonnull(init);
	g_autoptr(GString) whole = g_string_new_len(init, (gssize)init_length);
	g_string_append_len(whole, bytes, (gssize)length);
	g_assert_true(g_file_set_contents(joined, whole->str, (gssize)whole->len, NULL));
	return g_steal_pointer(&joined);
}

static void play(struct recording_reader *reader, const char *path)
{
	AVFormatContext *format = NULL;
	AVCodecContext *decoder = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_H264));
	AVPacket *packet = av_packet_alloc();

	g_assert_cmpint(avformat_open_input(&format, path, NULL, NULL), ==, 0);
	avcodec_parameters_to_context(decoder, format->streams[0]->codecpar);
	decoder->flags |= AV_CODEC_FLAG_LOW_DELAY;
	decoder->thread_count = 1;
	decoder->err_recognition = AV_EF_EXPLODE;
	g_assert_cmpint(avcodec_open2(decoder, NULL, NULL), ==, 0);
	while (av_read_frame(format, packet) == 0) {
		g_assert_cmpint(packet->dts, >, reader->last_us);
		reader->last_us = packet->dts;
		g_assert_cmpint(avcodec_send_packet(decoder, packet), ==, 0);
		g_assert_cmpint(avcodec_receive_frame(decoder, reader->last), ==, 0);
		const uint8_t luma = reader->last->data[0][0];
		g_byte_array_append(reader->corners, &luma, 1);
		reader->n_frames++;
		av_packet_unref(packet);
	}
	avcodec_free_context(&decoder);
	avformat_close_input(&format);
	av_packet_free(&packet);
}

void recording_reader_open(struct recording_reader *reader, const char *dir)
{
	*reader = (struct recording_reader){.last = av_frame_alloc(), .last_us = -1};
	reader->corners = g_byte_array_new();
	for (unsigned number = 1; number < 1000; number++) {
		g_autofree char *joined = join(dir, number);
		if (joined == NULL)
			continue;
		play(reader, joined);
		g_unlink(joined);
	}
	g_assert_cmpuint(reader->n_frames, >, 0);
	reader->width = reader->last->width;
	reader->height = reader->last->height;
}

void recording_reader_close(struct recording_reader *reader)
{
	av_frame_free(&reader->last);
	g_byte_array_unref(reader->corners);
}

int recording_reader_luma(const struct recording_reader *reader, unsigned x, unsigned y)
{
	return reader->last->data[0][y * (size_t)reader->last->linesize[0] + x];
}
