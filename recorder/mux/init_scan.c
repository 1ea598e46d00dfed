/* Looks into avc3 (ISO/IEC 14496-12 12.1.3, VisualSampleEntry) and avcC (ISO/IEC 14496-15 5.3.3.1).
 * It never reads outside what it was given. */
#include "recorder/mux/init_scan.h"

#include <stdio.h>
#include <string.h>

#define ENTRY_WIDTH_AT                                                                             \
	28u /* behind the type: six reserved bytes, an index, sixteen predefined bytes */
#define CONFIG_PROFILE_AT 5u
#define BOX_HEADER_BYTES 8u

static uint32_t be16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t be32(const uint8_t *p)
{
	return be16(p) << 16 | be16(p + 2);
}

/* Boxes to the last byte: a power cut leaves less, or zeros. */
static bool is_whole(const uint8_t *bytes, size_t length)
{
	while (length >= BOX_HEADER_BYTES) {
		size_t box_bytes = be32(bytes);
		if (box_bytes < BOX_HEADER_BYTES || box_bytes > length)
			return false;
		bytes += box_bytes;
		length -= box_bytes;
	}
	return length == 0;
}

bool init_scan(const uint8_t *bytes, size_t length, struct init_scan *ret)
{
	if (!is_whole(bytes, length))
		return false;
	const uint8_t *end = bytes + length;
	const uint8_t *entry = memmem(bytes, length, "avc3", 4);
	const uint8_t *config = memmem(bytes, length, "avcC", 4);

	if (entry == NULL || config == NULL || end - entry < (ptrdiff_t)ENTRY_WIDTH_AT + 4 ||
	    end - config < (ptrdiff_t)CONFIG_PROFILE_AT + 3)
		return false;
	ret->width = be16(entry + ENTRY_WIDTH_AT);
	ret->height = be16(entry + ENTRY_WIDTH_AT + 2);
	snprintf(ret->codec, sizeof ret->codec, "avc1.%02x%02x%02x", config[CONFIG_PROFILE_AT],
		 config[CONFIG_PROFILE_AT + 1], config[CONFIG_PROFILE_AT + 2]);
	return ret->width > 0 && ret->height > 0;
}
