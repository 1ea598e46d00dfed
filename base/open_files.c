/* The limit of open descriptors. It must not know what they are for. */
#include "base/open_files.h"

#include <glib.h>
#include <sys/resource.h>

void open_files_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
			g_debug("the limit of open files stays as it is");
	}
}
