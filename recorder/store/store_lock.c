/* One recorder a store. It must not know what lies there. */
#include "recorder/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

/* A file and not the directory: NFS locks only what is open for writing. */
#define LOCK_NAME "lock"

int store_lock(const char *dir, int *ret_fd)
{
	g_autofree char *path = g_build_filename(dir, LOCK_NAME, NULL);

	*ret_fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0640);
	if (*ret_fd < 0) {
		g_warning("%s: %s: nothing keeps a second recorder off this store", path,
			  g_strerror(errno));
		return 0;
	}
	if (flock(*ret_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	int result = errno == EWOULDBLOCK ? -EBUSY : -errno;
	close(*ret_fd);
	*ret_fd = -1;
	return result;
}
