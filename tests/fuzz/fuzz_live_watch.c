/* Fuzz target: what a watcher says on the recorder's live socket. There is one way to say it. */
#include "ipc/live_proto.h"
#include "recorder/live_watcher.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char session_id[LIVE_SESSION_ID_BYTES + 1];

	if (!live_watch_parse(data, size, session_id))
		return 0;
	g_autoptr(GBytes) packet =
		live_packet(LIVE_WATCH, 0, session_id, LIVE_SESSION_ID_BYTES, NULL, 0);
	g_autoptr(GBytes) given = g_bytes_new(data, size);
	g_assert(session_id[LIVE_SESSION_ID_BYTES] == '\0' && g_bytes_equal(packet, given));
	return 0;
}
