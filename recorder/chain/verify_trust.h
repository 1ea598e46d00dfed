/** Who signed, and do we trust them: the certificates behind a chain. Private to recorder/chain. */
#pragma once

#include "recorder/chain/chain_reader.h"

struct verify_trust;

/** Reads the recording's certificate (first in the text, further ones are intermediates). NULL: no usable certificate in it. */
struct verify_trust *verify_trust_create(const char *certificate_pem);
void verify_trust_destroy(struct verify_trust *trust);

/** True when the entry's signature over its JSON holds under the certificate. */
bool verify_trust_signature(const struct verify_trust *trust, const struct chain_entry *entry);

/** "CN=node1" and so on; g_free it. */
char *verify_trust_subject(const struct verify_trust *trust);

/** Checks the certificate against the PEM file's certificates, as of `utc` ("2026-05-01T12:00:00.123456Z"). Returns 0; -EPERM and
 *  *ret_why (g_free it) when it does not lead there; -ENOENT or -EINVAL when the PEM file is missing or holds no certificate. */
int verify_trust_check(const struct verify_trust *trust, const char *trusted_pem_path,
		       const char *utc, char **ret_why);
