/* Reads recordings with libavformat and libavcodec, as any player would. Which init segment belongs
 * to a segment is what the product says: the newest with a number not above the segment's. */
#include "tests/unit/recorder/recording_reader.h"

#include "recorder/reader/reader.h"
#include "tests/unit/recorder/recorder_process.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#define MAX_BYTES (1u << 28)

static char *join(const struct reader *files, const char *dir, unsigned number)
{
	g_autofree char *name = g_strdup_printf("seg-%05u.mp4", number);
	g_autofree char *joined = g_strdup_printf("%s.joined", dir);
	g_autofree uint8_t *init = NULL, *bytes = NULL;
	size_t init_length = 0, length;

	if (reader_read(files, name, MAX_BYTES, &bytes, &length) < 0)
		return NULL;
	for (unsigned i = number; i > 0 && init == NULL; i--) {
		g_autofree char *init_name = g_strdup_printf("init-%03u.mp4", i);
		reader_read(files, init_name, MAX_BYTES, &init, &init_length);
	}
	g_assert_nonnull(init);
	g_autoptr(GByteArray) whole = g_byte_array_new();
	g_byte_array_append(whole, init, (guint)init_length);
	g_byte_array_append(whole, bytes, (guint)length);
	g_assert_true(g_file_set_contents(joined, (char *)whole->data, (gssize)whole->len, NULL));
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
	struct reader *files;

	*reader = (struct recording_reader){.last = av_frame_alloc(), .last_us = -1};
	reader->corners = g_byte_array_new();
	g_assert_cmpint(reader_open(dir, recorder_process_archive_key(), &files), ==, 0);
	for (unsigned number = 1; number < 1000; number++) {
		g_autofree char *joined = join(files, dir, number);
		if (joined == NULL)
			continue;
		play(reader, joined);
		g_unlink(joined);
	}
	reader_close(files);
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
