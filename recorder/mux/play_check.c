/* Demultiplexes and decodes a segment with libavformat and libavcodec. It must not know chains or what a good picture is. */
#include "recorder/mux/play_check.h"

#include <errno.h>
#include <glib.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <string.h>

#define BUFFER_BYTES 65536
/* Every so many-th sample is looked at: letters are wider than that. */
#define SAMPLE_STEP 4

struct player {
	const struct play_source *source;
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

static void look(const AVFrame *frame, struct play_result *ret)
{
	ret->n_pictures++;
	ret->width = (uint32_t)frame->width;
	ret->height = (uint32_t)frame->height;
	for (int y = 0; y < frame->height; y += SAMPLE_STEP) {
		const uint8_t *row = frame->data[0] + (ptrdiff_t)y * frame->linesize[0];
		for (int x = 0; x < frame->width; x += SAMPLE_STEP)
			ret->brightest = MAX(ret->brightest, row[x]);
	}
}

/* No B frames, low delay: each packet is a picture. */
static int play(struct player *p, struct play_result *ret)
{
	int result;

	while ((result = av_read_frame(p->format, p->packet)) == 0) {
		result = avcodec_send_packet(p->decoder, p->packet);
		av_packet_unref(p->packet);
		if (result != 0 || avcodec_receive_frame(p->decoder, p->frame) != 0)
			return -EBADMSG;
		look(p->frame, ret);
		av_frame_unref(p->frame);
	}
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

int play_check(const struct play_source *source, struct play_result *ret)
{
	struct player p = {.source = source};

	*ret = (struct play_result){0};
	int result = open_source(&p);
	if (result == 0)
		result = open_decoder(&p);
	if (result == 0)
		result = play(&p, ret);
	player_finish(&p);
	return p.error < 0 ? p.error : result;
}
