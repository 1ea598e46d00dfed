/* Demultiplexes and decodes a segment with libavformat and libavcodec. It must not know chains or
 * what a good picture is. */
#include "recorder/mux/play.h"

#include <errno.h>
#include <glib.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <string.h>

#define BUFFER_BYTES 65536

struct player {
	const struct play_source *source;
	play_picture_fn show;
	void *user;
	uint64_t position; /* over init segment and segment */
	int error;	   /* -errno of the source */
	AVFormatContext *format;
	AVCodecContext *decoder;
	AVPacket *packet;
	AVFrame *frame;
};

static int read_bytes(void *opaque, uint8_t *buffer, int length)
{
	struct player *p = opaque;
	const struct play_source *s = p->source;
	ssize_t n;

	if (p->position < s->init_bytes) {
		n = (ssize_t)MIN((size_t)length, s->init_bytes - (size_t)p->position);
		memcpy(buffer, s->init + p->position, (size_t)n);
	} else {
		n = s->read(s->user, buffer, (size_t)length, p->position - s->init_bytes);
	}
	if (n < 0)
		p->error = (int)n;
	if (n <= 0)
		return n < 0 ? AVERROR(EIO) : AVERROR_EOF;
	p->position += (uint64_t)n;
	return (int)n;
}

static int open_source(struct player *p)
{
	uint8_t *buffer = av_malloc(BUFFER_BYTES);
	const AVInputFormat *mp4 = av_find_input_format("mp4");

	p->format = avformat_alloc_context();
	if (buffer == NULL || p->format == NULL || mp4 == NULL)
		return -ENOTSUP;
	p->format->pb = avio_alloc_context(buffer, BUFFER_BYTES, 0, p, read_bytes, NULL, NULL);
	p->format->flags |= AVFMT_FLAG_CUSTOM_IO;
	/* Frees the context when it fails, but not what was put into it. */
	AVIOContext *io = p->format->pb;
	if (avformat_open_input(&p->format, NULL, mp4, NULL) == 0)
		return p->format->nb_streams == 1 ? 0 : -EBADMSG;
	av_freep(&io->buffer);
	avio_context_free(&io);
	return -EBADMSG;
}

static int open_decoder(struct player *p)
{
	const AVCodec *h264 = avcodec_find_decoder(AV_CODEC_ID_H264);

	p->decoder = h264 != NULL ? avcodec_alloc_context3(h264) : NULL;
	p->packet = av_packet_alloc();
	p->frame = av_frame_alloc();
	if (p->decoder == NULL || p->packet == NULL || p->frame == NULL)
		return -ENOTSUP;
	if (p->format->streams[0]->codecpar->codec_id != AV_CODEC_ID_H264 ||
	    avcodec_parameters_to_context(p->decoder, p->format->streams[0]->codecpar) < 0)
		return -EBADMSG;
	p->decoder->thread_count = 1;
	p->decoder->flags |= AV_CODEC_FLAG_LOW_DELAY;
	p->decoder->err_recognition = AV_EF_EXPLODE;
	return avcodec_open2(p->decoder, h264, NULL) < 0 ? -ENOTSUP : 0;
}

static int show(const struct player *p, int64_t time)
{
	const AVFrame *f = p->frame;
	const AVRational us = {1, G_USEC_PER_SEC};

	if (f->format != AV_PIX_FMT_YUV420P || f->width <= 0 || f->height <= 0)
		return -EBADMSG;
	struct play_picture picture = {
		.width = (uint32_t)f->width,
		.height = (uint32_t)f->height,
		.time_us = av_rescale_q(time, p->format->streams[0]->time_base, us)};
	for (unsigned i = 0; i < G_N_ELEMENTS(picture.planes); i++) {
		if (f->linesize[i] < 0)
			return -EBADMSG;
		picture.planes[i] = f->data[i];
		picture.strides_bytes[i] = (size_t)f->linesize[i];
	}
	return p->show(&picture, p->user);
}

/* No B frames, low delay: each packet is a picture. */
static int play_all(struct player *p)
{
	int result, shown = 0;

	while (shown == 0 && (result = av_read_frame(p->format, p->packet)) == 0) {
		const int64_t time = p->packet->dts;
		result = avcodec_send_packet(p->decoder, p->packet);
		av_packet_unref(p->packet);
		if (result != 0 || avcodec_receive_frame(p->decoder, p->frame) != 0)
			return -EBADMSG;
		shown = show(p, time);
		av_frame_unref(p->frame);
	}
	if (shown < 0)
		return shown;
	return result == AVERROR_EOF ? 0 : -EBADMSG;
}

static void player_finish(struct player *p)
{
	AVIOContext *io = p->format != NULL ? p->format->pb : NULL;

	avcodec_free_context(&p->decoder);
	av_packet_free(&p->packet);
	av_frame_free(&p->frame);
	avformat_close_input(&p->format);
	if (io != NULL) {
		av_freep(&io->buffer);
		avio_context_free(&io);
	}
}

int play(const struct play_source *source, play_picture_fn show_picture, void *user)
{
	struct player p = {.source = source, .show = show_picture, .user = user};

	/* What is wrong is what we return; the library would write it to standard error. */
	av_log_set_level(AV_LOG_QUIET);
	int result = open_source(&p);
	if (result == 0)
		result = open_decoder(&p);
	if (result == 0)
		result = play_all(&p);
	player_finish(&p);
	return p.error < 0 ? p.error : result;
}
