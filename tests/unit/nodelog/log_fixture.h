/** A store in a temporary directory with a node log in it, and recordings for the log to speak
 *  of. */
#pragma once

#include "recorder/nodelog/nodelog.h"
#include "tests/support/signing_key.h"

struct log_fixture {
	char *store;
	struct signing_key ca, pem;
	struct chain_key *key;
	struct nodelog *log;
};

void log_fixture_init(struct log_fixture *f);
void log_fixture_finish(struct log_fixture *f);

/** Opens the log again, with its present key. */
void log_fixture_reopen(struct log_fixture *f);
/** From now on another key signs, certified by the same CA. */
void log_fixture_rotate(struct log_fixture *f);

void log_fixture_add(struct log_fixture *f, enum leaf_kind kind, const char *session,
		     const char *sha256);
void log_fixture_add_audit(struct log_fixture *f, uint64_t id, const char *sha256);
/** The head's line; g_free it. */
char *log_fixture_head(struct log_fixture *f);
/** Signs one that nobody looks at. */
void log_fixture_sign(struct log_fixture *f);

/** A recording with genesis and, when `sealed`, seal; hashes of both entries. */
void log_fixture_record(struct log_fixture *f, const char *session, bool sealed,
			char ret_genesis[DIGEST_HEX_BYTES], char ret_seal[DIGEST_HEX_BYTES]);

/** Puts a tombstone into a recording, signed by the node or (`lawful` false) by a key of somebody
 *  else's; the hash its leaf has. */
void log_fixture_bury(struct log_fixture *f, const char *session, bool lawful,
		      char ret_sha256[DIGEST_HEX_BYTES]);

/** A file of the log ("log/leaves") or of a recording. */
char *log_fixture_get(const struct log_fixture *f, const char *name, gsize *ret_length);
void log_fixture_put(const struct log_fixture *f, const char *name, const char *bytes,
		     gsize length);
/** Path; g_free it. */
char *log_fixture_path(const struct log_fixture *f, const char *name);
