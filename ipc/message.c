/* Walks the tables of ipc/message.h. It knows field kinds and limits, never a particular message.
 */
#include "ipc/message.h"

#include "base/secret.h"
#include "base/wire.h"

#include <errno.h>
#include <string.h>

const struct message_type *message_type_find(const struct message_type *types, unsigned n_types,
					     uint16_t number)
{
	for (unsigned i = 0; i < n_types; i++)
		if (types[i].number == number)
			return &types[i];
	return NULL;
}

static void *field_at(const struct message_field *field, const void *message)
{
	return (uint8_t *)(uintptr_t)message + field->offset;
}

static bool field_fits(const struct message_field *field, const void *at)
{
	switch (field->kind) {
	case FIELD_TEXT:
	case FIELD_SECRET: {
		const char *text = *(char *const *)at;
		return text == NULL || (strnlen(text, (size_t)field->max + 1) <= field->max &&
					g_utf8_validate(text, -1, NULL));
	}
	case FIELD_BLOB:
		return ((const struct blob *)at)->length <= field->max;
	default:
		return true;
	}
}

bool message_fits(const struct message_type *type, const void *message)
{
	for (unsigned i = 0; i < type->n_fields; i++)
		if (!field_fits(&type->fields[i], field_at(&type->fields[i], message)))
			return false;
	return true;
}

static void encode_field(const struct message_field *field, const void *at, GByteArray *out)
{
	switch (field->kind) {
	case FIELD_U32:
		wire_put_u32(out, *(const uint32_t *)at);
		break;
	case FIELD_U64:
		wire_put_u64(out, *(const uint64_t *)at);
		break;
	case FIELD_TEXT:
	case FIELD_SECRET: {
		const char *text = *(char *const *)at;
		size_t length = text != NULL ? strlen(text) : 0;
		g_assert(length <= field->max);
		wire_put_bytes(out, text, (uint32_t)length);
		break;
	}
	case FIELD_BLOB: {
		const struct blob *blob = at;
		g_assert(blob->length <= field->max);
		wire_put_bytes(out, blob->bytes, blob->length);
		break;
	}
	case FIELD_FIXED:
		g_byte_array_append(out, at, field->max);
		break;
	}
}

void message_encode(const struct message_type *type, const void *message, GByteArray *out)
{
	for (unsigned i = 0; i < type->n_fields; i++)
		encode_field(&type->fields[i], field_at(&type->fields[i], message), out);
}

static void decode_text(const struct message_field *field, struct wire_reader *r, char **at)
{
	uint32_t length;
	const uint8_t *bytes = wire_get_bytes(r, field->max, &length);

	if (bytes == NULL)
		return;
	/* g_utf8_validate with a length also refuses an inner NUL. */
	if (!g_utf8_validate((const char *)bytes, (gssize)length, NULL)) {
		r->failed = true;
		return;
	}
	*at = field->kind == FIELD_SECRET ? secret_new(bytes, length)
					  : g_strndup((const char *)bytes, length);
}

static void decode_field(const struct message_field *field, struct wire_reader *r, void *at)
{
	uint32_t length;
	const uint8_t *bytes;

	switch (field->kind) {
	case FIELD_U32:
		*(uint32_t *)at = wire_get_u32(r);
		break;
	case FIELD_U64:
		*(uint64_t *)at = wire_get_u64(r);
		break;
	case FIELD_TEXT:
	case FIELD_SECRET:
		decode_text(field, r, at);
		break;
	case FIELD_BLOB:
		bytes = wire_get_bytes(r, field->max, &length);
		if (bytes != NULL)
			*(struct blob *)at = (struct blob){g_memdup2(bytes, length), length};
		break;
	case FIELD_FIXED:
		if ((size_t)(r->end - r->at) < field->max) {
			r->failed = true;
			break;
		}
		memcpy(at, r->at, field->max);
		r->at += field->max;
		break;
	}
}

int message_decode(const struct message_type *type, const void *bytes, size_t length, void *ret)
{
	struct wire_reader r;

	wire_reader_init(&r, bytes, length);
	memset(ret, 0, type->struct_bytes);
	for (unsigned i = 0; i < type->n_fields && !r.failed; i++)
		decode_field(&type->fields[i], &r, field_at(&type->fields[i], ret));
	if (wire_reader_done(&r))
		return 0;
	message_clear(type, ret);
	return -EPROTO;
}

void message_clear(const struct message_type *type, void *message)
{
	for (unsigned i = 0; i < type->n_fields; i++) {
		void *at = field_at(&type->fields[i], message);
		if (type->fields[i].kind == FIELD_TEXT)
			g_free(*(char **)at);
		else if (type->fields[i].kind == FIELD_SECRET)
			secret_free(*(char **)at);
		else if (type->fields[i].kind == FIELD_BLOB)
			g_free(((struct blob *)at)->bytes);
	}
	secret_wipe(message, type->struct_bytes);
}
