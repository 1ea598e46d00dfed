/* Opens recorded files, and nothing else. */
#include "web/routes/store_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int store_file_open(const char *store_dir, const char *session_id, const char *name)
{
	int store_fd = open(store_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (store_fd < 0)
		return -errno;
	int directory_fd =
		openat(store_fd, session_id, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int code = directory_fd < 0 ? -errno : 0;
	close(store_fd);
	if (code < 0)
		return code;
	/* O_NONBLOCK: should somebody have put a FIFO there, this must not hang. */
	int fd = openat(directory_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	code = fd < 0 ? -errno : fd;
	close(directory_fd);
	return code;
}
