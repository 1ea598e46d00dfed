/** What is left in place of a recording that was deleted lawfully (docs/evidence-format.md,
 *  "Deleted recordings"): a signed line that says which recording it was, why and by whose order,
 *  and the certificate it was signed under. Any thread. */
#pragma once

#include "recorder/chain/digest.h"
#include "recorder/chain/signed_line.h"

#define TOMBSTONE_FILE "tombstone"
#define TOMBSTONE_VERSION 1
#define TOMBSTONE_MAX_BYTES 65536u

/** Texts may be empty but not NULL. */
struct tombstone {
	uint64_t version;
	char *session;
	char *head;				   /**< SHA-256 of the chain's last entry, hex */
	char *cause;				   /**< "age", "size" or "order" */
	char *class;				   /**< retention class */
	char *reason, *requested_by, *approved_by; /**< of an order */
	char *utc; /**< when; ignored by tombstone_make, which takes the time */
};
void tombstone_clear(struct tombstone *tombstone);

/** Signs: the bytes of the file `tombstone`, and the SHA-256 of its JSON. g_free the
 *  text; NULL and an error. */
char *tombstone_make(const struct tombstone *tombstone, const struct chain_key *key,
		     char ret_sha256[DIGEST_HEX_BYTES], GError **error);

/** Reads a file's text. `ret_line` and `*ret_certificate_pem` point into it. Returns 0; -EPROTO:
 *  not a tombstone; -EPROTONOSUPPORT: of a version that is not known here, `ret->version`. Free the
 *  inside with tombstone_clear, in every case. */
int tombstone_parse(const char *text, size_t length, struct tombstone *ret,
		    struct signed_line *ret_line, const char **ret_certificate_pem);
