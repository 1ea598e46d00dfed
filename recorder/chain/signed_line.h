/** The form of a signed line: `BASE64 SPACE JSON`, used by chain entries and by tree heads
 *  (docs/evidence-format.md, "Entries"). Any thread. */
#pragma once

#include "recorder/chain/chain_key.h"

/** An ECDSA signature on P-256 in DER is shorter. */
#define SIGNED_LINE_SIGNATURE_MAX_BYTES 96u

struct signed_line {
	const char *json; /**< the signed bytes, inside the line that was read */
	size_t json_bytes;
	uint8_t signature[SIGNED_LINE_SIGNATURE_MAX_BYTES];
	size_t signature_bytes;
};

/** Takes a line without its newline apart; `ret` points into it. -EPROTO: not of that form, or
 *  BASE64 is not the canonical text. */
int signed_line_parse(const char *line, size_t length, struct signed_line *ret);

/** Signs `json`: the line without a newline (g_free), or NULL and an error. */
char *signed_line_make(const struct chain_key *key, const char *json, GError **error);
