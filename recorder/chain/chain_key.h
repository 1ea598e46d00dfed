/** The node's signing key and its certificate: ECDSA over P-256 with SHA-256.
 *
 *  Signing may happen on several threads at the same time; create and destroy on one. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum chain_error { CHAIN_ERROR_KEY, CHAIN_ERROR_CERTIFICATE, CHAIN_ERROR_SIGN };
#define CHAIN_ERROR chain_error_quark()
GQuark chain_error_quark(void);

struct chain_key;

/** key_pem and certificate_pem are texts, borrowed. NULL and an error when one cannot be read, the
 *  key is not on P-256 or the two do not belong together. */
struct chain_key *chain_key_create(const char *key_pem, const char *certificate_pem,
				   GError **error);
void chain_key_destroy(struct chain_key *key);

/** The certificate as it was given; lies in every recording. Borrowed. */
const char *chain_key_certificate_pem(const struct chain_key *key);

/** The key itself, for CMS. Borrowed; neither to be changed nor freed. */
struct evp_pkey_st *chain_key_private(const struct chain_key *key);
/** The library context that the key signs in; NULL: the program's. Borrowed. */
struct ossl_lib_ctx_st *chain_key_context(const struct chain_key *key);

/** Base64 of the DER signature over bytes. The caller frees it with g_free; NULL and an
 *  error when OpenSSL fails. */
char *chain_key_sign(const struct chain_key *key, const void *bytes, size_t length, GError **error);
