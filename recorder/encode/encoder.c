/* The door of this room: checks settings and hands on to the implementation that was chosen. */
#include "recorder/encode/encoder_damage.h"
#include "recorder/encode/encoder_x264.h"

#include <errno.h>

#define QP_MAX 34u
#define SIDE_MIN_PX 16u
#define SIDE_MAX_PX 16384u

static bool settings_ok(const struct encoder_settings *s)
{
	return s->width >= SIDE_MIN_PX && s->height >= SIDE_MIN_PX && s->width <= SIDE_MAX_PX &&
	       s->height <= SIDE_MAX_PX && s->qp >= 1 && s->qp <= QP_MAX;
}

int encoder_create(const struct encoder_settings *settings, struct encoder **ret_encoder)
{
	if (!settings_ok(settings))
		return -EINVAL;
	if (settings->method == ENCODER_DAMAGE)
		return encoder_damage_create(settings, ret_encoder);
	return encoder_x264_create(settings, false, ret_encoder);
}

void encoder_destroy(struct encoder *encoder)
{
	if (encoder != NULL)
		encoder->methods->destroy(encoder);
}

int encoder_encode(struct encoder *encoder, const struct nv12 *picture,
		   const struct macroblocks *blocks, const struct motion_hint *hints,
		   unsigned n_hints, bool key, int64_t pts_us, struct access_unit *ret)
{
	const struct encoder_input input = {picture, blocks, hints, n_hints, key};

	(void)pts_us; /* one unit per picture: the caller pairs them */
	return encoder->methods->encode(encoder, &input, ret);
}

const char *encoder_codec_string(const struct encoder *encoder)
{
	return encoder->methods->codec(encoder);
}

const struct nv12 *encoder_shown(const struct encoder *encoder)
{
	return encoder->methods->shown(encoder);
}
