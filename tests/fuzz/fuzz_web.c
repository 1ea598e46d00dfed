/* Fuzz target: whatever stands in requests' headers and paths, and what a recorder's live socket
 * may say, cut at any place.
 * Input: u8 what, then the text or the bytes. */
#include "web/http/cookie.h"
#include "web/http/path.h"
#include "web/http/range.h"
#include "web/live/live_demux.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_texts(const char *text)
{
	struct path_parts parts = {.n_parts = 0};
	uint64_t offset, length;

	if (range_parse(text, 1000, &offset, &length) == RANGE_PART)
		g_assert(length > 0 && offset < 1000 && offset + length <= 1000);
	g_free(cookie_get(text, COOKIE_LOGIN));
	if (path_ok(text) && path_match("/console/*/*", text, &parts)) {
		g_assert(parts.n_parts == 2);
		g_assert(strcmp(parts.part[0], "..") != 0 && strcmp(parts.part[1], "..") != 0);
	}
}

static void read_packets(const uint8_t *data, size_t size, size_t piece)
{
	struct live_demux demux;
	struct live_packet packet;
	uint32_t width, height;
	const uint8_t *unit;
	uint64_t pts_us;
	size_t length;
	int result = 0;

	live_demux_init(&demux);
	for (size_t at = 0; at < size && result >= 0; at += piece) {
		live_demux_feed(&demux, data + at, MIN(piece, size - at));
		while ((result = live_demux_next(&demux, &packet)) > 0) {
			g_autofree char *codec = NULL;
			live_packet_open(&packet, &width, &height, &codec);
			if (live_packet_unit(&packet, &pts_us, &unit, &length))
				g_assert(unit + length == packet.payload + packet.length);
		}
	}
	live_demux_finish(&demux);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	g_autofree char *text = g_strndup((const char *)data + 1, size - 1);
	if (data[0] & 1)
		read_texts(text);
	else
		read_packets(data + 1, size - 1, 1 + data[0] / 2);
	return 0;
}
