/* Compresses lines. It must not know what they say, nor where the bytes go. */
#include "recorder/lines/line_writer.h"

/* Input is const. */
#define ZLIB_CONST
#include <zlib.h>

/* 2^(window bits + 2) + 2^(memory level + 9) bytes and 6 KiB: 16 KiB together, at 20 bytes an
 * event. GLib's GZlibCompressor takes 262 KiB, for 18. */
#define WINDOW_BITS 11
#define MEMORY_LEVEL 2
/* To zlib: with gzip's header and trailer. */
#define GZIP_FORM 16
#define PIECE_BYTES 512u

struct line_writer {
	z_stream z;
	GByteArray *out; /**< compressed and not committed */
};

/* Memory that is not there ends the program, as everywhere. */
static void *allocate(void *user, unsigned n, unsigned bytes)
{
	return g_malloc_n(n, bytes);
}

static void release(void *user, void *pointer)
{
	g_free(pointer);
}

struct line_writer *line_writer_create(void)
{
	struct line_writer *writer = g_new0(struct line_writer, 1);

	writer->z.zalloc = allocate;
	writer->z.zfree = release;
	writer->out = g_byte_array_new();
	int result = deflateInit2(&writer->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
				  GZIP_FORM + WINDOW_BITS, MEMORY_LEVEL, Z_DEFAULT_STRATEGY);
	if (result != Z_OK)
		g_error("zlib refuses its settings: %s", zError(result));
	return writer;
}

void line_writer_destroy(struct line_writer *writer)
{
	if (writer == NULL)
		return;
	deflateEnd(&writer->z);
	g_byte_array_unref(writer->out);
	g_free(writer);
}

/* Deflate is done when it leaves room. */
static const GByteArray *run(struct line_writer *writer, int flush)
{
	z_stream *z = &writer->z;

	do {
		guint before = writer->out->len;
		g_byte_array_set_size(writer->out, before + PIECE_BYTES);
		z->next_out = writer->out->data + before;
		z->avail_out = PIECE_BYTES;
		deflate(z, flush);
		g_byte_array_set_size(writer->out, before + PIECE_BYTES - z->avail_out);
	} while (z->avail_out == 0);
	return writer->out;
}

const GByteArray *line_writer_add(struct line_writer *writer, const char *text, size_t length)
{
	g_assert(length <= LINES_LINE_MAX_BYTES);
	writer->z.next_in = (const Bytef *)text;
	writer->z.avail_in = (uInt)length;
	return run(writer, Z_SYNC_FLUSH);
}

const GByteArray *line_writer_end(struct line_writer *writer)
{
	return run(writer, Z_FINISH);
}

void line_writer_commit(struct line_writer *writer)
{
	g_byte_array_set_size(writer->out, 0);
}
