/** Plays a trace through ring, snapshot and encoder, and has libavcodec judge every picture. */
#pragma once

#include "tests/bench/recorder_traces.h"
#include "tests/support/text_ssim.h"

struct judgement {
	unsigned n_pictures, n_keys;
	unsigned
		n_wrong; /**< did not decode, or to something else than the encoder says it shows */
	struct text_ssim text;
	double psnr_worst; /**< luma, dB */
	uint64_t bytes;
};

/** Encodes after each of the first `n_steps` steps of the trace that changed something. */
void judge_trace(const struct trace *trace, uint32_t n_steps, uint32_t qp, struct judgement *ret);
