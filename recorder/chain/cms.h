/** Detached CMS signatures (RFC 5652) as docs/evidence-format.md wants them: one signer, SHA-256
 *  with ECDSA on P-256, signingTime and signingCertificateV2 among the signed attributes, the
 *  signer's certificates inside. `openssl cms -verify` reads them. Any thread. */
#pragma once

#include "recorder/chain/chain_key.h"

/** DER of a signature over the bytes, as of now. NULL and CHAIN_ERROR_SIGN when OpenSSL fails. */
GBytes *cms_sign(const struct chain_key *key, const void *bytes, size_t length, GError **error);

struct cms_signer {
	char *certificates_pem; /**< the signer's first, the others as they came; not judged */
	uint64_t utc_s;		/**< signingTime, in seconds since 1970 */
};
void cms_signer_finish(struct cms_signer *signer);

/** Judges a signature without asking whom to trust. Returns 0; -EPROTO: not a message of the form
 *  above; -EBADMSG: it is, but its signature is not one over these bytes under the certificate in
 *  it. `ret` is filled for 0 only. */
int cms_verify(GBytes *cms, const void *bytes, size_t length, struct cms_signer *ret);
