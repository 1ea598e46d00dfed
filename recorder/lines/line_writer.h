/** Lines of text as one gzip member (RFC 1952), append by append: after each one everything so far
 *  can be read, whatever happens to the writer. About 16 KiB of memory while it is open.
 *  One thread at a time. */
#pragma once

#include <glib.h>
#include <stddef.h>

/** A line and its newline; longer ones are not read back. */
#define LINES_LINE_MAX_BYTES (256u << 10)

struct line_writer;

/** For a new, empty file. Never NULL. */
struct line_writer *line_writer_create(void);
/** NULL is fine. */
void line_writer_destroy(struct line_writer *writer);

/** What to append to the file so that it holds this text: borrowed until the next call. When it
 *  lies there, line_writer_commit; when it could not be written, nothing: the next call gives these
 *  bytes once more, in front of its own. */
const GByteArray *line_writer_add(struct line_writer *writer, const char *text, size_t length);
/** The same for the end of the member; nothing may be added behind it. */
const GByteArray *line_writer_end(struct line_writer *writer);
void line_writer_commit(struct line_writer *writer);
