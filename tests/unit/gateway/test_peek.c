/* The first bytes of RDP viewers, whole, in pieces and wrong. */
#include "gateway/peek.h"

#include "gateway/doors.h"

#include <glib.h>
#include <string.h>

#define HYBRID_AND_TLS "\x01\x00\x08\x00\x03\x00\x00\x00"
#define TLS_ONLY "\x01\x00\x08\x00\x01\x00\x00\x00"
#define HYBRID_ONLY "\x01\x00\x08\x00\x02\x00\x00\x00"

/* TPKT and X.224 head around `variable`; returns the length. */
static size_t request(const void *variable, size_t length, uint8_t *ret)
{
	const uint8_t head[] = {3,
				0,
				(uint8_t)((length + 11) >> 8),
				(uint8_t)(length + 11),
				(uint8_t)(length + 6),
				0xe0,
				0,
				0,
				0,
				0,
				0};

	memcpy(ret, head, sizeof head);
	memcpy(ret + sizeof head, variable, length);
	return sizeof head + length;
}

#define REQUEST(text, ret) request(text, sizeof(text) - 1, ret)

/* Every shorter prefix is "more", the whole is "done", and what follows does not matter. */
static void expect_whole(const uint8_t *bytes, size_t length, struct peek_request *ret)
{
	for (size_t n = 0; n < length; n++) {
		g_autofree uint8_t *cut = g_memdup2(bytes, n);
		g_assert_cmpint(peek_parse(cut, n, ret), ==, PEEK_MORE);
	}
	g_assert_cmpint(peek_parse(bytes, length, ret), ==, PEEK_DONE);
}

static void test_cookie(void)
{
	uint8_t bytes[300];
	struct peek_request got;
	size_t n = REQUEST("Cookie: mstshash=alice%web1\r\n" HYBRID_AND_TLS, bytes);

	expect_whole(bytes, n, &got);
	g_assert_cmpstr(got.cookie, ==, "alice%web1");
	g_assert_cmpuint(got.protocols, ==, PEEK_PROTOCOL_SSL | PEEK_PROTOCOL_HYBRID);
	g_assert_cmpuint(got.pcb_bytes, ==, 0);
	g_assert_cmpstr(got.pcb, ==, "");
}

static void test_other_forms(void)
{
	uint8_t bytes[300];
	struct peek_request got;
	char correlated[8 + 36] = "\x01\x08\x08\x00\x0b";

	expect_whole(bytes, REQUEST("", bytes), &got);
	g_assert_cmpuint(got.protocols, ==, 0);
	expect_whole(bytes, REQUEST(TLS_ONLY, bytes), &got);
	g_assert_cmpuint(got.protocols, ==, PEEK_PROTOCOL_SSL);
	expect_whole(bytes, REQUEST("Cookie: msts=3640205228.15629.0000\r\n" TLS_ONLY, bytes),
		     &got);
	g_assert_cmpstr(got.cookie, ==, "");
	expect_whole(bytes, REQUEST("Cookie: mstshash=\r\n" TLS_ONLY, bytes), &got);
	g_assert_cmpstr(got.cookie, ==, "");
	expect_whole(bytes, request(correlated, sizeof correlated, bytes), &got);
	g_assert_cmpuint(got.protocols, ==, 11);
}

/* The longest cookie that fits into X.224's one-byte length. */
static void test_longest(void)
{
	uint8_t bytes[300];
	struct peek_request got;
	g_autofree char *name = g_strnfill(254 - 6 - 17 - 2, 'n');
	g_autofree char *line = g_strdup_printf("Cookie: mstshash=%s\r\n", name);
	size_t n = request(line, strlen(line), bytes);

	g_assert_cmpuint(n, ==, PEEK_X224_MAX_BYTES);
	expect_whole(bytes, n, &got);
	g_assert_cmpstr(got.cookie, ==, name);
}

static size_t blob(uint32_t version, const char *text, uint8_t *ret)
{
	size_t units = strlen(text) + 1;
	size_t size = version == 1 ? 16 : 18 + 2 * units;

	memset(ret, 0, size);
	ret[0] = (uint8_t)size;
	ret[1] = (uint8_t)(size >> 8);
	ret[8] = (uint8_t)version;
	if (version == 1)
		return size;
	ret[16] = (uint8_t)units;
	ret[17] = (uint8_t)(units >> 8);
	for (size_t i = 0; i < units; i++)
		ret[18 + 2 * i] = (uint8_t)text[i];
	return size;
}

static void test_blob(void)
{
	uint8_t bytes[PEEK_MAX_BYTES];
	struct peek_request got;
	size_t head = blob(2, "ticket", bytes);
	size_t n = head + REQUEST(HYBRID_AND_TLS, bytes + head);

	expect_whole(bytes, n, &got);
	g_assert_cmpuint(got.pcb_bytes, ==, head);
	g_assert_cmpstr(got.pcb, ==, "ticket");
	g_assert_cmpuint(got.protocols, ==, 3);
	head = blob(1, "", bytes);
	n = head + REQUEST(TLS_ONLY, bytes + head);
	expect_whole(bytes, n, &got);
	g_assert_cmpuint(got.pcb_bytes, ==, 16);
	g_autofree char *longest = g_strnfill(PEEK_PCB_MAX_UNITS - 1, 't');
	head = blob(2, longest, bytes);
	n = head + REQUEST(TLS_ONLY, bytes + head);
	g_assert_cmpuint(head, ==, PEEK_PCB_MAX_BYTES);
	expect_whole(bytes, n, &got);
	g_assert_cmpstr(got.pcb, ==, longest);
}

static void test_blob_text_not_ascii(void)
{
	uint8_t bytes[PEEK_MAX_BYTES];
	struct peek_request got;
	size_t head = blob(2, "tick\x01t", bytes);
	size_t n = head + REQUEST(TLS_ONLY, bytes + head);

	g_assert_cmpint(peek_parse(bytes, n, &got), ==, PEEK_DONE);
	g_assert_cmpstr(got.pcb, ==, "");
}

static void spoil(const uint8_t *good, size_t length, size_t at, uint8_t value)
{
	g_autofree uint8_t *bytes = g_memdup2(good, length);
	struct peek_request got = {.protocols = 77};

	bytes[at] = value;
	g_assert_cmpint(peek_parse(bytes, length, &got), ==, PEEK_BAD);
	g_assert_cmpuint(got.protocols, ==, 77);
}

static void test_bad(void)
{
	uint8_t bytes[PEEK_MAX_BYTES];
	static const char *const garbage[] = {"GET / HTTP/1.1\r\n\r\n", "SSH-2.0-x\r\n",
					      "\x16\x03\x01\x02", "\xff\xff\xff\xff\xff",
					      "RFB 003.008\n"};
	struct peek_request got;

	for (unsigned i = 0; i < G_N_ELEMENTS(garbage); i++)
		g_assert_cmpint(peek_parse((const uint8_t *)garbage[i], strlen(garbage[i]), &got),
				==, PEEK_BAD);
	size_t n = REQUEST("Cookie: mstshash=alice\r\n" TLS_ONLY, bytes);
	spoil(bytes, n, 0, 4);	     /* TPKT version */
	spoil(bytes, n, 1, 1);	     /* TPKT reserved */
	spoil(bytes, n, 2, 2);	     /* longer than X.224 can be */
	spoil(bytes, n, 3, 10);	     /* shorter than its head */
	spoil(bytes, n, 4, 200);     /* lengths that disagree */
	spoil(bytes, n, 5, 0xd0);    /* not a connection request */
	spoil(bytes, n, n - 9, 'x'); /* the cookie does not end */
	spoil(bytes, n, n - 8, 2);   /* not a negotiation request */
	spoil(bytes, n, n - 6, 9);   /* of another length */
	spoil(bytes, n, n - 7, 8);   /* announces a correlation id that is not there */
	spoil(bytes, n, 20, '\0');
	n = blob(2, "ticket", bytes);
	spoil(bytes, n, 0, 8);
	spoil(bytes, n, 1, 0xf0);
	spoil(bytes, n, 4, 1);
	spoil(bytes, n, 8, 3);
	spoil(bytes, n, 8, 1);
	spoil(bytes, n, 16, 6);
	spoil(bytes, n, 17, 6);
}

static void test_doors(void)
{
	static const struct {
		const char *pcb, *cookie;
		uint32_t protocols;
		enum door_choice expected;
	} rows[] = {
		{"", "alice", 0, DOOR_CHOICE_TLS},   {"", "alice", 1, DOOR_CHOICE_TLS},
		{"", "alice", 2, DOOR_CHOICE_NLA},   {"", "alice", 3, DOOR_CHOICE_ASK},
		{"", "", 3, DOOR_CHOICE_TLS},	     {"", "", 2, DOOR_CHOICE_NLA},
		{"ticket", "", 3, DOOR_CHOICE_NLA},  {"ticket", "", 1, DOOR_CHOICE_TLS},
		{"tickets", "", 3, DOOR_CHOICE_TLS}, {"", "alice", 11, DOOR_CHOICE_ASK},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct peek_request peeked = {.protocols = rows[i].protocols};
		g_strlcpy(peeked.pcb, rows[i].pcb, sizeof peeked.pcb);
		g_strlcpy(peeked.cookie, rows[i].cookie, sizeof peeked.cookie);
		g_assert_cmpint(door_choose(&peeked), ==, rows[i].expected);
	}
}

static void test_rfb(void)
{
	static const uint8_t good[] = "RFB 003.008\n", odd[] = "RFB 003.889\n";
	static const uint8_t noise[] = "RFB 004.001\n", http[] = "GET / HTTP/1.1";
	struct peek_request request;

	for (size_t n = 0; n < 12; n++) {
		g_autofree uint8_t *cut = g_memdup2(good, n);
		g_assert_cmpint(peek_parse_rfb(cut, n, &request), ==, PEEK_MORE);
	}
	g_assert_cmpint(peek_parse_rfb(good, 12, &request), ==, PEEK_DONE);
	g_assert_cmpuint(request.pcb_bytes, ==, 0);
	g_assert_cmpint(peek_parse_rfb(odd, 12, &request), ==, PEEK_DONE);
	g_assert_cmpint(peek_parse_rfb(noise, 12, &request), ==, PEEK_BAD);
	g_assert_cmpint(peek_parse_rfb(http, 1, &request), ==, PEEK_BAD);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/peek/cookie", test_cookie);
	g_test_add_func("/peek/other-forms", test_other_forms);
	g_test_add_func("/peek/longest", test_longest);
	g_test_add_func("/peek/blob", test_blob);
	g_test_add_func("/peek/blob-text-not-ascii", test_blob_text_not_ascii);
	g_test_add_func("/peek/bad", test_bad);
	g_test_add_func("/peek/rfb", test_rfb);
	g_test_add_func("/peek/doors", test_doors);
	return g_test_run();
}
