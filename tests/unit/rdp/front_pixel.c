/* What "paint" paints, for the host and for whoever compares. */
#include "tests/unit/rdp/front_host.h"

uint32_t front_host_pixel(uint32_t x, uint32_t y, uint32_t seed)
{
	uint32_t h = (x / 8) * 2654435761u ^ (y / 8) * 2246822519u ^ seed * 3266489917u;

	/* Blocks like letters in the upper half, a smooth slope with grain below:
	 * both kinds of picture. */
	if ((y / 64) % 2 == 0)
		return (h >> 13) % 3 ? 0x00ffffffu : (h & 0x00ffffffu);
	return ((x + seed * 7) & 0xff) << 16 | ((y * 3) & 0xff) << 8 | ((x ^ y ^ seed) & 0x1f);
}
