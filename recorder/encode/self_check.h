/** An encoder that is watched while it works: libavcodec decodes every access unit, and what it
 *  shows is compared with what the encoder says that it shows. Costs some milliseconds for each
 *  picture. A library of its own, so that only the recorder links libavcodec. */
#pragma once

#include "recorder/encode/encoder.h"

/** Puts a new encoder, one that knows what is shown (encoder_shown), under watch. When the two ever
 *  differ, an alarm is logged, that picture is encoded again as an IDR by libx264,
 *  and libx264 goes on alone.
 *  settings  of the encoder
 *  Takes the encoder and returns 0; -ENOTSUP when there is no decoder: then nothing is taken. */
int encoder_watch(struct encoder *encoder, const struct encoder_settings *settings,
		  struct encoder **ret_encoder);
