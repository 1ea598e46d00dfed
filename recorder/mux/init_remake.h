/** Makes an init segment again that a power cut took: the IDR that a segment begins with carries
 *  all that an init segment says (avc3). Any thread. */
#pragma once

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

/** The init segment for the fragments in `segment`, which come from a disk and are not trusted; the
 *  same bytes as the first time. NULL: they do not begin with a whole fragment that holds an IDR
 *  with its parameter sets. g_byte_array_unref it. */
GByteArray *init_remake(const uint8_t *segment, size_t length);
