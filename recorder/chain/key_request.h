/** Making keys and certificates for evidence: a key, a request to a CA, an answer of the
 *  installation's own CA, and whether an answer fits. PEM texts; g_free what is returned, keys with
 *  secret_free. One thread. */
#pragma once

#include "recorder/chain/chain_token.h"

/** A new key on P-256 in locked memory (base/secret.h), PEM. Never NULL. */
char *key_generate(void);

/** A certificate request (PKCS#10) for the private key in `key_pem`; `common_name` is
 *  UTF-8. NULL and an error. */
char *key_request(const char *key_pem, const char *common_name, GError **error);
/** The same for a key in a token: one that none of the certificates `taken` is about (PEM, ended by
 *  NULL), or the first at the address when there is no such. */
char *key_request_in_token(const struct chain_token *token, const char *const *taken,
			   const char *common_name, GError **error);

/** Issues a certificate over a request: for signing only, no CA, valid from now (less five minutes
 *  for clocks) for `days`. The request's own signature must hold. NULL and an error. */
char *key_issue(const char *request_pem, const char *ca_certificate_pem, const char *ca_key_pem,
		unsigned days, GError **error);

/** Whether the first certificate in the text may sign evidence as of now: P-256, digitalSignature
 *  if it says what it is for, no CA, valid. False and an error. */
bool key_certificate_fits(const char *certificate_pem, GError **error);
/** Common name of its subject, or NULL. */
char *key_certificate_name(const char *certificate_pem);
