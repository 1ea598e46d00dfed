/** Reads back what line_writer.h wrote, line by line, be the file whole, still growing, cut by a
 *  crash, or hostile: memory is bounded whatever its bytes say. One thread at a time. */
#pragma once

#include "recorder/lines/line_writer.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/** Of all lines of one file; six times what ten minutes of the fastest session can hold. */
#define LINES_MAX_BYTES (256u << 20)

/** Compressed bytes from `offset`: as many as there are, up to `length`; 0 at the end; -errno. */
typedef ssize_t (*line_source_fn)(void *user, void *buffer, size_t length, uint64_t offset);

struct line_reader;

/** Never NULL. `user` is borrowed. */
struct line_reader *line_reader_create(line_source_fn source, void *user);
/** NULL is fine. */
void line_reader_destroy(struct line_reader *reader);

/** The next line with its newline and without a NUL, borrowed until the next call.
 *  Returns 1; 0 at the end, where a line without a newline is dropped; -EBADMSG: what follows is no
 *  gzip, or stands behind the member's end; -EFBIG: longer than a line or a file of ours; -errno of
 *  the source. After 0 or an error it goes on returning that. */
int line_reader_next(struct line_reader *reader, const char **ret_line, size_t *ret_length);

/** Compressed bytes that hold whole appends with whole lines, of those read so far: a damaged
 *  file may be cut there. */
uint64_t line_reader_whole_bytes(const struct line_reader *reader);
/** The member's end was read, and its length and check sum fit. */
bool line_reader_ended(const struct line_reader *reader);
