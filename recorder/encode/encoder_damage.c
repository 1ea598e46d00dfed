/* IDRs from libx264, P slices from p_slice.c. It must not know macroblocks. */
#include "recorder/encode/encoder_damage.h"

#include "recorder/encode/encoder_x264.h"
#include "recorder/encode/p_slice.h"

#include <errno.h>

struct encoder_damage {
	struct encoder base;
	struct encoder *intra;
	struct p_coder *coder;
	GByteArray *unit;
	bool started;
};

static struct encoder_damage *damage_of(struct encoder *encoder)
{
	return (struct encoder_damage *)encoder;
}

static void damage_destroy(struct encoder *base)
{
	struct encoder_damage *encoder = damage_of(base);

	encoder_destroy(encoder->intra);
	p_coder_destroy(encoder->coder);
	g_byte_array_unref(encoder->unit);
	g_free(encoder);
}

/* libx264's own references are stale after our pictures, so it is never asked for anything else. */
static int encode_idr(struct encoder_damage *encoder, const struct nv12 *picture,
		      struct access_unit *ret)
{
	const struct encoder_input input = {.picture = picture, .key = true};
	struct stream_headers headers;
	int result = encoder->intra->methods->encode(encoder->intra, &input, ret);

	if (result < 0)
		return result;
	if (!encoder->started && !stream_headers_parse(ret->bytes, ret->length, &headers))
		return -EIO;
	if (!encoder->started)
		p_coder_set_headers(encoder->coder, &headers);
	p_coder_restart(encoder->coder, encoder_x264_reconstruction(encoder->intra), picture);
	encoder->started = true;
	return 0;
}

static int damage_encode(struct encoder *base, const struct encoder_input *input,
			 struct access_unit *ret)
{
	struct encoder_damage *encoder = damage_of(base);

	g_byte_array_set_size(encoder->unit, 0);
	if (input->key || !encoder->started ||
	    !p_coder_encode(encoder->coder, input->picture, input->blocks, input->hints,
			    input->n_hints, encoder->unit))
		return encode_idr(encoder, input->picture, ret);
	*ret = (struct access_unit){encoder->unit->data, encoder->unit->len, false};
	return 0;
}

static const struct nv12 *damage_shown(const struct encoder *encoder)
{
	const struct encoder_damage *damage = (const struct encoder_damage *)encoder;

	return damage->started ? p_coder_shown(damage->coder) : NULL;
}

static const char *damage_codec(const struct encoder *encoder)
{
	return encoder_codec_string(((const struct encoder_damage *)encoder)->intra);
}

static const struct encoder_methods methods = {.encode = damage_encode,
					       .shown = damage_shown,
					       .codec = damage_codec,
					       .destroy = damage_destroy};

int encoder_damage_create(const struct encoder_settings *settings, struct encoder **ret_encoder)
{
	struct encoder_damage *encoder = g_new0(struct encoder_damage, 1);
	int result;

	encoder->base.methods = &methods;
	encoder->unit = g_byte_array_new();
	result = encoder_x264_create(settings, true, &encoder->intra);
	if (result == 0)
		result = p_coder_create(settings->width, settings->height, settings->qp,
					encoder_x264_vector_limit_px(encoder->intra),
					&encoder->coder);
	if (result < 0) {
		damage_destroy(&encoder->base);
		return result;
	}
	*ret_encoder = &encoder->base;
	return 0;
}
