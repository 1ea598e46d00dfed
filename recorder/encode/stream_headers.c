/* Reads a few fields of what libx264 writes around its IDRs. The bytes come from a library of our
 * own process, yet every step is bounded. */
#include "recorder/encode/stream_headers.h"

#include <string.h>

#define NAL_TYPE_IDR 5
#define NAL_TYPE_SPS 7
#define NAL_TYPE_PPS 8
#define PROFILE_BASELINE 66
#define HEADER_MAX_BYTES 64u /* more than the fields we read can take */

struct bit_reader {
	uint8_t rbsp[HEADER_MAX_BYTES];
	size_t n_bits, position;
};

/* Behind the end there are zeros; ue() then fails by its length. */
static uint32_t get_bits(struct bit_reader *r, unsigned n)
{
	uint32_t value = 0;

	for (; n > 0; n--, r->position++) {
		unsigned bit = r->position < r->n_bits
				       ? r->rbsp[r->position / 8] >> (7 - r->position % 8) & 1
				       : 0;
		value = value << 1 | bit;
	}
	return value;
}

static uint32_t get_ue(struct bit_reader *r)
{
	unsigned zeros = 0;

	while (zeros < 31 && get_bits(r, 1) == 0)
		zeros++;
	return (1u << zeros) - 1 + get_bits(r, zeros);
}

static int32_t get_se(struct bit_reader *r)
{
	uint32_t code = get_ue(r);

	return code % 2 ? (int32_t)(code / 2 + 1) : -(int32_t)(code / 2);
}

/* The payload behind the NAL header, without emulation prevention bytes (7.4.1.1). */
static void unwrap(const uint8_t *nal, size_t length, struct bit_reader *r)
{
	size_t n = 0;

	for (size_t i = 1; i < length && n < HEADER_MAX_BYTES; i++)
		if (i < 3 || nal[i] != 3 || nal[i - 1] != 0 || nal[i - 2] != 0)
			r->rbsp[n++] = nal[i];
	r->n_bits = n * 8;
	r->position = 0;
}

static bool parse_sps(struct bit_reader *r, struct stream_headers *ret)
{
	uint32_t profile = get_bits(r, 8);

	get_bits(r, 16); /* constraints, level */
	uint32_t sps_id = get_ue(r);
	ret->frame_num_bits = get_ue(r) + 4;
	uint32_t order_type = get_ue(r);
	uint32_t references = get_ue(r);
	get_bits(r, 1); /* gaps in frame_num */
	get_ue(r);	/* width and height in macroblocks */
	get_ue(r);
	bool frames_only = get_bits(r, 1);
	return profile == PROFILE_BASELINE && sps_id == 0 && ret->frame_num_bits <= 16 &&
	       order_type == 2 && references == 1 && frames_only && r->position <= r->n_bits;
}

static bool parse_pps(struct bit_reader *r, struct stream_headers *ret)
{
	uint32_t pps_id = get_ue(r), sps_id = get_ue(r);
	bool cabac = get_bits(r, 1), order_in_fields = get_bits(r, 1);
	uint32_t slice_groups = get_ue(r) + 1, references = get_ue(r) + 1;

	get_ue(r); /* references of B slices */
	bool weighted = get_bits(r, 1);
	get_bits(r, 2); /* weights of B slices */
	ret->pic_init_qp = get_se(r) + 26;
	get_se(r); /* QP of switching slices */
	ret->chroma_qp_offset = get_se(r);
	ret->deblocking_control = get_bits(r, 1);
	bool constrained_intra = get_bits(r, 1), redundant = get_bits(r, 1);
	return pps_id == 0 && sps_id == 0 && !cabac && !order_in_fields && slice_groups == 1 &&
	       references == 1 && !weighted && !constrained_intra && !redundant &&
	       ret->chroma_qp_offset >= -12 && ret->chroma_qp_offset <= 12 &&
	       r->position <= r->n_bits;
}

/* The NAL unit that begins at or behind `*at`, which is moved past it; NULL: no more. */
static const uint8_t *next_nal(const uint8_t *unit, size_t length, size_t *at, size_t *ret_length)
{
	static const uint8_t start_code[] = {0, 0, 1};
	const uint8_t *start = memmem(unit + *at, length - *at, start_code, sizeof start_code);

	if (start == NULL || start + sizeof start_code == unit + length)
		return NULL;
	start += sizeof start_code;
	const uint8_t *end =
		memmem(start, length - (size_t)(start - unit), start_code, sizeof start_code);
	*ret_length = end != NULL ? (size_t)(end - start) : length - (size_t)(start - unit);
	*at = (size_t)(start - unit) + *ret_length;
	return start;
}

static void parse_idr(struct bit_reader *r, struct stream_headers *ret)
{
	get_ue(r); /* first_mb_in_slice */
	get_ue(r); /* slice_type */
	get_ue(r); /* pic_parameter_set_id */
	get_bits(r, ret->frame_num_bits);
	ret->idr_pic_id = get_ue(r);
}

bool stream_headers_parse(const uint8_t *unit, size_t length, struct stream_headers *ret)
{
	bool sps_ok = false, pps_ok = false;
	size_t at = 0, nal_length = 0;
	struct bit_reader reader;
	const uint8_t *nal;

	while ((nal = next_nal(unit, length, &at, &nal_length)) != NULL) {
		unsigned type = nal[0] & 31u;
		unwrap(nal, nal_length, &reader);
		if (type == NAL_TYPE_SPS) {
			sps_ok = parse_sps(&reader, ret);
		} else if (type == NAL_TYPE_PPS) {
			pps_ok = parse_pps(&reader, ret);
		} else if (type == NAL_TYPE_IDR) {
			parse_idr(&reader, ret);
			return sps_ok && pps_ok;
		}
	}
	return false;
}
