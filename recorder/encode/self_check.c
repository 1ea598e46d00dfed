/* Lets libavcodec judge another encoder. It must not know how pictures are coded.
 *
 * The unit that failed never left this file, so the recording stays whole: whoever plays it sees an
 * IDR in its place. */
#include "recorder/encode/self_check.h"

#include "recorder/encode/encoder_methods.h"

#include <errno.h>
#include <glib.h>
#include <libavcodec/avcodec.h>

struct checked {
	struct encoder base;
	struct encoder_settings settings;
	struct encoder *encoder;
	AVCodecContext *decoder; /* NULL: it failed, libx264 encodes */
	AVPacket *packet;
	AVFrame *frame;
	uint64_t n_pictures;
	int64_t last_idr_id; /* of the unit before, -1 when that was no IDR */
};

static void stop_checking(struct checked *c)
{
	avcodec_free_context(&c->decoder);
	av_packet_free(&c->packet);
	av_frame_free(&c->frame);
}

static void checked_destroy(struct encoder *base)
{
	struct checked *c = (struct checked *)base;

	stop_checking(c);
	encoder_destroy(c->encoder);
	g_free(c);
}

static int start_checking(struct checked *c)
{
	const AVCodec *h264 = avcodec_find_decoder(AV_CODEC_ID_H264);

	c->decoder = h264 != NULL ? avcodec_alloc_context3(h264) : NULL;
	c->packet = av_packet_alloc();
	c->frame = av_frame_alloc();
	if (c->decoder == NULL || c->packet == NULL || c->frame == NULL)
		return -ENOTSUP;
	c->decoder->thread_count = 1;
	c->decoder->flags |= AV_CODEC_FLAG_LOW_DELAY;
	c->decoder->err_recognition = AV_EF_EXPLODE;
	return avcodec_open2(c->decoder, h264, NULL) < 0 ? -ENOTSUP : 0;
}

static bool decode(struct checked *c, const struct access_unit *unit)
{
	if (unit->length > INT_MAX || av_new_packet(c->packet, (int)unit->length) < 0)
		return false;
	memcpy(c->packet->data, unit->bytes, unit->length);
	int result = avcodec_send_packet(c->decoder, c->packet);
	av_packet_unref(c->packet);
	return result >= 0 && avcodec_receive_frame(c->decoder, c->frame) >= 0 &&
	       c->frame->format == AV_PIX_FMT_YUV420P;
}

static bool luma_agrees(const AVFrame *frame, const struct nv12 *shown)
{
	for (int y = 0; y < frame->height; y++)
		if (memcmp(frame->data[0] + y * (ptrdiff_t)frame->linesize[0],
			   shown->luma + (size_t)y * shown->stride_bytes,
			   (size_t)frame->width) != 0)
			return false;
	return true;
}

static bool chroma_agrees(const AVFrame *frame, const struct nv12 *shown)
{
	for (int y = 0; y < frame->height / 2; y++) {
		const uint8_t *cb = frame->data[1] + y * (ptrdiff_t)frame->linesize[1];
		const uint8_t *cr = frame->data[2] + y * (ptrdiff_t)frame->linesize[2];
		const uint8_t *pairs = shown->chroma + (size_t)y * shown->stride_bytes;
		for (int x = 0; x < frame->width / 2; x++)
			if (cb[x] != pairs[2 * x] || cr[x] != pairs[2 * x + 1])
				return false;
	}
	return true;
}

/* The decoder's picture is cropped; what lies outside shows itself when it is used. */
static bool agrees(struct checked *c, const struct access_unit *unit)
{
	const struct nv12 *shown = encoder_shown(c->encoder);

	return shown != NULL && decode(c, unit) && c->frame->width <= (int)shown->width &&
	       c->frame->height <= (int)shown->height && luma_agrees(c->frame, shown) &&
	       chroma_agrees(c->frame, shown);
}

static int64_t idr_id_of(const struct access_unit *unit)
{
	return unit->key ? (int64_t)unit->idr_pic_id : -1;
}

/* libx264 alone from here on. Its first IDR may have the number of the one before
 * (7.4.3); the next has not. */
static int fall_back(struct checked *c, const struct encoder_input *input, struct access_unit *ret)
{
	struct encoder_input again = *input;
	int result;

	again.key = true;
	stop_checking(c);
	g_clear_pointer(&c->encoder, encoder_destroy);
	c->settings.method = ENCODER_X264;
	result = encoder_create(&c->settings, &c->encoder);
	if (result == 0)
		result = c->encoder->methods->encode(c->encoder, &again, ret);
	if (result == 0 && idr_id_of(ret) == c->last_idr_id)
		result = c->encoder->methods->encode(c->encoder, &again, ret);
	return result;
}

static int checked_encode(struct encoder *base, const struct encoder_input *input,
			  struct access_unit *ret)
{
	struct checked *c = (struct checked *)base;

	if (c->encoder == NULL)
		return -EIO;
	int result = c->encoder->methods->encode(c->encoder, input, ret);
	if (result < 0 || c->decoder == NULL)
		return result;
	c->n_pictures++;
	if (agrees(c, ret)) {
		c->last_idr_id = idr_id_of(ret);
		return 0;
	}
	g_critical("ALARM: picture %" G_GUINT64_FORMAT
		   " of a recording decodes to something else than "
		   "was encoded (%ux%u, QP %u, %s); it is encoded again and libx264 goes on alone",
		   c->n_pictures, c->settings.width, c->settings.height, c->settings.qp,
		   ret->key ? "IDR" : "P");
	return fall_back(c, input, ret);
}

static const struct nv12 *checked_shown(const struct encoder *encoder)
{
	const struct checked *c = (const struct checked *)encoder;

	return c->encoder != NULL ? encoder_shown(c->encoder) : NULL;
}

static const char *checked_codec(const struct encoder *encoder)
{
	const struct checked *c = (const struct checked *)encoder;

	return c->encoder != NULL ? encoder_codec_string(c->encoder) : "";
}

static const struct encoder_methods methods = {.encode = checked_encode,
					       .shown = checked_shown,
					       .codec = checked_codec,
					       .destroy = checked_destroy};

int encoder_watch(struct encoder *encoder, const struct encoder_settings *settings,
		  struct encoder **ret_encoder)
{
	struct checked *c = g_new0(struct checked, 1);
	int result;

	c->base.methods = &methods;
	c->settings = *settings;
	c->last_idr_id = settings->behind_idr ? (int64_t)settings->idr_pic_id_before : -1;
	result = start_checking(c);
	if (result < 0) {
		checked_destroy(&c->base);
		return result;
	}
	c->encoder = encoder;
	*ret_encoder = &c->base;
	return 0;
}
