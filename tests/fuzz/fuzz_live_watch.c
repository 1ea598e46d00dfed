/* Fuzz target: what a watcher says on the recorder's live socket. There is one way to say each
 * thing. */
#include "recorder/live_watcher.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct live_request request;

	if (live_refresh_parse(data, size))
		g_assert(size == LIVE_HEADER_BYTES);
	if (!live_watch_parse(data, size, &request))
		return 0;
	g_autoptr(GByteArray) payload = g_byte_array_new();
	message_encode(&live_request_type, &request, payload);
	g_autoptr(GBytes) packet = live_packet(LIVE_WATCH, 0, payload->data, payload->len, NULL, 0);
	g_autoptr(GBytes) given = g_bytes_new(data, size);
	g_assert(request.account[0] != '\0' && g_bytes_equal(packet, given));
	message_clear(&live_request_type, &request);
	return 0;
}
