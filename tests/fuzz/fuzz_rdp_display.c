/* Fuzz target: an RDP viewer's monitor layout ([MS-RDPEDISP] 2.2.2.2). What is taken must be a
 * size, and a byte less may not be another one. */
#include "gateway/rdp/rdp_front_display.h"

#include <glib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t width, height, less_width, less_height;

	if (!rdp_display_parse(data, size, &width, &height))
		return 0;
	g_assert(width > 0 && height > 0);
	if (rdp_display_parse(data, size - 1, &less_width, &less_height))
		g_assert(less_width == width && less_height == height);
	return 0;
}
