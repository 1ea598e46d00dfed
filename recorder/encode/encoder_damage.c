/* IDRs from libx264, P slices from p_slice.c. It must not know macroblocks.
 *
 * Whoever writes the next IDR, its stream is the same: the parameter sets follow from the settings,
 * and an IDR needs nothing of what came before but another idr_pic_id than an IDR right before
 * it. */
#include "recorder/encode/encoder_damage.h"

#include "recorder/encode/encoder_x264.h"
#include "recorder/encode/idr_pool.h"
#include "recorder/encode/p_slice.h"

#include <errno.h>

struct encoder_damage {
	struct encoder base;
	struct encoder_settings settings;
	struct p_coder *coder; /* made with the first IDR */
	GByteArray *unit;
	char codec[sizeof "avc1.42c028"];
	uint32_t idr_pic_id;
	bool last_was_idr;
};

static struct encoder_damage *damage_of(struct encoder *encoder)
{
	return (struct encoder_damage *)encoder;
}

static void damage_destroy(struct encoder *base)
{
	struct encoder_damage *encoder = damage_of(base);

	p_coder_destroy(encoder->coder);
	g_byte_array_unref(encoder->unit);
	g_free(encoder);
}

static int start_coder(struct encoder_damage *encoder, struct encoder *intra,
		       const struct stream_headers *headers)
{
	const struct encoder_settings *s = &encoder->settings;

	g_strlcpy(encoder->codec, encoder_codec_string(intra), sizeof encoder->codec);
	return p_coder_create(s->width, s->height, s->qp, encoder_x264_vector_limit_px(intra),
			      headers, &encoder->coder);
}

static int encode_and_parse(struct encoder *intra, const struct encoder_input *input,
			    struct access_unit *ret, struct stream_headers *ret_headers)
{
	int result = intra->methods->encode(intra, input, ret);

	if (result < 0)
		return result;
	return stream_headers_parse(ret->bytes, ret->length, ret_headers) ? 0 : -EIO;
}

/* libx264's own references are stale after our pictures, so it is never asked for anything else. */
static int encode_idr_with(struct encoder_damage *encoder, struct encoder *intra,
			   const struct nv12 *picture)
{
	const struct encoder_input input = {.picture = picture, .key = true};
	struct stream_headers headers;
	struct access_unit unit;
	int result = encode_and_parse(intra, &input, &unit, &headers);

	/* 7.4.3. libx264 gives the next another number. */
	if (result == 0 && encoder->last_was_idr && headers.idr_pic_id == encoder->idr_pic_id)
		result = encode_and_parse(intra, &input, &unit, &headers);
	if (result == 0 && encoder->coder == NULL)
		result = start_coder(encoder, intra, &headers);
	if (result < 0)
		return result;
	p_coder_restart(encoder->coder, encoder_x264_reconstruction(intra), picture);
	g_byte_array_append(encoder->unit, unit.bytes, (guint)unit.length);
	encoder->idr_pic_id = headers.idr_pic_id;
	return 0;
}

static int encode_idr(struct encoder_damage *encoder, const struct nv12 *picture)
{
	struct idr_pool *pool = encoder->settings.idr_pool;
	struct encoder *intra;
	int result = idr_pool_take(pool, &encoder->settings, &intra);

	if (result < 0)
		return result;
	result = encode_idr_with(encoder, intra, picture);
	if (result == 0)
		idr_pool_put(pool, &encoder->settings, intra);
	else
		encoder_destroy(intra);
	return result;
}

static int damage_encode(struct encoder *base, const struct encoder_input *input,
			 struct access_unit *ret)
{
	struct encoder_damage *encoder = damage_of(base);

	g_byte_array_set_size(encoder->unit, 0);
	bool key = input->key || encoder->coder == NULL ||
		   !p_coder_encode(encoder->coder, input->picture, input->blocks, input->hints,
				   input->n_hints, encoder->unit);
	int result = key ? encode_idr(encoder, input->picture) : 0;
	encoder->last_was_idr = key;
	*ret = (struct access_unit){encoder->unit->data, encoder->unit->len, key,
				    key ? encoder->idr_pic_id : 0};
	return result;
}

static const struct nv12 *damage_shown(const struct encoder *encoder)
{
	const struct encoder_damage *damage = (const struct encoder_damage *)encoder;

	return damage->coder != NULL ? p_coder_shown(damage->coder) : NULL;
}

static const char *damage_codec(const struct encoder *encoder)
{
	return ((const struct encoder_damage *)encoder)->codec;
}

static const struct encoder_methods methods = {.encode = damage_encode,
					       .shown = damage_shown,
					       .codec = damage_codec,
					       .destroy = damage_destroy};

int encoder_damage_create(const struct encoder_settings *settings, struct encoder **ret_encoder)
{
	/* Shared instances cannot know whose stream has seen the headers already. */
	if (!settings->repeat_headers)
		return -EINVAL;
	struct encoder_damage *encoder = g_new0(struct encoder_damage, 1);
	encoder->base.methods = &methods;
	encoder->settings = *settings;
	encoder->last_was_idr = settings->behind_idr;
	encoder->idr_pic_id = settings->idr_pic_id_before;
	encoder->unit = g_byte_array_new();
	*ret_encoder = &encoder->base;
	return 0;
}
