/* One file of a recording, as its plain bytes. It must not know what they mean. */
#include "recorder/reader/reader_crypt.h"
#include "recorder/reader/reader_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct reader_file {
	int fd;
	const struct reader_form *form;
	struct reader_crypt *crypt; /**< NULL: plain */
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

/* Names of chain entries never end like this; whoever asks for one wants the bytes of the disk,
 * and those are not given. */
static bool name_ok(const char *name)
{
	for (unsigned i = 0; i < READER_FORM_COUNT; i++)
		if (reader_forms[i].suffix[0] != '\0' &&
		    g_str_has_suffix(name, reader_forms[i].suffix))
			return false;
	return name[0] != '\0' && strchr(name, '/') == NULL;
}

static int open_form(const struct reader *reader, const char *name, struct reader_file **ret_file)
{
	int fd = -ENOENT;
	unsigned form;

	if (!name_ok(name))
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

int reader_file_open(const struct reader *reader, const char *name, struct reader_file **ret_file)
{
	int result = open_form(reader, name, ret_file);

	if (result == 0 && (*ret_file)->form->encrypted)
		(*ret_file)->crypt = reader_crypt_create(reader, (*ret_file)->fd, name, false);
	return result;
}

int reader_keystrokes_open(const struct reader *reader, const char *name,
			   struct reader_file **ret_file)
{
	int result = open_form(reader, name, ret_file);

	/* Nothing encrypts them a second time. */
	if (result == 0 && (*ret_file)->form->encrypted) {
		reader_file_close(*ret_file);
		result = -EINVAL;
	}
	if (result == 0)
		(*ret_file)->crypt = reader_crypt_create(reader, (*ret_file)->fd, name, true);
	return result;
}

void reader_file_close(struct reader_file *file)
{
	if (file == NULL)
		return;
	reader_crypt_destroy(file->crypt);
	close(file->fd);
	g_free(file);
}

bool reader_file_growing(const struct reader_file *file)
{
	return file->form->growing;
}

bool reader_file_encrypted(const struct reader_file *file)
{
	return file->crypt != NULL;
}

unsigned reader_file_key_number(struct reader_file *file)
{
	return file->crypt != NULL ? reader_crypt_key_number(file->crypt) : 0;
}

int reader_file_size(struct reader_file *file, uint64_t *ret_bytes)
{
	struct stat st;
	uint64_t disk_bytes;

	if (file->crypt != NULL)
		return reader_crypt_size(file->crypt, ret_bytes, &disk_bytes);
	if (fstat(file->fd, &st) != 0)
		return -errno;
	*ret_bytes = (uint64_t)st.st_size;
	return 0;
}

int reader_file_torn_bytes(struct reader_file *file, uint64_t *ret_bytes)
{
	uint64_t plain_bytes, disk_bytes, whole_bytes;

	*ret_bytes = 0;
	if (file->crypt == NULL)
		return 0;
	int result = reader_crypt_size(file->crypt, &plain_bytes, &disk_bytes);
	if (result == 0)
		result = reader_crypt_place(file->crypt, plain_bytes, &whole_bytes);
	if (result == 0)
		*ret_bytes = disk_bytes - MIN(whole_bytes, disk_bytes);
	return result;
}

int reader_file_disk_bytes(struct reader_file *file, uint64_t bytes, uint64_t *ret_disk_bytes)
{
	uint64_t size_bytes;

	if (file->crypt != NULL)
		return reader_crypt_place(file->crypt, bytes, ret_disk_bytes);
	int result = reader_file_size(file, &size_bytes);
	*ret_disk_bytes = bytes;
	return result == 0 && bytes > size_bytes ? -EINVAL : result;
}

ssize_t reader_read_fd(int fd, void *buffer, size_t length, uint64_t offset)
{
	char *at = buffer;
	size_t done = 0;

	if (offset > G_MAXINT64 - MIN(length, (size_t)G_MAXSSIZE))
		return 0;
	while (done < length) {
		ssize_t n = pread(fd, at + done, length - done, (off_t)(offset + done));
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

ssize_t reader_file_pread(struct reader_file *file, void *buffer, size_t length, uint64_t offset)
{
	return file->crypt != NULL ? reader_crypt_pread(file->crypt, buffer, length, offset)
				   : reader_read_fd(file->fd, buffer, length, offset);
}

static int read_whole(struct reader_file *file, uint8_t *bytes, size_t length)
{
	size_t done = 0;

	while (done < length) {
		ssize_t n = reader_file_pread(file, bytes + done, length - done, done);
		if (n <= 0)
			return n < 0 ? (int)n : -EIO; /* it became shorter meanwhile */
		done += (size_t)n;
	}
	return 0;
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
		result = read_whole(file, bytes, (size_t)size_bytes);
		if (result == 0) {
			bytes[size_bytes] = 0;
			*ret_bytes = g_steal_pointer(&bytes);
			*ret_length = (size_t)size_bytes;
		}
	}
	reader_file_close(file);
	return result;
}
