/* Every message of every protocol of ours: encoded and decoded it is equal; cut short, drawn out or
 * spoilt it is refused. The tables drive the test, so a new message is tested by being in its
 * table. */
#include "base/secret.h"
#include "ipc/broker_proto.h"
#include "ipc/recorder_proto.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

static const struct {
	const char *name;
	const struct message_type *types;
	const unsigned *n_types;
} protocols[] = {
	{"broker", broker_types, &broker_n_types},
	{"recorder", recorder_types, &recorder_n_types},
};

static void *at(const struct message_field *field, void *message)
{
	return (uint8_t *)message + field->offset;
}

/* Fills every field with something of its own; `full`: as long as the limit allows. */
static void fill(const struct message_type *type, void *message, bool full)
{
	for (unsigned i = 0; i < type->n_fields; i++) {
		const struct message_field *field = &type->fields[i];
		void *place = at(field, message);
		size_t length = full ? field->max : MIN(field->max, 3 + i);
		g_autofree char *text = g_strnfill(length, (char)('a' + i));
		switch (field->kind) {
		case FIELD_U32:
			*(uint32_t *)place = 0x80000001u + i;
			break;
		case FIELD_U64:
			*(uint64_t *)place = G_GUINT64_CONSTANT(0x8000000000000001) + i;
			break;
		case FIELD_TEXT:
			*(char **)place = g_steal_pointer(&text);
			break;
		case FIELD_SECRET:
			*(char **)place = secret_new(text, length);
			break;
		case FIELD_BLOB:
			*(struct blob *)place =
				(struct blob){g_memdup2(text, length), (uint32_t)length};
			break;
		case FIELD_FIXED:
			memset(place, 'A' + (int)i, field->max);
			break;
		}
	}
}

static void assert_equal(const struct message_type *type, void *a, void *b)
{
	for (unsigned i = 0; i < type->n_fields; i++) {
		const struct message_field *field = &type->fields[i];
		void *x = at(field, a), *y = at(field, b);
		switch (field->kind) {
		case FIELD_U32:
			g_assert_cmpuint(*(uint32_t *)x, ==, *(uint32_t *)y);
			break;
		case FIELD_U64:
			g_assert_cmpuint(*(uint64_t *)x, ==, *(uint64_t *)y);
			break;
		case FIELD_TEXT:
		case FIELD_SECRET:
			g_assert_cmpstr(*(char **)x, ==, *(char **)y);
			break;
		case FIELD_BLOB:
			g_assert_cmpmem(((struct blob *)x)->bytes, ((struct blob *)x)->length,
					((struct blob *)y)->bytes, ((struct blob *)y)->length);
			break;
		case FIELD_FIXED:
			g_assert_cmpmem(x, field->max, y, field->max);
			break;
		}
	}
}

/* A message nobody refers to; g_free it after message_clear. */
static void *new_message(const struct message_type *type)
{
	return g_malloc0(type->struct_bytes);
}

static void refuse(const struct message_type *type, const void *bytes, size_t length)
{
	g_autofree void *decoded = new_message(type);
	g_autofree void *zero = new_message(type);

	g_assert_cmpint(message_decode(type, bytes, length, decoded), ==, -EPROTO);
	g_assert_cmpmem(decoded, type->struct_bytes, zero, type->struct_bytes);
}

static GByteArray *encode(const struct message_type *type, void *message)
{
	GByteArray *out = g_byte_array_new();

	message_encode(type, message, out);
	return out;
}

static void round_trip(const struct message_type *type, bool full)
{
	g_autofree void *sent = new_message(type);
	g_autofree void *got = new_message(type);

	fill(type, sent, full);
	g_assert_true(message_fits(type, sent));
	g_autoptr(GByteArray) bytes = encode(type, sent);
	g_assert_cmpint(message_decode(type, bytes->data, bytes->len, got), ==, 0);
	assert_equal(type, sent, got);
	message_clear(type, got);
	message_clear(type, sent);
}

static void every_cut(const struct message_type *type)
{
	g_autofree void *sent = new_message(type);

	fill(type, sent, false);
	g_autoptr(GByteArray) bytes = encode(type, sent);
	for (guint length = 0; length < bytes->len; length++) {
		/* Exactly as long as said, so that a sanitizer sees a byte too many. */
		g_autofree void *cut = g_memdup2(bytes->data, length);
		refuse(type, cut, length);
	}
	g_byte_array_append(bytes, (const guint8 *)"", 1);
	refuse(type, bytes->data, bytes->len);
	message_clear(type, sent);
}

/* Where the length of field `index` stands in an encoded message. */
static size_t length_offset(const struct message_type *type, void *message, unsigned index)
{
	struct message_type head = *type;

	head.n_fields = index;
	g_autoptr(GByteArray) bytes = encode(&head, message);
	return bytes->len;
}

static void put_le32(uint8_t *to, uint32_t value)
{
	value = GUINT32_TO_LE(value);
	memcpy(to, &value, sizeof value);
}

/* A text or blob one byte over its limit, and a length that is not there. */
static void every_overlong(const struct message_type *type)
{
	static const uint32_t lies[] = {0x7fffffff, 0x80000000, 0xffffffff};

	for (unsigned i = 0; i < type->n_fields; i++) {
		enum field_kind kind = type->fields[i].kind;
		if (kind != FIELD_TEXT && kind != FIELD_SECRET && kind != FIELD_BLOB)
			continue;
		g_autofree void *sent = new_message(type);
		fill(type, sent, true);
		g_autoptr(GByteArray) bytes = encode(type, sent);
		size_t offset = length_offset(type, sent, i);
		for (unsigned n = 0; n < G_N_ELEMENTS(lies); n++) {
			put_le32(bytes->data + offset, lies[n]);
			refuse(type, bytes->data, bytes->len);
		}
		put_le32(bytes->data + offset, type->fields[i].max + 1);
		g_autoptr(GByteArray) longer = g_byte_array_new();
		size_t split = offset + 4;
		g_byte_array_append(longer, bytes->data, (guint)split);
		g_byte_array_append(longer, (const guint8 *)"x", 1);
		g_byte_array_append(longer, bytes->data + split, bytes->len - (guint)split);
		refuse(type, longer->data, longer->len);
		message_clear(type, sent);
	}
}

static void every_bad_text(const struct message_type *type)
{
	static const char spoilt[] = {'\xff', '\0'};

	for (unsigned i = 0; i < type->n_fields; i++) {
		if (type->fields[i].kind != FIELD_TEXT && type->fields[i].kind != FIELD_SECRET)
			continue;
		g_autofree void *sent = new_message(type);
		fill(type, sent, false);
		g_autoptr(GByteArray) bytes = encode(type, sent);
		size_t offset = length_offset(type, sent, i) + 4;
		for (unsigned n = 0; n < G_N_ELEMENTS(spoilt); n++) {
			bytes->data[offset] = (uint8_t)spoilt[n];
			refuse(type, bytes->data, bytes->len);
		}
		message_clear(type, sent);
	}
}

static void test_type(const void *data)
{
	const struct message_type *type = data;

	round_trip(type, false);
	round_trip(type, true);
	every_cut(type);
	every_overlong(type);
	every_bad_text(type);
}

static void test_numbers(const void *data)
{
	const struct message_type *types = protocols[GPOINTER_TO_UINT(data)].types;
	unsigned n = *protocols[GPOINTER_TO_UINT(data)].n_types;

	g_assert_cmpuint(n, >, 0);
	for (unsigned i = 0; i < n; i++) {
		g_assert_true(message_type_find(types, n, types[i].number) == &types[i]);
		for (unsigned j = 0; j < i; j++)
			g_assert_cmpstr(types[i].name, !=, types[j].name);
	}
	g_assert_null(message_type_find(types, n, 0));
	g_assert_null(message_type_find(types, n, 0xffff));
}

static void add_protocol(unsigned index)
{
	g_autofree char *numbers = g_strdup_printf("/ipc/%s/numbers", protocols[index].name);

	g_test_add_data_func(numbers, GUINT_TO_POINTER(index), test_numbers);
	for (unsigned i = 0; i < *protocols[index].n_types; i++) {
		const struct message_type *type = &protocols[index].types[i];
		g_autofree char *path =
			g_strdup_printf("/ipc/%s/%s", protocols[index].name, type->name);
		g_test_add_data_func(path, type, test_type);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(secret_init(), ==, 0);
	for (unsigned i = 0; i < G_N_ELEMENTS(protocols); i++)
		add_protocol(i);
	return g_test_run();
}
