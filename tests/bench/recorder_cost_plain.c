/* The plain way of recording, which everything else is compared with. */
#include "tests/bench/recorder_cost.h"

#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>

#define PLAIN_FPS 10

static AVCodecContext *open_veryfast(void)
{
	AVCodecContext *c = avcodec_alloc_context3(avcodec_find_encoder_by_name("libx264"));

	c->width = TRACE_WIDTH;
	c->height = TRACE_HEIGHT;
	c->pix_fmt = AV_PIX_FMT_YUV420P;
	c->time_base = (AVRational){1, PLAIN_FPS};
	c->thread_count = 1;
	c->gop_size = PLAIN_FPS * 10;
	av_opt_set(c->priv_data, "preset", "veryfast", 0);
	av_opt_set(c->priv_data, "crf", "23", 0);
	g_assert_cmpint(avcodec_open2(c, NULL, NULL), ==, 0);
	return c;
}

static void plain_frame(AVCodecContext *codec, struct SwsContext *scale, AVFrame *frame,
			AVPacket *packet, struct ring_writer *writer, struct cost *cost)
{
	const uint8_t *const planes[] = {ring_writer_pixels(writer)};
	const int strides[] = {(int)ring_writer_stride_bytes(writer)};
	uint64_t cpu_us = cost_read_us(CLOCK_THREAD_CPUTIME_ID);

	g_assert_cmpint(av_frame_make_writable(frame), ==, 0);
	sws_scale(scale, planes, strides, 0, TRACE_HEIGHT, frame->data, frame->linesize);
	frame->pts++;
	g_assert_cmpint(avcodec_send_frame(codec, frame), ==, 0);
	while (avcodec_receive_packet(codec, packet) == 0) {
		cost->bytes += (uint64_t)packet->size;
		av_packet_unref(packet);
	}
	cost->cpu_us += cost_read_us(CLOCK_THREAD_CPUTIME_ID) - cpu_us;
}

void cost_plain(const struct trace *trace, uint32_t seconds, struct cost *cost)
{
	struct ring_writer *writer;
	AVCodecContext *codec = open_veryfast();
	struct SwsContext *scale =
		sws_getContext(TRACE_WIDTH, TRACE_HEIGHT, AV_PIX_FMT_BGR0, TRACE_WIDTH,
			       TRACE_HEIGHT, AV_PIX_FMT_YUV420P, SWS_BICUBIC, NULL, NULL, NULL);
	AVFrame *frame = av_frame_alloc();
	AVPacket *packet = av_packet_alloc();

	g_assert_cmpint(ring_writer_create(TRACE_WIDTH, TRACE_HEIGHT, &writer), ==, 0);
	frame->format = AV_PIX_FMT_YUV420P;
	frame->width = TRACE_WIDTH;
	frame->height = TRACE_HEIGHT;
	frame->pts = -1;
	g_assert_cmpint(av_frame_get_buffer(frame, 0), ==, 0);
	trace_background(writer, 0);
	cost->seconds = seconds;
	uint32_t step = 0;
	for (uint32_t ms = 0; ms < seconds * 1000; ms += 1000 / PLAIN_FPS) {
		for (; trace->step_ms > 0 && step * trace->step_ms < ms; step++)
			trace->paint(writer, 0, step);
		plain_frame(codec, scale, frame, packet, writer, cost);
	}
	ring_writer_destroy(writer);
	avcodec_free_context(&codec);
	sws_freeContext(scale);
	av_frame_free(&frame);
	av_packet_free(&packet);
}
