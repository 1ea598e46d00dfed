/* Data keys for the time of a crash. It must not know recordings. */
#include "recorder/running_keys.h"

#include "base/secret.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#define PREFIX "data-key-"

struct running_keys {
	int dir_fd;
};

int running_keys_open(const char *dir, struct running_keys **ret_keys)
{
	struct statfs fs;
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fstatfs(fd, &fs) == 0 && fs.f_type != TMPFS_MAGIC && fs.f_type != RAMFS_MAGIC)
		g_warning("%s is not in memory (tmpfs): while a recording runs, its data key lies "
			  "on a disk",
			  dir);
	*ret_keys = g_new0(struct running_keys, 1);
	(*ret_keys)->dir_fd = fd;
	return 0;
}

void running_keys_close(struct running_keys *keys)
{
	if (keys == NULL)
		return;
	close(keys->dir_fd);
	g_free(keys);
}

static char *file_name(const char *session_id, unsigned number)
{
	return g_strdup_printf(PREFIX "%s-%03u", session_id, number);
}

int running_keys_put(const struct running_keys *keys, const char *session_id, unsigned number,
		     const struct data_key *key)
{
	g_autofree char *name = file_name(session_id, number);
	int fd = openat(keys->dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
			0600);

	if (fd < 0)
		return -errno;
	ssize_t n = write(fd, data_key_bytes(key), DATA_KEY_BYTES);
	int result = n == DATA_KEY_BYTES ? 0 : n < 0 ? -errno : -ENOSPC;
	close(fd);
	if (result < 0)
		unlinkat(keys->dir_fd, name, 0);
	return result;
}

int running_keys_get(const struct running_keys *keys, const char *session_id, unsigned number,
		     struct data_key **ret_key)
{
	g_autofree char *name = file_name(session_id, number);
	uint8_t bytes[DATA_KEY_BYTES];
	int fd = openat(keys->dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	ssize_t n = read(fd, bytes, sizeof bytes);
	int result = n == DATA_KEY_BYTES ? 0 : n < 0 ? -errno : -EBADMSG;
	close(fd);
	if (result == 0)
		*ret_key = data_key_from_bytes(bytes);
	secret_wipe(bytes, sizeof bytes);
	return result;
}

void running_keys_forget(const struct running_keys *keys, const char *session_id)
{
	g_autofree char *prefix = g_strconcat(PREFIX, session_id, "-", NULL);
	int copy = openat(keys->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
	const struct dirent *entry;

	if (dir == NULL) {
		g_warning("data keys of %s cannot be removed: %s", session_id, g_strerror(errno));
		if (copy >= 0)
			close(copy);
		return;
	}
	while ((entry = readdir(dir)) != NULL)
		if (g_str_has_prefix(entry->d_name, prefix) &&
		    unlinkat(keys->dir_fd, entry->d_name, 0) != 0)
			g_warning("%s cannot be removed: %s", entry->d_name, g_strerror(errno));
	closedir(dir);
}
