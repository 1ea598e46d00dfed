/** A file of lines that only grows: reading it a line at a time, cutting a torn end, appending.
 *  Private to recorder/nodelog. */
#pragma once

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

/** Whole lines without their newline, borrowed. Not 0: stop, and lines_read returns it. */
typedef int (*lines_each_fn)(const char *line, size_t length, uint64_t number, void *user);

/** Reads from the file's beginning; memory is bound by max_bytes. `*ret_bytes` (may be NULL) is
 *  where the last whole line ends, `*ret_torn` how many bytes lie behind it. Returns 0, what `each`
 *  returned, -EFBIG for a longer line, or -errno. */
int lines_read(int fd, size_t max_bytes, lines_each_fn each, void *user, uint64_t *ret_bytes,
	       uint64_t *ret_torn);

/** Opens `name` for appending, making it if needed. A descriptor or -errno. */
int lines_open(int dir_fd, const char *name);

/** Appends `line` and a newline behind the first `*bytes` bytes of the file, all or nothing; moves
 *  *bytes on. Returns 0 or -errno. */
int lines_append(int fd, uint64_t *bytes, const char *line);
