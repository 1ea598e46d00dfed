/* Compressed lines: what was appended is there after any cut, what was damaged says so, and no file
 * takes more memory than it may. */
#include "recorder/lines/line_reader.h"

#include <errno.h>
#include <gio/gio.h>
#include <string.h>

#define N_LINES 200u

struct memory_file {
	const uint8_t *bytes;
	size_t length;
	size_t at_once; /**< bytes given by one read */
};

static ssize_t read_memory(void *user, void *buffer, size_t length, uint64_t offset)
{
	const struct memory_file *file = user;
	size_t n = MIN(MIN(length, file->at_once), file->length - (size_t)offset);

	memcpy(buffer, file->bytes + offset, n);
	return (ssize_t)n;
}

struct outcome {
	GString *text;
	unsigned n_lines;
	int result;
	uint64_t whole_bytes;
	bool ended;
};

static struct outcome read_all(const uint8_t *bytes, size_t length, size_t at_once)
{
	struct memory_file file = {bytes, length, at_once};
	struct line_reader *reader = line_reader_create(read_memory, &file);
	struct outcome o = {.text = g_string_new(NULL)};
	const char *line;
	size_t n;

	while ((o.result = line_reader_next(reader, &line, &n)) > 0) {
		g_assert_cmpint(line[n - 1], ==, '\n');
		g_assert_null(memchr(line, '\n', n - 1));
		g_string_append_len(o.text, line, (gssize)n);
		o.n_lines++;
	}
	g_assert_cmpint(line_reader_next(reader, &line, &n), ==, o.result);
	o.whole_bytes = line_reader_whole_bytes(reader);
	o.ended = line_reader_ended(reader);
	line_reader_destroy(reader);
	return o;
}

static char *line_at(unsigned i)
{
	return g_strdup_printf("{\"t_us\":%u,\"origin\":\"session\",\"type\":\"key\",\"down\":%s,"
			       "\"text\":\"%c\"}\n",
			       1000000 + i * 83211, i % 2 == 0 ? "true" : "false",
			       (char)('a' + i % 26));
}

static void append(GByteArray *file, struct line_writer *writer, const GByteArray *bytes)
{
	g_byte_array_append(file, bytes->data, bytes->len);
	line_writer_commit(writer);
}

/* `ret_edges`: where each append ended, 0 first. */
static GByteArray *write_lines(GString *text, GArray *edges)
{
	struct line_writer *writer = line_writer_create();
	GByteArray *file = g_byte_array_new();

	g_array_append_val(edges, file->len);
	for (unsigned i = 0; i < N_LINES; i++) {
		g_autofree char *line = line_at(i);
		append(file, writer, line_writer_add(writer, line, strlen(line)));
		g_array_append_val(edges, file->len);
		g_string_append(text, line);
	}
	append(file, writer, line_writer_end(writer));
	line_writer_destroy(writer);
	return file;
}

static void test_whole(void)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GArray) edges = g_array_new(FALSE, FALSE, sizeof(guint));
	g_autoptr(GByteArray) file = write_lines(text, edges);
	char out[64 << 10];
	gsize n_read, n_written;

	for (size_t at_once = 1; at_once < 9000; at_once *= 7) {
		struct outcome o = read_all(file->data, file->len, at_once);
		g_assert_cmpint(o.result, ==, 0);
		g_assert_true(o.ended);
		g_assert_cmpuint(o.whole_bytes, ==, file->len);
		g_assert_cmpstr(o.text->str, ==, text->str);
		g_string_free(o.text, TRUE);
	}
	/* Another reader of gzip, which checks the trailer, too. */
	g_autoptr(GZlibDecompressor) other = g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP);
	g_assert_cmpint(g_converter_convert(G_CONVERTER(other), file->data, file->len, out,
					    sizeof out, G_CONVERTER_INPUT_AT_END, &n_read,
					    &n_written, NULL),
			==, G_CONVERTER_FINISHED);
	g_assert_cmpuint(n_read, ==, file->len);
	g_assert_cmpmem(out, n_written, text->str, text->len);
	g_test_message("%zu bytes of lines in %u", text->len, file->len);
	g_assert_cmpuint(file->len * 3, <, text->len);
}

/* Wherever a crash cuts it: every append in front of the cut is there, and the cut
 * can be moved to its end. */
static void test_every_cut(void)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GArray) edges = g_array_new(FALSE, FALSE, sizeof(guint));
	g_autoptr(GByteArray) file = write_lines(text, edges);
	unsigned n_whole = 0;

	for (guint cut = 0; cut < file->len; cut++) {
		while (n_whole < N_LINES && g_array_index(edges, guint, n_whole + 1) <= cut)
			n_whole++;
		struct outcome o = read_all(file->data, cut, 4096);
		g_assert_cmpint(o.result, ==, 0);
		g_assert_false(o.ended);
		g_assert_cmpuint(o.n_lines, >=, n_whole);
		g_assert_cmpuint(o.n_lines, <=, n_whole + 1);
		g_assert_true(g_str_has_prefix(text->str, o.text->str));
		struct outcome again = read_all(file->data, o.whole_bytes, 4096);
		g_assert_cmpuint(o.whole_bytes, <=, cut);
		g_assert_cmpuint(again.n_lines, >=, n_whole);
		if (cut == g_array_index(edges, guint, n_whole) && n_whole > 0)
			g_assert_cmpuint(o.whole_bytes, ==, cut);
		g_assert_cmpuint(again.whole_bytes, ==, o.whole_bytes);
		g_string_free(again.text, TRUE);
		g_string_free(o.text, TRUE);
	}
}

/* A disk that gives other bytes back: nothing behind them is taken for granted, and the
 * end never looks whole. */
static void test_every_flipped_byte(void)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GArray) edges = g_array_new(FALSE, FALSE, sizeof(guint));
	g_autoptr(GByteArray) file = write_lines(text, edges);

	for (guint at = 0; at < file->len; at++) {
		file->data[at] ^= 0x55;
		struct outcome o = read_all(file->data, file->len, 4096);
		bool told = o.result < 0 || !o.ended;
		/* Time, compressor and system in the header mean nothing (RFC 1952, 2.3.1). */
		if (at < 4 || at > 9)
			g_assert_true(told);
		if (told)
			g_assert_cmpuint(o.whole_bytes, <=, file->len);
		g_string_free(o.text, TRUE);
		file->data[at] ^= 0x55;
	}
}

static void test_refused_append(void)
{
	struct line_writer *writer = line_writer_create();
	g_autoptr(GByteArray) file = g_byte_array_new();

	append(file, writer, line_writer_add(writer, "one\n", 4));
	line_writer_add(writer, "two\n", 4); /* the disk was full */
	append(file, writer, line_writer_add(writer, "three\n", 6));
	append(file, writer, line_writer_end(writer));
	struct outcome o = read_all(file->data, file->len, 4096);
	g_assert_cmpstr(o.text->str, ==, "one\ntwo\nthree\n");
	g_assert_true(o.ended);
	g_string_free(o.text, TRUE);
	line_writer_destroy(writer);
}

static GByteArray *compress(const void *bytes, size_t length, unsigned times)
{
	g_autoptr(GZlibCompressor) z = g_zlib_compressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP, 1);
	g_autoptr(GOutputStream) memory = g_memory_output_stream_new_resizable();
	g_autoptr(GOutputStream) stream = g_converter_output_stream_new(memory, G_CONVERTER(z));

	for (unsigned i = 0; i < times; i++)
		g_assert_true(g_output_stream_write_all(stream, bytes, length, NULL, NULL, NULL));
	g_assert_true(g_output_stream_close(stream, NULL, NULL));
	g_autoptr(GBytes) all =
		g_memory_output_stream_steal_as_bytes(G_MEMORY_OUTPUT_STREAM(memory));
	return g_bytes_unref_to_array(g_steal_pointer(&all));
}

static void expect_error(GByteArray *file, unsigned n_lines, int error)
{
	struct outcome o = read_all(file->data, file->len, 65536);

	g_assert_cmpint(o.result, ==, error);
	g_assert_cmpuint(o.n_lines, ==, n_lines);
	g_assert_false(o.ended);
	g_string_free(o.text, TRUE);
	g_byte_array_unref(file);
}

static void test_hostile(void)
{
	static const char zeros[64 << 10];
	g_autofree char *line = g_strnfill(64 << 10, ' ');
	GByteArray *two = compress("one\n", 4, 1);
	g_autoptr(GByteArray) second = compress("two\n", 4, 1);
	GByteArray *foreign = g_byte_array_append(g_byte_array_new(), (const uint8_t *)zeros, 99);

	line[(64 << 10) - 1] = '\n';
	expect_error(compress(zeros, sizeof zeros, 1 + LINES_LINE_MAX_BYTES / sizeof zeros), 0,
		     -EFBIG);
	/* 260 KiB that become more than any timeline of ours. */
	unsigned n = LINES_MAX_BYTES / (64 << 10);
	expect_error(compress(line, 64 << 10, n + 2), n, -EFBIG);
	g_byte_array_append(two, second->data, second->len);
	expect_error(two, 1, -EBADMSG);
	expect_error(foreign, 0, -EBADMSG);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/lines/whole", test_whole);
	g_test_add_func("/lines/every-cut", test_every_cut);
	g_test_add_func("/lines/every-flipped-byte", test_every_flipped_byte);
	g_test_add_func("/lines/refused-append", test_refused_append);
	g_test_add_func("/lines/hostile", test_hostile);
	return g_test_run();
}
