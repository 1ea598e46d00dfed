/* Builds the frames of a live response; the format stands in the header. */
#include "web/live/live_frame.h"

#include "base/wire.h"

GBytes *live_frame_new(enum live_frame_kind kind, uint8_t flags, uint16_t slot, uint64_t pts_us,
		       const void *payload, size_t length)
{
	GByteArray *out = g_byte_array_sized_new((guint)(LIVE_FRAME_HEADER_BYTES + length));

	wire_put_u32(out, (uint32_t)(LIVE_FRAME_HEADER_BYTES - 4 + length));
	wire_put_u32(out, (uint32_t)kind | (uint32_t)flags << 8 | (uint32_t)slot << 16);
	wire_put_u64(out, pts_us);
	if (length > 0)
		g_byte_array_append(out, payload, (guint)length);
	return g_byte_array_free_to_bytes(out);
}
