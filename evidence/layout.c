/* Headers, footers and the chain of boxes. It must not know what they hold. */
#include "evidence/layout.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

#define FOOTER_MAGIC "VITRINE-EVIDENCE-1 "
#define FOOTER_DIGITS 12u

const uint8_t evidence_usertype[16] = {0xfc, 0x0d, 0xe0, 0xa1, 0x7b, 0xb3, 0x4c, 0x19,
				       0x9a, 0x6e, 0x2f, 0x1d, 0x6f, 0x0b, 0x9e, 0x57};

static uint64_t read_big_endian(const uint8_t *bytes, unsigned n)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < n; i++)
		value = value << 8 | bytes[i];
	return value;
}

void layout_box_header(uint32_t box_bytes, uint8_t ret[EVIDENCE_BOX_HEADER_BYTES])
{
	for (unsigned i = 0; i < 4; i++)
		ret[i] = (uint8_t)(box_bytes >> (24 - 8 * i));
	memcpy(ret + 4, "uuid", 4);
	memcpy(ret + 8, evidence_usertype, sizeof evidence_usertype);
}

void layout_footer(uint32_t box_bytes, uint8_t ret[EVIDENCE_FOOTER_BYTES])
{
	char text[EVIDENCE_FOOTER_BYTES + 1];

	g_snprintf(text, sizeof text, FOOTER_MAGIC "%012u\n", box_bytes);
	memcpy(ret, text, EVIDENCE_FOOTER_BYTES);
}

bool layout_read_footer(const uint8_t footer[EVIDENCE_FOOTER_BYTES], uint32_t *ret_box_bytes)
{
	const uint8_t *digits = footer + strlen(FOOTER_MAGIC);
	uint64_t value = 0;

	if (memcmp(footer, FOOTER_MAGIC, strlen(FOOTER_MAGIC)) != 0 ||
	    digits[FOOTER_DIGITS] != '\n')
		return false;
	for (unsigned i = 0; i < FOOTER_DIGITS; i++) {
		if (!g_ascii_isdigit(digits[i]))
			return false;
		value = value * 10 + (digits[i] - '0');
	}
	*ret_box_bytes = (uint32_t)value;
	return value <= EVIDENCE_BOX_MAX_BYTES &&
	       value >= EVIDENCE_BOX_HEADER_BYTES + EVIDENCE_FOOTER_BYTES;
}

bool layout_is_box_header(const uint8_t header[EVIDENCE_BOX_HEADER_BYTES], uint32_t box_bytes)
{
	uint8_t expected[EVIDENCE_BOX_HEADER_BYTES];

	layout_box_header(box_bytes, expected);
	return memcmp(header, expected, sizeof expected) == 0;
}

/* How many bytes the header has as far as is known: size and type, then a long size, then a
 * usertype. */
static unsigned header_bytes(const struct box_walk *walk)
{
	if (walk->have < 8)
		return 8;
	return 8 + (read_big_endian(walk->header, 4) == 1 ? 8 : 0) +
	       (memcmp(walk->header + 4, "uuid", 4) == 0 ? 16 : 0);
}

static void end_header(struct box_walk *walk)
{
	uint64_t size = read_big_endian(walk->header, 4);

	if (size == 1)
		size = read_big_endian(walk->header + 8, 8);
	/* 0, "up to the end of the file", would swallow what comes behind. */
	if (size < walk->have) {
		walk->broken = true;
		return;
	}
	if (memcmp(walk->header + 4, "uuid", 4) == 0 &&
	    memcmp(walk->header + walk->have - 16, evidence_usertype, 16) == 0)
		walk->ours++;
	walk->skip = size - walk->have;
	walk->have = 0;
}

void box_walk_add(struct box_walk *walk, const uint8_t *bytes, size_t length)
{
	while (length > 0 && !walk->broken) {
		size_t n = (size_t)MIN((uint64_t)length, walk->skip);
		if (walk->skip == 0) {
			n = MIN(length, header_bytes(walk) - walk->have);
			memcpy(walk->header + walk->have, bytes, n);
			walk->have += (unsigned)n;
			if (walk->have == header_bytes(walk))
				end_header(walk);
		} else {
			walk->skip -= n;
		}
		bytes += n;
		length -= n;
	}
}

bool box_walk_is_whole(const struct box_walk *walk)
{
	return !walk->broken && walk->have == 0 && walk->skip == 0;
}
