/** Words laid over the picture by the gateway itself: recorder away, time nearly over, a
 *  supervisor's message. For every front. Needs no file: the letters are cairo's built-in ones, so
 *  it works inside the sandbox. */
#pragma once

#include "gateway/session/session.h"

#define BANNER_HEIGHT_PX 32u

/** Where a banner lies in a picture of this size: a strip along its top. */
struct rect banner_rect(uint32_t width, uint32_t height);

/** Paints `text` (UTF-8; letters outside ASCII are written around) into the strip. Words
 *  that do not fit are cut. */
void banner_draw(struct shadow *shadow, const char *text);
