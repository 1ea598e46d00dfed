/* The parser of the first bytes of an RDP connection. It must not know sockets. */
#include "gateway/peek.h"

#include <glib.h>
#include <string.h>

#define TPKT_VERSION 3u
#define X224_CONNECTION_REQUEST 0xe0u
#define PCB_HEAD_BYTES 16u
#define NEG_REQ_BYTES 8u
#define NEG_REQ_TYPE 1u
#define CORRELATION_BYTES 36u
#define CORRELATION_PRESENT 8u

static const char cookie_start[] = "Cookie: mstshash=";

static uint32_t le16(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8;
}

static uint32_t le32(const uint8_t *at)
{
	return le16(at) | le16(at + 2) << 16;
}

static void copy_pcb_text(const uint8_t *units, uint32_t n_units, struct peek_request *ret)
{
	for (uint32_t i = 0; i < n_units; i++) {
		uint32_t unit = le16(units + 2 * i);
		if (unit == 0 && i == n_units - 1)
			break;
		if (unit < 0x20 || unit > 0x7e) {
			ret->pcb[0] = '\0';
			return;
		}
		ret->pcb[i] = (char)unit;
	}
}

/* [MS-RDPEPS] 2.2.1: cbSize, Flags, Version, Id; version 2 adds cchPCB and that many UTF-16
 * units. */
static enum peek_result parse_pcb(const uint8_t *bytes, size_t length, struct peek_request *ret)
{
	if (length < 4)
		return PEEK_MORE;
	uint32_t size = le32(bytes);
	if (size < PCB_HEAD_BYTES || size > PEEK_PCB_MAX_BYTES)
		return PEEK_BAD;
	if (length < size)
		return PEEK_MORE;
	uint32_t version = le32(bytes + 8);
	if (le32(bytes + 4) != 0 || (version != 1 && version != 2))
		return PEEK_BAD;
	if (version == 1 && size != PCB_HEAD_BYTES)
		return PEEK_BAD;
	if (version == 2) {
		if (size < PCB_HEAD_BYTES + 2 ||
		    size != PCB_HEAD_BYTES + 2 + 2 * le16(bytes + PCB_HEAD_BYTES))
			return PEEK_BAD;
		copy_pcb_text(bytes + PCB_HEAD_BYTES + 2, le16(bytes + PCB_HEAD_BYTES), ret);
	}
	ret->pcb_bytes = size;
	return PEEK_DONE;
}

/* Routing token or cookie: one line of text ended by CR LF, [MS-RDPBCGR] 2.2.1.1. Returns its
 * length with CR LF, 0 when there is none, -1 when the line does not end. */
static int token_length(const uint8_t *at, size_t length)
{
	if (length == 0 || (length >= 4 && at[0] == NEG_REQ_TYPE && le16(at + 2) == NEG_REQ_BYTES))
		return 0;
	for (size_t i = 0; i + 1 < length; i++) {
		if (at[i] == '\r' && at[i + 1] == '\n')
			return (int)(i + 2);
		if (at[i] < 0x20 || at[i] == 0x7f)
			return -1;
	}
	return -1;
}

static enum peek_result parse_negotiation(const uint8_t *at, size_t length,
					  struct peek_request *ret)
{
	if (length == 0)
		return PEEK_DONE;
	if (length < NEG_REQ_BYTES || at[0] != NEG_REQ_TYPE || le16(at + 2) != NEG_REQ_BYTES)
		return PEEK_BAD;
	size_t expected =
		NEG_REQ_BYTES + ((at[1] & CORRELATION_PRESENT) != 0 ? CORRELATION_BYTES : 0);
	if (length != expected)
		return PEEK_BAD;
	ret->protocols = le32(at + 4);
	return PEEK_DONE;
}

static enum peek_result parse_variable(const uint8_t *at, size_t length, struct peek_request *ret)
{
	const size_t start = sizeof cookie_start - 1;
	int line = token_length(at, length);

	if (line < 0)
		return PEEK_BAD;
	size_t used = (size_t)line;
	if (used > start + 2 && memcmp(at, cookie_start, start) == 0) {
		memcpy(ret->cookie, at + start, used - start - 2);
		ret->cookie[used - start - 2] = '\0';
	}
	return parse_negotiation(at + used, length - used, ret);
}

/* TPKT (RFC 1006 6) around an X.224 Connection Request (ISO 8073 13.3). Bytes are judged as soon as
 * they are there, so garbage does not wait for the deadline. */
static enum peek_result parse_x224(const uint8_t *bytes, size_t length, struct peek_request *ret)
{
	if (length >= 1 && bytes[0] != TPKT_VERSION)
		return PEEK_BAD;
	if (length >= 2 && bytes[1] != 0)
		return PEEK_BAD;
	if (length < 4)
		return PEEK_MORE;
	size_t total = (size_t)bytes[2] << 8 | bytes[3];
	if (total < 11 || total > PEEK_X224_MAX_BYTES)
		return PEEK_BAD;
	if (length >= 5 && bytes[4] != total - 5)
		return PEEK_BAD;
	if (length >= 6 && bytes[5] != X224_CONNECTION_REQUEST)
		return PEEK_BAD;
	if (length < total)
		return PEEK_MORE;
	return parse_variable(bytes + 11, total - 11, ret);
}

enum peek_result peek_parse(const uint8_t *bytes, size_t length, struct peek_request *ret)
{
	struct peek_request request = {0};
	enum peek_result result = PEEK_DONE;

	if (length == 0)
		return PEEK_MORE;
	/* A blob's size never looks like a TPKT head: its low half would be 3, which is too small,
	 * or its high half too large. */
	bool tpkt = bytes[0] == TPKT_VERSION && (length < 2 || bytes[1] == 0);
	if (!tpkt)
		result = parse_pcb(bytes, length, &request);
	if (result == PEEK_DONE) {
		if (request.pcb_bytes == length && length > 0 && !tpkt)
			return PEEK_MORE;
		result =
			parse_x224(bytes + request.pcb_bytes, length - request.pcb_bytes, &request);
	}
	if (result == PEEK_DONE)
		*ret = request;
	return result;
}

enum peek_result peek_parse_rfb(const uint8_t *bytes, size_t length, struct peek_request *ret)
{
	/* 'd' stands for any digit. */
	static const char form[] = "RFB 003.ddd\n";

	for (size_t i = 0; i < MIN(length, PEEK_RFB_BYTES); i++)
		if (form[i] == 'd' ? !g_ascii_isdigit(bytes[i]) : bytes[i] != (uint8_t)form[i])
			return PEEK_BAD;
	if (length < PEEK_RFB_BYTES)
		return PEEK_MORE;
	memset(ret, 0, sizeof *ret);
	return PEEK_DONE;
}
