/* Field coding for our own messages. It knows bytes and limits, never what a message means. */
#include "base/wire.h"

#include <string.h>

void wire_reader_init(struct wire_reader *r, const void *bytes, size_t length)
{
	r->at = bytes;
	r->end = r->at + length;
	r->failed = false;
}

static const uint8_t *take(struct wire_reader *r, size_t length)
{
	const uint8_t *field = r->at;

	if (r->failed || (size_t)(r->end - r->at) < length) {
		r->failed = true;
		return NULL;
	}
	r->at += length;
	return field;
}

uint32_t wire_get_u32(struct wire_reader *r)
{
	uint32_t value = 0;
	const uint8_t *field = take(r, sizeof value);

	if (field != NULL)
		memcpy(&value, field, sizeof value);
	return GUINT32_FROM_LE(value);
}

uint64_t wire_get_u64(struct wire_reader *r)
{
	uint64_t value = 0;
	const uint8_t *field = take(r, sizeof value);

	if (field != NULL)
		memcpy(&value, field, sizeof value);
	return GUINT64_FROM_LE(value);
}

const uint8_t *wire_get_bytes(struct wire_reader *r, uint32_t max_bytes, uint32_t *ret_length)
{
	uint32_t length = wire_get_u32(r);

	*ret_length = 0;
	if (length > max_bytes)
		r->failed = true;
	const uint8_t *field = take(r, length);
	if (field != NULL)
		*ret_length = length;
	return field;
}

bool wire_reader_done(const struct wire_reader *r)
{
	return !r->failed && r->at == r->end;
}

void wire_put_u32(GByteArray *out, uint32_t value)
{
	uint32_t le = GUINT32_TO_LE(value);

	g_byte_array_append(out, (const guint8 *)&le, sizeof le);
}

void wire_put_u64(GByteArray *out, uint64_t value)
{
	uint64_t le = GUINT64_TO_LE(value);

	g_byte_array_append(out, (const guint8 *)&le, sizeof le);
}

void wire_put_bytes(GByteArray *out, const void *bytes, uint32_t length)
{
	wire_put_u32(out, length);
	if (length > 0)
		g_byte_array_append(out, bytes, length);
}
