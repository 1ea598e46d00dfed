/** Signed tree heads of the node log: what the log was when the head was signed. Any thread. */
#pragma once

#include "recorder/chain/signed_line.h"
#include "recorder/nodelog/merkle.h"

#define HEAD_VERSION 1
#define HEAD_MAX_BYTES 4096u

struct head {
	char *node, *utc;
	uint64_t size; /**< leaves it covers */
	struct merkle_hash root;
	uint64_t version;
	struct signed_line line; /**< points into what was read */
};

/** Signs: the head's line without a newline (g_free), or NULL and an error. `head->line` and
 *  `head->version` are not used. */
char *head_sign(const struct head *head, const struct chain_key *key, GError **error);

/** Reads a line without its newline; `line` must outlive the head. -EPROTO: not a head;
 *  -EPROTONOSUPPORT: `ret->version` is not known here, nothing else was read. Then `ret` owns
 *  nothing. Free its inside with head_clear. */
int head_parse(const char *line, size_t length, struct head *ret);
void head_clear(struct head *head);
