/* The signing key, in OpenSSL's hands. It must not know what is signed. */
#include "recorder/chain/chain_key.h"

#include "recorder/chain/chain_token.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

G_DEFINE_QUARK(chain - error, chain_error)

#define SIGNATURE_MAX_BYTES 80u /* two integers of 33 bytes in DER */

struct chain_key {
	EVP_PKEY *key;
	OSSL_LIB_CTX *context; /**< of a key in a token; NULL: the program's */
	char *certificate_pem;
};

/* Never asks: a key with a passphrase is refused instead of waiting at a terminal. */
static int no_passphrase(char *buffer, int size, int writing, void *unused)
{
	(void)buffer;
	(void)size;
	(void)writing;
	(void)unused;
	return 0;
}

static EVP_PKEY *read_key(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key =
		bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;

	BIO_free(bio);
	ERR_clear_error();
	return key;
}

static X509 *read_certificate(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *certificate = bio != NULL ? PEM_read_bio_X509(bio, NULL, no_passphrase, NULL) : NULL;

	BIO_free(bio);
	ERR_clear_error();
	return certificate;
}

static bool is_p256(EVP_PKEY *key)
{
	char group[32] = "";

	return key != NULL &&
	       EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group,
					      NULL) == 1 &&
	       (strcmp(group, "prime256v1") == 0 || strcmp(group, "P-256") == 0);
}

struct chain_key *chain_key_create(const char *key_pem, const char *certificate_pem, GError **error)
{
	EVP_PKEY *key = read_key(key_pem);
	X509 *certificate = read_certificate(certificate_pem);
	struct chain_key *result = NULL;

	if (!is_p256(key)) {
		g_set_error(error, CHAIN_ERROR, CHAIN_ERROR_KEY,
			    "the signing key is not an unencrypted EC key on P-256 in PEM");
	} else if (certificate == NULL) {
		g_set_error(error, CHAIN_ERROR, CHAIN_ERROR_CERTIFICATE,
			    "the signing certificate is not an X.509 certificate in PEM");
	} else if (X509_check_private_key(certificate, key) != 1) {
		g_set_error(error, CHAIN_ERROR, CHAIN_ERROR_CERTIFICATE,
			    "the signing certificate does not belong to the signing key");
	} else {
		result = g_new0(struct chain_key, 1);
		result->key = g_steal_pointer(&key);
		result->certificate_pem = g_strdup(certificate_pem);
	}
	EVP_PKEY_free(key);
	X509_free(certificate);
	ERR_clear_error();
	return result;
}

struct chain_key *chain_key_create_in_token(const struct chain_token *token,
					    const char *certificate_pem, GError **error)
{
	const struct chain_token_choice choice = {.certificate = certificate_pem};
	X509 *certificate = read_certificate(certificate_pem);
	OSSL_LIB_CTX *context = NULL;
	EVP_PKEY *key = NULL;

	if (certificate == NULL || !is_p256(X509_get0_pubkey(certificate)))
		g_set_error(error, CHAIN_ERROR, CHAIN_ERROR_CERTIFICATE,
			    "the signing certificate is not an X.509 certificate in PEM, on P-256");
	else
		key = chain_token_open(token, &choice, &context, error);
	X509_free(certificate);
	if (key == NULL)
		return NULL;
	struct chain_key *result = g_new0(struct chain_key, 1);
	*result = (struct chain_key){key, context, g_strdup(certificate_pem)};
	return result;
}

void chain_key_destroy(struct chain_key *key)
{
	if (key == NULL)
		return;
	EVP_PKEY_free(key->key);
	chain_token_close(key->context);
	g_free(key->certificate_pem);
	g_free(key);
}

const char *chain_key_certificate_pem(const struct chain_key *key)
{
	return key->certificate_pem;
}

EVP_PKEY *chain_key_private(const struct chain_key *key)
{
	return key->key;
}

OSSL_LIB_CTX *chain_key_context(const struct chain_key *key)
{
	return key->context;
}

char *chain_key_sign(const struct chain_key *key, const void *bytes, size_t length, GError **error)
{
	uint8_t signature[SIGNATURE_MAX_BYTES];
	size_t signature_bytes = sizeof signature;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool ok = context != NULL &&
		  EVP_DigestSignInit_ex(context, NULL, "SHA256", key->context, NULL, key->key,
					NULL) == 1 &&
		  EVP_DigestSign(context, signature, &signature_bytes, bytes, length) == 1;

	EVP_MD_CTX_free(context);
	ERR_clear_error();
	if (!ok) {
		g_set_error(error, CHAIN_ERROR, CHAIN_ERROR_SIGN,
			    "OpenSSL could not sign a chain entry");
		return NULL;
	}
	return g_base64_encode(signature, signature_bytes);
}
