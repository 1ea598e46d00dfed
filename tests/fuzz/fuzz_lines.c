/* Fuzz target: a compressed timeline as it lies on a disk. Lines are lines, cutting where the
 * reader says loses none of the whole ones, and memory stays bounded. */
#include "recorder/lines/line_reader.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct memory_file {
	const uint8_t *data;
	size_t size;
};

static ssize_t read_memory(void *user, void *buffer, size_t length, uint64_t offset)
{
	const struct memory_file *file = user;

	g_assert(offset <= file->size);
	size_t n = MIN(length, file->size - (size_t)offset);
	memcpy(buffer, file->data + offset, n);
	return (ssize_t)n;
}

static unsigned count_lines(const uint8_t *data, size_t size, uint64_t *ret_whole_bytes)
{
	struct memory_file file = {data, size};
	struct line_reader *reader = line_reader_create(read_memory, &file);
	const char *line;
	size_t length;
	unsigned n = 0;

	while (line_reader_next(reader, &line, &length) > 0) {
		g_assert(length <= LINES_LINE_MAX_BYTES + 4096);
		g_assert(memchr(line, '\n', length) == line + length - 1);
		n++;
	}
	*ret_whole_bytes = line_reader_whole_bytes(reader);
	g_assert(*ret_whole_bytes <= size);
	line_reader_destroy(reader);
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t whole_bytes, again;
	unsigned n = count_lines(data, size, &whole_bytes);

	/* What stands in front of the cut is read alike without what stands behind it. */
	g_assert(count_lines(data, (size_t)whole_bytes, &again) <= n);
	g_assert(again == whole_bytes);
	return 0;
}
