/** What the P slice writer must know of an IDR that libx264 wrote (ITU-T H.264 7.3.2.1, 7.3.2.2,
 *  7.3.3). Private to recorder/encode. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stream_headers {
	unsigned frame_num_bits; /**< log2_max_frame_num_minus4 + 4 */
	int pic_init_qp;
	int chroma_qp_offset;
	uint32_t idr_pic_id;
	bool deblocking_control; /**< slices say what deblocking they want */
};

/** Finds the SPS, the PPS and the first IDR slice in an Annex B access unit. Returns false when one
 *  is missing, or when the stream is not one the writer can continue: Baseline tools, frames,
 *  picture order type 2, one reference, unconstrained intra prediction, no redundant pictures. */
bool stream_headers_parse(const uint8_t *unit, size_t length, struct stream_headers *ret);
