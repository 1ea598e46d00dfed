/* One file of a recording, as its plain bytes. It must not know what they mean. */
#include "recorder/reader/reader_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct reader_file {
	int fd;
	const struct reader_form *form;
};

/* Only plain files, and never waiting: a link could point at anything, a FIFO would hang. */
static int open_regular(int dir_fd, const char *disk_name)
{
	int fd = openat(dir_fd, disk_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return errno == ELOOP ? -EINVAL : -errno;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return -EINVAL;
}

int reader_file_open(const struct reader *reader, const char *name, struct reader_file **ret_file)
{
	int fd = -ENOENT;
	unsigned form;

	if (name[0] == '\0' || strchr(name, '/') != NULL)
		return -EINVAL;
	for (form = 0; form < READER_FORM_COUNT; form++) {
		g_autofree char *disk_name = g_strconcat(name, reader_forms[form].suffix, NULL);
		fd = open_regular(reader->dir_fd, disk_name);
		if (fd != -ENOENT)
			break;
	}
	if (fd < 0)
		return fd;
	struct reader_file *file = g_new0(struct reader_file, 1);
	file->fd = fd;
	file->form = &reader_forms[form];
	*ret_file = file;
	return 0;
}

void reader_file_close(struct reader_file *file)
{
	if (file == NULL)
		return;
	close(file->fd);
	g_free(file);
}

bool reader_file_growing(const struct reader_file *file)
{
	return file->form->growing;
}

int reader_file_size(struct reader_file *file, uint64_t *ret_bytes)
{
	struct stat st;

	if (fstat(file->fd, &st) != 0)
		return -errno;
	*ret_bytes = (uint64_t)st.st_size;
	return 0;
}

ssize_t reader_file_pread(struct reader_file *file, void *buffer, size_t length, uint64_t offset)
{
	char *at = buffer;
	size_t done = 0;

	if (offset > G_MAXINT64 - MIN(length, (size_t)G_MAXSSIZE))
		return 0;
	while (done < length) {
		ssize_t n = pread(file->fd, at + done, length - done, (off_t)(offset + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return done > 0 ? (ssize_t)done : -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

int reader_read(const struct reader *reader, const char *name, size_t max_bytes,
		uint8_t **ret_bytes, size_t *ret_length)
{
	struct reader_file *file;
	uint64_t size_bytes = 0;
	int result = reader_file_open(reader, name, &file);

	if (result < 0)
		return result;
	result = reader_file_size(file, &size_bytes);
	if (result == 0 && size_bytes > max_bytes)
		result = -EFBIG;
	if (result == 0) {
		g_autofree uint8_t *bytes = g_malloc((gsize)size_bytes + 1);
		ssize_t n = reader_file_pread(file, bytes, (size_t)size_bytes, 0);
		result = n < 0 ? (int)n : 0;
		if (result == 0) {
			bytes[n] = 0;
			*ret_bytes = g_steal_pointer(&bytes);
			*ret_length = (size_t)n;
		}
	}
	reader_file_close(file);
	return result;
}
