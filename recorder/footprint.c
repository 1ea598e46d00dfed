/* Tells kernel and allocator how the recorder uses memory: a few large planes for each session,
 * gone with it. It must not know planes. */
#include "recorder/footprint.h"

#include <errno.h>
#include <glib.h>
#include <malloc.h>
#include <sys/prctl.h>

/* Between what is made anew with every picture and a plane. Told once, the allocator keeps to it;
 * by itself it would raise it with the first plane that is freed, and leave later ones
 * as holes in its heap. */
#define LARGE_BYTES (1 << 20)

void footprint_limit(void)
{
	/* libx264 asks for huge pages, also for buffers of which it uses a tenth. Our planes on
	 * them were measured dearer (docs/performance.md). */
	if (prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) != 0)
		g_warning("huge pages stay on: %s", g_strerror(errno));
	/* Another allocator, a sanitizer's for one, has rules of its own. */
	if (mallopt(M_MMAP_THRESHOLD, LARGE_BYTES) == 0)
		g_info("the allocator decides by itself what goes back to the system");
}
