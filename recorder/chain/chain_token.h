/** A signing key that stays in a PKCS#11 token: reached through OpenSSL's store and
 *  pkcs11-provider. */
#pragma once

#include "recorder/chain/chain_key.h"

#include <openssl/types.h>

struct chain_token {
	const char *uri; /**< RFC 7512, without a PIN */
	const char *pin; /**< NULL: the token wants none */
	/** path of the token's library; NULL or empty: as OpenSSL and the provider are
	 *  configured */
	const char *module;
};

/** Which of the keys at a token's address. Certificates are PEM, borrowed. */
struct chain_token_choice {
	const char *certificate; /**< the one that this is about; NULL: any */
	const char *const
		*taken; /**< none that one of these is about; ended by NULL; may be NULL */
};

/** Loads the provider into a library context of its own, so that nothing else is computed by the
 *  token, and finds the private key. NULL and an error that never holds the PIN:
 *  CHAIN_ERROR_CERTIFICATE when keys are there and none is the chosen one, else CHAIN_ERROR_KEY.
 *  Free the key, then the context with chain_token_close. Before threads: the provider learns the
 *  module from the environment. */
EVP_PKEY *chain_token_open(const struct chain_token *token, const struct chain_token_choice *choice,
			   OSSL_LIB_CTX **ret_context, GError **error);
void chain_token_close(OSSL_LIB_CTX *context);

/** The key of a token as chain_key_create makes one of a file. */
struct chain_key *chain_key_create_in_token(const struct chain_token *token,
					    const char *certificate_pem, GError **error);
