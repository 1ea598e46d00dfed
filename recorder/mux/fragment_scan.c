/* A walk over box headers. It must not trust a single length; it never reads outside what it was
 * given. */
#include "recorder/mux/fragment_scan.h"

#include <stdbool.h>
#include <string.h>

#define BOX_HEADER_BYTES 8u

struct box {
	const uint8_t *payload;
	size_t payload_bytes, box_bytes;
	char type[4];
};

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* 32-bit sizes only: the muxer never writes a fragment that needs more (8.2.1 allows 64). */
static bool next_box(const uint8_t *bytes, size_t length, struct box *ret)
{
	if (length < BOX_HEADER_BYTES)
		return false;
	size_t size = be32(bytes);
	if (size < BOX_HEADER_BYTES || size > length)
		return false;
	ret->payload = bytes + BOX_HEADER_BYTES;
	ret->payload_bytes = size - BOX_HEADER_BYTES;
	ret->box_bytes = size;
	memcpy(ret->type, bytes + 4, sizeof ret->type);
	return true;
}

static bool find_box(const struct box *parent, const char type[4], struct box *ret)
{
	const uint8_t *at = parent->payload;
	size_t left = parent->payload_bytes;

	while (next_box(at, left, ret)) {
		if (memcmp(ret->type, type, 4) == 0)
			return true;
		at += ret->box_bytes;
		left -= ret->box_bytes;
	}
	return false;
}

static bool read_moof(const struct box *moof, uint64_t *ret_us, uint32_t *ret_sequence)
{
	struct box mfhd, traf, tfdt;

	if (!find_box(moof, "mfhd", &mfhd) || mfhd.payload_bytes < 8 ||
	    !find_box(moof, "traf", &traf) || !find_box(&traf, "tfdt", &tfdt) ||
	    tfdt.payload_bytes < 8)
		return false;
	if (tfdt.payload[0] == 1 && tfdt.payload_bytes < 12)
		return false;
	*ret_us = be32(tfdt.payload + 4);
	if (tfdt.payload[0] == 1)
		*ret_us = *ret_us << 32 | be32(tfdt.payload + 8);
	*ret_sequence = be32(mfhd.payload + 4);
	return true;
}

void fragment_scan(const uint8_t *bytes, size_t length, struct fragment_scan *ret)
{
	struct box moof, mdat;
	uint64_t time_us;
	uint32_t sequence;

	*ret = (struct fragment_scan){0};
	while (next_box(bytes + ret->whole_bytes, length - ret->whole_bytes, &moof)) {
		size_t behind = ret->whole_bytes + moof.box_bytes;
		if (memcmp(moof.type, "moof", 4) != 0 || !read_moof(&moof, &time_us, &sequence) ||
		    !next_box(bytes + behind, length - behind, &mdat) ||
		    memcmp(mdat.type, "mdat", 4) != 0)
			return;
		if (ret->n_fragments++ == 0) {
			ret->first_us = time_us;
			ret->first_unit = mdat.payload;
			ret->first_unit_bytes = mdat.payload_bytes;
		}
		ret->last_us = time_us;
		ret->last_sequence = sequence;
		ret->whole_bytes = behind + mdat.box_bytes;
	}
}
