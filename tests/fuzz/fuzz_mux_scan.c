/* Fuzz target: segment and init bytes as they lie on a disk after a crash. Scanning what was found
 * whole must find the same again. */
#include "recorder/mux/fragment_scan.h"
#include "recorder/mux/init_scan.h"

#include <glib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fragment_scan scan, again;
	struct init_scan init;

	fragment_scan(data, size, &scan);
	g_assert(scan.whole_bytes <= size && scan.n_fragments <= size / 16);
	fragment_scan(data, scan.whole_bytes, &again);
	g_assert(again.whole_bytes == scan.whole_bytes && again.n_fragments == scan.n_fragments &&
		 again.last_us == scan.last_us && again.last_sequence == scan.last_sequence);
	if (init_scan(data, size, &init))
		g_assert(strlen(init.codec) == strlen("avc1.42c028") && init.width <= 65535);
	return 0;
}
