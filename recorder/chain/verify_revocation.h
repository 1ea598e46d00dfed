/** Were the certificates behind a signature revoked before they signed. Private to
 *  recorder/chain. */
#pragma once

#include "recorder/chain/verify_trust.h"

#include <openssl/x509.h>

/** `chain` runs from the signer upwards. Returns 0, maybe with a note in *ret_why; -EPERM and
 *  *ret_why: revoked; -ENOENT or -EINVAL for question->crl_path. g_free *ret_why. */
int verify_revocation(STACK_OF(X509) * chain, const struct verify_trust_question *question,
		      char **ret_why);
