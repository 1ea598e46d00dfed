/** The implementation whose cost follows the damage. Private to recorder/encode. */
#pragma once

#include "recorder/encode/encoder_methods.h"

/** Errors as encoder_create. */
int encoder_damage_create(const struct encoder_settings *settings, struct encoder **ret_encoder);
