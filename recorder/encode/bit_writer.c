/* Storage behind the bit writer, and NAL units out of it. It must not know what the bits mean. */
#include "recorder/encode/bit_writer.h"

#include <string.h>

void bit_writer_finish(struct bit_writer *writer)
{
	g_free(writer->bytes);
	*writer = (struct bit_writer){0};
}

void bit_writer_clear(struct bit_writer *writer)
{
	bit_writer_rewind(writer, (struct bit_mark){0});
}

void bit_writer_reserve(struct bit_writer *writer, size_t bytes)
{
	size_t needed = writer->length_bytes + bytes + sizeof(uint64_t);

	if (needed <= writer->capacity_bytes)
		return;
	writer->capacity_bytes = MAX(needed, 2 * writer->capacity_bytes);
	writer->bytes = g_realloc(writer->bytes, writer->capacity_bytes);
}

static void put_trailing_bits(struct bit_writer *w)
{
	bit_writer_reserve(w, sizeof(uint64_t));
	put_bits(w, 1, 1);
	put_alignment(w);
	for (; w->n_held > 0; w->n_held -= 8)
		w->bytes[w->length_bytes++] = (uint8_t)(w->held >> (w->n_held - 8));
}

/* A byte of 3 or less behind two zero bytes would look like a start code: a 3 goes between. */
static size_t escape(const uint8_t *rbsp, size_t length, uint8_t *to)
{
	uint8_t *start = to;
	unsigned zeros = 0;

	for (size_t i = 0; i < length; i++) {
		if (zeros == 2 && rbsp[i] <= 3) {
			*to++ = 3;
			zeros = 0;
		}
		zeros = rbsp[i] == 0 ? zeros + 1 : 0;
		*to++ = rbsp[i];
	}
	return (size_t)(to - start);
}

void bit_writer_end_nal(struct bit_writer *writer, uint8_t nal_header, GByteArray *unit)
{
	const uint8_t start[] = {0, 0, 0, 1, nal_header};
	guint before = unit->len + (guint)sizeof start;

	put_trailing_bits(writer);
	g_byte_array_append(unit, start, sizeof start);
	g_byte_array_set_size(unit, before + (guint)(writer->length_bytes / 2 * 3 + 1));
	size_t length = escape(writer->bytes, writer->length_bytes, unit->data + before);
	g_byte_array_set_size(unit, before + (guint)length);
}
