/** Who signed, and do we trust them: the certificates behind a chain or a log. Any thread. */
#pragma once

#include "recorder/chain/chain_reader.h"

struct verify_trust;

/** Reads certificates (of a recording: the signer's first, then intermediates). NULL: the
 *  first is not a usable one. */
struct verify_trust *verify_trust_create(const char *certificate_pem);
void verify_trust_destroy(struct verify_trust *trust);

/** True when the entry's signature over its JSON holds under the certificate. */
bool verify_trust_signature(const struct verify_trust *trust, const struct chain_entry *entry);

/** Which certificate the line's signature holds under: its place in the text from 0, or -1 for
 *  none. */
int verify_trust_signer(const struct verify_trust *trust, const struct signed_line *line);

/** "CN=node1" and so on, of the certificate in place `signer`; g_free it. */
char *verify_trust_subject(const struct verify_trust *trust, int signer);

/** SHA-256 of that certificate's DER, as `openssl x509 -fingerprint -sha256` tells it, but in lower
 *  case and without colons. */
void verify_trust_fingerprint(const struct verify_trust *trust, int signer,
			      char ret[DIGEST_HEX_BYTES]);

/** Since when that certificate is valid, as its issuer says; 0: it does not tell. */
uint64_t verify_trust_not_before_us(const struct verify_trust *trust, int signer);

/** Checks the certificate in place `signer` against the PEM file's certificates, as of `utc`
 *  ("2026-05-01T12:00:00.123456Z"). Returns 0; -EPERM and *ret_why (g_free it) when it does not
 *  lead there; -ENOENT or -EINVAL when the PEM file is missing or holds no certificate. */
int verify_trust_check(const struct verify_trust *trust, int signer, const char *trusted_pem_path,
		       const char *utc, char **ret_why);

/** What is asked about a certificate. */
struct verify_trust_question {
	const char *trusted_pem_path;
	const char
		*crl_path; /**< PEM file with revocation lists; NULL: revocation is not looked at */
	const char *utc;   /**< when it signed: as of then it must be valid */
	/** a trusted authority says that everything was signed before; 0: none does */
	uint64_t stamped_utc_us;
};
/** As verify_trust_check, with revocation: one that was revoked is trusted only for what a time
 *  stamp shows to be older. When it returns 0, `*ret_why` may still be set (g_free it): something
 *  worth a note. -ENOENT or -EINVAL also for crl_path. */
int verify_trust_ask(const struct verify_trust *trust, int signer,
		     const struct verify_trust_question *question, char **ret_why);
/** The same of the signer's key, which may have been certified more than once: the best that any of
 *  its certificates from place `signer` on has to say. For logs, whose certificates are a list. */
int verify_trust_ask_key(const struct verify_trust *trust, int signer,
			 const struct verify_trust_question *question, char **ret_why);
