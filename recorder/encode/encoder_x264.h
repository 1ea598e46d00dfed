/** The implementation on libx264, and what the damage writer needs of it for its IDRs.
 *  Private to recorder/encode. */
#pragma once

#include "recorder/encode/encoder_methods.h"

/** keep_reconstruction: encoder_x264_reconstruction is whole after every picture.
 *  Errors as encoder_create. */
int encoder_x264_create(const struct encoder_settings *settings, bool keep_reconstruction,
			struct encoder **ret_encoder);

/** What a decoder shows after the last picture, whole macroblocks. Only planes and stride are set;
 *  borrowed until the next call. */
const struct nv12 *encoder_x264_reconstruction(struct encoder *encoder);

/** Vectors in this stream stay below this in both directions: the level's limit, and
 *  what the VUI promises. */
uint32_t encoder_x264_vector_limit_px(struct encoder *encoder);
