/** H.264 encoders behind one interface. The recorder encodes recordings with it, the RDP
 *  front AVC420 for its viewer.
 *
 *  Input is NV12 in BT.709 limited range, kept by the caller (recorder/encode/convert.h fills it
 *  from BGRX); output are Annex B access units.
 *  No B frames, no lookahead, one reference, constant QP: an access unit comes out for each picture
 *  that goes in. One thread per encoder; different encoders may run on different threads.
 *
 *  Two ways to write it. libx264 codes every picture and costs some milliseconds each, however
 *  little changed. The damage way has libx264 write the IDRs and writes what lies between itself
 *  (recorder/encode/p_slice.h), at a cost that follows what changed; it alone uses motion hints. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** NV12 planes. Width and height of the planes are rounded up to 16; rows behind the
 *  picture repeat its last row. */
struct nv12 {
	uint8_t *luma, *chroma; /**< chroma: interleaved U, V at half size */
	size_t stride_bytes;	/**< of both planes */
	uint32_t width, height; /**< of the picture */
};

/** Which macroblocks changed since the last picture: one byte each, row by row,
 *  (width+15)/16 a row. 1 = changed. */
struct macroblocks {
	uint8_t *changed;
	uint32_t columns, rows;
};

/** A rectangle that moved: `to` got what `from` showed at that moment. Several follow each other in
 *  the order in which they happened.
 *  Hints may be wrong, and may point outside of the picture: they cost bytes then, never truth. */
struct motion_hint {
	int32_t from_x, from_y, to_x, to_y;
	uint32_t width, height;
};

enum encoder_method { ENCODER_X264, ENCODER_DAMAGE };

struct encoder_settings {
	uint32_t width, height;
	uint32_t qp; /**< 22 evidence, 24 standard, 28 economy; up to 34 */
	/** false: limited range as recordings use; RDPGFX wants true ([MS-RDPEGFX] 3.3.8.3.1) */
	bool full_range;
	bool repeat_headers; /**< SPS and PPS before every IDR; ENCODER_DAMAGE knows no other way */
	enum encoder_method method;
	bool behind_idr; /**< the stream goes on behind an IDR that another encoder wrote, ... */
	uint32_t idr_pic_id_before; /**< ... and this is its number. ENCODER_DAMAGE */
	struct idr_pool *
		idr_pool; /**< ENCODER_DAMAGE: who writes its IDRs; NULL: each time a new libx264 */
};

/** For large automatic variables on the way of every macroblock that are written before they are
 *  read: the build would zero them first. */
#define WRITTEN_FIRST __attribute__((uninitialized))

struct access_unit {
	const uint8_t *bytes; /**< Annex B; owned by the encoder until its next call */
	size_t length;
	bool key; /**< IDR */
	/** of an IDR in a stream with repeated headers: two in a row have different
	 *  ones (ITU-T H.264 7.4.3) */
	uint32_t idr_pic_id;
};

struct encoder;

/** Returns 0 and *ret_encoder, -EINVAL for settings out of range, -ENOMEM. */
int encoder_create(const struct encoder_settings *settings, struct encoder **ret_encoder);
void encoder_destroy(struct encoder *encoder);

/** Encodes one picture.
 *  blocks   which macroblocks differ from the picture before; NULL: assume all
 *  hints    may be NULL
 *  key      make it an IDR; the encoder may choose to make one by itself
 *  Returns 0 and *ret; -EIO when the library failed: then destroy the encoder. */
int encoder_encode(struct encoder *encoder, const struct nv12 *picture,
		   const struct macroblocks *blocks, const struct motion_hint *hints,
		   unsigned n_hints, bool key, int64_t pts_us, struct access_unit *ret);

/** "avc1.42c028" of this encoder's stream, for WebCodecs and MSE. Valid after the first IDR;
 *  borrowed. */
const char *encoder_codec_string(const struct encoder *encoder);

/** What a decoder shows after the last access unit, rounded up to macroblocks; borrowed until the
 *  next call. NULL: this encoder does not know. */
const struct nv12 *encoder_shown(const struct encoder *encoder);
