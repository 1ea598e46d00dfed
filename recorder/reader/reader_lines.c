/* From a file's bytes to its lines. It must not know what they say. */
#include "recorder/reader/reader_lines.h"

static ssize_t read_file(void *user, void *buffer, size_t length, uint64_t offset)
{
	return reader_file_pread(user, buffer, length, offset);
}

struct line_reader *reader_lines_create(struct reader_file *file)
{
	return line_reader_create(read_file, file);
}
