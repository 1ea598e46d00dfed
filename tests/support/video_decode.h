/** Decodes H.264 with libavcodec, the judge of what the recorder wrote. Tests only. */
#pragma once

#include "recorder/encode/encoder.h"

#include <libavutil/frame.h>

struct video_decoder;

struct video_decoder *video_decoder_create(void);
void video_decoder_destroy(struct video_decoder *decoder);

/** Decodes one Annex B access unit; every unit must yield one picture at once. The frame is
 *  borrowed until the next call; NULL when it did not decode. */
const AVFrame *video_decoder_decode(struct video_decoder *decoder, const uint8_t *bytes,
				    size_t length);

/** Peak signal to noise of luma between a decoded frame (4:2:0 planar) and NV12, in dB;
 *  100 when they are equal. */
double video_psnr_luma(const AVFrame *frame, const struct nv12 *picture);
double video_psnr_chroma(const AVFrame *frame, const struct nv12 *picture);
