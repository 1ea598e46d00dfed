/* libavcodec as the tests' judge. It knows nothing of recordings. */
#include "tests/support/video_decode.h"

#include <glib.h>
#include <libavcodec/avcodec.h>
#include <math.h>
#include <string.h>

struct video_decoder {
	AVCodecContext *context;
	AVPacket *packet;
	AVFrame *frame;
};

struct video_decoder *video_decoder_create(void)
{
	struct video_decoder *decoder = g_new0(struct video_decoder, 1);

	decoder->context = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_H264));
	decoder->context->thread_count = 1;
	decoder->context->flags |= AV_CODEC_FLAG_LOW_DELAY;
	decoder->context->err_recognition = AV_EF_EXPLODE;
	decoder->packet = av_packet_alloc();
	decoder->frame = av_frame_alloc();
	g_assert_cmpint(avcodec_open2(decoder->context, NULL, NULL), ==, 0);
	return decoder;
}

void video_decoder_destroy(struct video_decoder *decoder)
{
	avcodec_free_context(&decoder->context);
	av_packet_free(&decoder->packet);
	av_frame_free(&decoder->frame);
	g_free(decoder);
}

const AVFrame *video_decoder_decode(struct video_decoder *decoder, const uint8_t *bytes,
				    size_t length)
{
	g_assert_cmpint(av_new_packet(decoder->packet, (int)length), ==, 0);
	memcpy(decoder->packet->data, bytes, length);
	int result = avcodec_send_packet(decoder->context, decoder->packet);
	av_packet_unref(decoder->packet);
	if (result < 0 || avcodec_receive_frame(decoder->context, decoder->frame) < 0)
		return NULL;
	return decoder->frame;
}

static double psnr(uint64_t squares, uint64_t n)
{
	return squares == 0 ? 100 : 10 * log10(255.0 * 255.0 * (double)n / (double)squares);
}

static uint64_t square(int a, int b)
{
	return (uint64_t)((a - b) * (a - b));
}

double video_psnr_luma(const AVFrame *frame, const struct nv12 *picture)
{
	uint64_t squares = 0;

	for (uint32_t y = 0; y < picture->height; y++)
		for (uint32_t x = 0; x < picture->width; x++)
			squares += square(frame->data[0][y * (size_t)frame->linesize[0] + x],
					  picture->luma[y * picture->stride_bytes + x]);
	return psnr(squares, (uint64_t)picture->width * picture->height);
}

double video_psnr_chroma(const AVFrame *frame, const struct nv12 *picture)
{
	uint32_t width = picture->width / 2, height = picture->height / 2;
	uint64_t squares = 0;

	for (uint32_t y = 0; y < height; y++)
		for (uint32_t x = 0; x < width; x++)
			for (unsigned c = 0; c < 2; c++)
				squares += square(
					frame->data[1 + c][y * (size_t)frame->linesize[1 + c] + x],
					picture->chroma[y * picture->stride_bytes + 2 * x + c]);
	return psnr(squares, 2ull * width * height);
}
