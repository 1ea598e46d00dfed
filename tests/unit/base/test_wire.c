/* Bounded fields: what goes in comes out, and nothing is read past the end. */
#include "tests/unit/base/test_base.h"

#include "base/wire.h"

static void test_round_trip(void)
{
	g_autoptr(GByteArray) out = g_byte_array_new();
	struct wire_reader r;
	uint32_t length;

	wire_put_u32(out, 0x01020304);
	wire_put_u64(out, 0x1122334455667788u);
	wire_put_bytes(out, "hello", 5);
	g_assert_cmpuint(out->data[0], ==, 4);
	wire_reader_init(&r, out->data, out->len);
	g_assert_cmpuint(wire_get_u32(&r), ==, 0x01020304);
	g_assert_cmpuint(wire_get_u64(&r), ==, 0x1122334455667788u);
	const uint8_t *bytes = wire_get_bytes(&r, 5, &length);
	g_assert_cmpmem(bytes, length, "hello", 5);
	g_assert_true(wire_reader_done(&r));
}

static void test_truncated_everywhere(void)
{
	g_autoptr(GByteArray) out = g_byte_array_new();
	uint32_t length;

	wire_put_u32(out, 7);
	wire_put_bytes(out, "hello", 5);
	for (unsigned cut = 0; cut < out->len; cut++) {
		/* An exact heap copy, so that ASan sees one byte too many. */
		g_autofree uint8_t *copy = g_memdup2(out->data, cut);
		struct wire_reader r;
		wire_reader_init(&r, copy, cut);
		wire_get_u32(&r);
		wire_get_bytes(&r, 5, &length);
		g_assert_false(wire_reader_done(&r));
	}
}

static void test_limit_and_rest(void)
{
	g_autoptr(GByteArray) out = g_byte_array_new();
	struct wire_reader r;
	uint32_t length;

	wire_put_bytes(out, "hello", 5);
	wire_reader_init(&r, out->data, out->len);
	g_assert_null(wire_get_bytes(&r, 4, &length));
	g_assert_true(r.failed);
	wire_put_u32(out, 0);
	wire_reader_init(&r, out->data, out->len);
	wire_get_bytes(&r, 5, &length);
	g_assert_false(wire_reader_done(&r));
}

void test_wire_register(void)
{
	g_test_add_func("/base/wire/round-trip", test_round_trip);
	g_test_add_func("/base/wire/truncated", test_truncated_everywhere);
	g_test_add_func("/base/wire/limit", test_limit_and_rest);
}
