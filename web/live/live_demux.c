/* Cuts the recorder's byte stream into packets. Every length is checked before use; it opens no
 * socket. */
#include "web/live/live_demux.h"

#include "base/rect.h"
#include "base/wire.h"
#include "ipc/live_proto.h"

#include <errno.h>
#include <string.h>

#define CODEC_MAX_BYTES 64u

void live_demux_init(struct live_demux *demux)
{
	*demux = (struct live_demux){.bytes = g_byte_array_new()};
}

void live_demux_finish(struct live_demux *demux)
{
	g_clear_pointer(&demux->bytes, g_byte_array_unref);
}

void live_demux_feed(struct live_demux *demux, const void *bytes, size_t length)
{
	if (demux->taken > 0) {
		g_byte_array_remove_range(demux->bytes, 0, (guint)demux->taken);
		demux->taken = 0;
	}
	g_byte_array_append(demux->bytes, bytes, (guint)length);
}

int live_demux_next(struct live_demux *demux, struct live_packet *ret)
{
	const uint8_t *at = demux->bytes->data + demux->taken;
	size_t left = demux->bytes->len - demux->taken;
	struct wire_reader reader;

	if (left < LIVE_HEADER_BYTES)
		return 0;
	wire_reader_init(&reader, at, LIVE_HEADER_BYTES);
	uint32_t rest = wire_get_u32(&reader), kind_flags = wire_get_u32(&reader);
	if (rest < LIVE_HEADER_BYTES - 4 || rest > LIVE_MAX_BYTES)
		return -EPROTO;
	if (left - 4 < rest)
		return 0;
	*ret = (struct live_packet){
		.kind = (uint16_t)kind_flags,
		.flags = (uint16_t)(kind_flags >> 16),
		.payload = at + LIVE_HEADER_BYTES,
		.length = rest - (LIVE_HEADER_BYTES - 4),
	};
	demux->taken += 4 + (size_t)rest;
	return 1;
}

bool live_packet_open(const struct live_packet *packet, uint32_t *ret_width, uint32_t *ret_height,
		      char **ret_codec)
{
	struct wire_reader reader;

	wire_reader_init(&reader, packet->payload, packet->length);
	uint32_t width = wire_get_u32(&reader), height = wire_get_u32(&reader);
	if (reader.failed || !picture_size_ok(width, height))
		return false;
	size_t length = packet->length - 8;
	const char *codec = (const char *)packet->payload + 8;
	if (length == 0 || length > CODEC_MAX_BYTES)
		return false;
	for (size_t i = 0; i < length; i++)
		if (!g_ascii_isalnum(codec[i]) && codec[i] != '.')
			return false;
	*ret_width = width;
	*ret_height = height;
	*ret_codec = g_strndup(codec, length);
	return true;
}

bool live_packet_unit(const struct live_packet *packet, uint64_t *ret_pts_us,
		      const uint8_t **ret_unit, size_t *ret_length)
{
	struct wire_reader reader;

	wire_reader_init(&reader, packet->payload, packet->length);
	uint64_t pts_us = wire_get_u64(&reader);
	if (reader.failed || packet->length == 8)
		return false;
	*ret_pts_us = pts_us;
	*ret_unit = packet->payload + 8;
	*ret_length = packet->length - 8;
	return true;
}
