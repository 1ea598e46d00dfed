/* Files of lines on a POSIX file system. It must not know what a line says. */
#include "recorder/nodelog/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES (256u << 10)

/* A window over the file: `length` bytes that were read and not yet consumed. */
struct window {
	char *bytes;
	size_t length, room;
	uint64_t offset; /**< of bytes[0] in the file */
	uint64_t number;
};

static int take_lines(struct window *w, lines_each_fn each, void *user)
{
	const char *at = w->bytes, *end = w->bytes + w->length, *newline;
	int result = 0;

	while (result == 0 && (newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		result = each(at, (size_t)(newline - at), w->number++, user);
		at = newline + 1;
	}
	w->offset += (uint64_t)(at - w->bytes);
	w->length = (size_t)(end - at);
	memmove(w->bytes, at, w->length);
	return result;
}

static ssize_t fill(int fd, struct window *w)
{
	ssize_t n;

	do
		n = pread(fd, w->bytes + w->length, w->room - w->length,
			  (off_t)(w->offset + w->length));
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

int lines_read(int fd, size_t max_bytes, lines_each_fn each, void *user, uint64_t *ret_bytes,
	       uint64_t *ret_torn)
{
	struct window w = {.room = MAX(READ_BYTES, max_bytes + 1)};
	g_autofree char *bytes = g_malloc(w.room);
	ssize_t n;
	int result = 0;

	w.bytes = bytes;
	while (result == 0 && (n = fill(fd, &w)) != 0) {
		if (n < 0)
			return (int)n;
		w.length += (size_t)n;
		result = take_lines(&w, each, user);
		if (result == 0 && w.length > max_bytes)
			result = -EFBIG;
	}
	if (ret_bytes != NULL)
		*ret_bytes = w.offset;
	if (ret_torn != NULL)
		*ret_torn = w.length;
	return result;
}

int lines_open(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);

	return fd >= 0 ? fd : -errno;
}

static int write_all(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t n = write(fd, bytes, length);
		if (n < 0 && errno != EINTR)
			return -errno;
		bytes += n > 0 ? n : 0;
		length -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

int lines_append(int fd, uint64_t *bytes, const char *line)
{
	g_autofree char *text = g_strconcat(line, "\n", NULL);
	size_t length = strlen(text);
	int result = write_all(fd, text, length);

	if (result == 0) {
		*bytes += length;
		return 0;
	}
	/* Half a line would glue itself to the next. When even this fails, the next start cuts
	 * it. */
	if (ftruncate(fd, (off_t)*bytes) != 0)
		return -EIO;
	return result;
}
