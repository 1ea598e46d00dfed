/* Decompresses lines. It must not trust a byte of them, nor know what they say. */
#include "recorder/lines/line_reader.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

/* To zlib: gzip's header and trailer; any window. */
#define GZIP_FORM (16 + MAX_WBITS)
#define INPUT_BYTES 4096u
#define PIECE_BYTES 4096u

struct line_reader {
	line_source_fn source;
	void *user;
	z_stream z;
	uint8_t input[INPUT_BYTES];
	uint64_t offset;      /**< in the file, of what is read next */
	uint64_t whole_bytes; /**< line_reader_whole_bytes */
	uint64_t text_bytes;  /**< decompressed so far */
	GByteArray *text;     /**< decompressed, not yet given away */
	guint taken;	      /**< bytes of `text` that were given */
	char last;	      /**< byte that was decompressed */
	bool stopped, ended;
	int error;
};

struct line_reader *line_reader_create(line_source_fn source, void *user)
{
	struct line_reader *r = g_new0(struct line_reader, 1);

	r->source = source;
	r->user = user;
	r->last = '\n';
	/* Never without data, so that places in it can be reckoned with. */
	r->text = g_byte_array_sized_new(PIECE_BYTES);
	int result = inflateInit2(&r->z, GZIP_FORM);
	if (result != Z_OK)
		g_error("zlib: %s", zError(result));
	return r;
}

void line_reader_destroy(struct line_reader *reader)
{
	if (reader == NULL)
		return;
	inflateEnd(&reader->z);
	g_byte_array_unref(reader->text);
	g_free(reader);
}

static void stop(struct line_reader *r, int error)
{
	r->stopped = true;
	r->error = error;
}

/* Afterwards there is input, or the reader has stopped. */
static void read_input(struct line_reader *r)
{
	if (r->z.avail_in > 0)
		return;
	ssize_t n = r->source(r->user, r->input, sizeof r->input, r->offset);
	if (n <= 0) {
		stop(r, (int)n);
		return;
	}
	r->offset += (uint64_t)n;
	r->z.next_in = r->input;
	r->z.avail_in = (uInt)n;
}

/* Behind the member nothing may stand: browsers read one member only, and so do we. */
static void end_member(struct line_reader *r)
{
	r->ended = true;
	r->whole_bytes = r->offset - r->z.avail_in;
	read_input(r);
	if (!r->stopped)
		stop(r, -EBADMSG);
}

/* A flush ends on a byte's edge with an empty block (RFC 1951, 3.2.4), and zlib says so in
 * data_type. */
static bool at_append(const struct line_reader *r)
{
	return (r->z.data_type & 128) != 0 && (r->z.data_type & 7) == 0 && r->last == '\n';
}

static void inflate_piece(struct line_reader *r)
{
	guint before = r->text->len;

	g_byte_array_set_size(r->text, before + PIECE_BYTES);
	r->z.next_out = r->text->data + before;
	r->z.avail_out = PIECE_BYTES;
	int result = inflate(&r->z, Z_BLOCK);
	guint made = PIECE_BYTES - r->z.avail_out;
	g_byte_array_set_size(r->text, before + made);
	if (made > 0)
		r->last = (char)r->text->data[before + made - 1];
	r->text_bytes += made;
	if (result == Z_STREAM_END)
		end_member(r);
	else if (result != Z_OK && result != Z_BUF_ERROR)
		stop(r, -EBADMSG);
	else if (at_append(r))
		r->whole_bytes = r->offset - r->z.avail_in;
	if (r->text_bytes > LINES_MAX_BYTES)
		stop(r, -EFBIG);
}

/* Forgets what was given away and makes more. */
static void read_more(struct line_reader *r)
{
	if (r->taken > 0)
		g_byte_array_remove_range(r->text, 0, r->taken);
	r->taken = 0;
	if (r->text->len >= LINES_LINE_MAX_BYTES) {
		stop(r, -EFBIG);
		return;
	}
	read_input(r);
	if (!r->stopped)
		inflate_piece(r);
}

int line_reader_next(struct line_reader *reader, const char **ret_line, size_t *ret_length)
{
	struct line_reader *r = reader;
	guint searched = 0;

	for (;;) {
		const uint8_t *begin = r->text->data + r->taken;
		guint there = r->text->len - r->taken;
		const uint8_t *newline =
			there > searched ? memchr(begin + searched, '\n', there - searched) : NULL;
		if (newline != NULL) {
			*ret_line = (const char *)begin;
			*ret_length = (size_t)(newline + 1 - begin);
			r->taken += (guint)*ret_length;
			return 1;
		}
		if (r->stopped)
			return r->error;
		searched = there;
		read_more(r);
	}
}

uint64_t line_reader_whole_bytes(const struct line_reader *reader)
{
	return reader->whole_bytes;
}

bool line_reader_ended(const struct line_reader *reader)
{
	return reader->ended && reader->error == 0;
}
