/** Structural similarity of text: of 8x8 luma blocks whose source has strong contrast (range 80
 *  or more). Tests only. */
#pragma once

#include "recorder/encode/encoder.h"

#include <libavutil/frame.h>

struct text_ssim {
	double sum;
	double worst; /**< of a whole picture; begin with 1 */
	uint64_t n_blocks;
};

/** Adds one decoded picture. Pictures without text count for nothing. */
void text_ssim_add(struct text_ssim *ssim, const AVFrame *decoded, const struct nv12 *source);

/** The mean over all blocks so far; 1 when there were none. */
double text_ssim_mean(const struct text_ssim *ssim);
