/** P pictures at a cost that follows the damage: one slice each, unchanged macroblocks skipped, no
 *  deblocking. Private to recorder/encode.
 *
 *  It continues a stream whose IDRs another encoder wrote: p_coder_restart tells what a decoder
 *  shows after such an IDR. */
#pragma once

#include "recorder/encode/encoder.h"
#include "recorder/encode/stream_headers.h"

#include <glib.h>

struct p_coder;

/** qp               1 to 51
 *  vector_limit_px  below this in both directions (table A-1, E.2.1)
 *  headers          what the stream's parameter sets say
 *  Returns 0 and *ret, or -ENOMEM. */
int p_coder_create(uint32_t width, uint32_t height, uint32_t qp, uint32_t vector_limit_px,
		   const struct stream_headers *headers, struct p_coder **ret_coder);
void p_coder_destroy(struct p_coder *coder);

/** An IDR was written. The planes (rounded up to macroblocks) are copied.
 *  shown   what a decoder shows now
 *  source  what was coded */
void p_coder_restart(struct p_coder *coder, const struct nv12 *shown, const struct nv12 *source);

/** Appends the NAL unit of one P picture. Returns false, and writes nothing, when so much is new
 *  that an IDR is cheaper. */
bool p_coder_encode(struct p_coder *coder, const struct nv12 *source,
		    const struct macroblocks *blocks, const struct motion_hint *hints,
		    unsigned n_hints, GByteArray *unit);

/** What a decoder shows after the last picture. Borrowed; width and height are
 *  rounded up to macroblocks. */
const struct nv12 *p_coder_shown(const struct p_coder *coder);
