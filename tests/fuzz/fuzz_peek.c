/* Fuzz target: the first bytes of viewers, RDP and VNC. A verdict must not change when more bytes
 * follow, and texts must end. */
#include "gateway/peek.h"

#include <glib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(enum peek_result (*parse)(const uint8_t *, size_t, struct peek_request *),
		  size_t max_bytes, const uint8_t *data, size_t size)
{
	struct peek_request request;
	enum peek_result whole = parse(data, size, &request);

	if (whole == PEEK_DONE) {
		g_assert(request.pcb_bytes <= PEEK_PCB_MAX_BYTES && request.pcb_bytes < size);
		g_assert(memchr(request.pcb, '\0', sizeof request.pcb) != NULL);
		g_assert(memchr(request.cookie, '\0', sizeof request.cookie) != NULL);
	}
	/* Asking for more beyond the largest request would hold the connection for ever. */
	g_assert(whole != PEEK_MORE || size < max_bytes);
	if (size > 0) {
		enum peek_result shorter = parse(data, size - 1, &request);
		g_assert(shorter == PEEK_MORE || shorter == whole);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check(peek_parse, PEEK_MAX_BYTES, data, size);
	check(peek_parse_rfb, PEEK_RFB_BYTES, data, size);
	return 0;
}
