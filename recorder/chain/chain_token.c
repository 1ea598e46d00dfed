/* Keys in PKCS#11 tokens. It must not know what is signed, nor where the PIN comes from. */
#include "recorder/chain/chain_token.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <stdlib.h>
#include <string.h>

/* What pkcs11-provider reads when OpenSSL's configuration says nothing else. */
#define MODULE_VARIABLE "PKCS11_PROVIDER_MODULE"
/* Room for an RSA key's, too: which is then found to be none of ours. */
#define SIGNATURE_MAX_BYTES 1024u

static int give_pin(char *buffer, int size, int writing, void *user)
{
	const char *pin = user;
	size_t length = pin != NULL ? strlen(pin) : 0;

	(void)writing;
	if (length == 0 || length > (size_t)size)
		return -1;
	memcpy(buffer, pin, length);
	return (int)length;
}

/* ---- Which key ---- */

static EVP_PKEY *public_key_of(const char *certificate_pem)
{
	BIO *bio = BIO_new_mem_buf(certificate_pem, -1);
	X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	EVP_PKEY *key = certificate != NULL ? X509_get_pubkey(certificate) : NULL;

	X509_free(certificate);
	BIO_free(bio);
	return key;
}

/* A token does not show its key: whose it is shows a signature. */
static bool is_key_of(EVP_PKEY *key, OSSL_LIB_CTX *context, const char *certificate_pem)
{
	static const unsigned char text[] = "does this key belong to this certificate";
	unsigned char signature[SIGNATURE_MAX_BYTES];
	size_t length = sizeof signature;
	EVP_PKEY *public_key = public_key_of(certificate_pem);
	EVP_MD_CTX *signer = EVP_MD_CTX_new(), *verifier = EVP_MD_CTX_new();
	bool ok = public_key != NULL &&
		  EVP_DigestSignInit_ex(signer, NULL, "SHA256", context, NULL, key, NULL) == 1 &&
		  EVP_DigestSign(signer, signature, &length, text, sizeof text) == 1 &&
		  EVP_DigestVerifyInit(verifier, NULL, EVP_sha256(), NULL, public_key) == 1 &&
		  EVP_DigestVerify(verifier, signature, length, text, sizeof text) == 1;

	EVP_MD_CTX_free(signer);
	EVP_MD_CTX_free(verifier);
	EVP_PKEY_free(public_key);
	return ok;
}

static bool is_chosen(EVP_PKEY *key, OSSL_LIB_CTX *context, const struct chain_token_choice *choice)
{
	for (const char *const *pem = choice->taken; pem != NULL && *pem != NULL; pem++)
		if (is_key_of(key, context, *pem))
			return false;
	return choice->certificate == NULL || is_key_of(key, context, choice->certificate);
}

/* The next private key of the store; NULL at its end. */
static EVP_PKEY *next_key(OSSL_STORE_CTX *store)
{
	EVP_PKEY *key = NULL;

	while (key == NULL && OSSL_STORE_eof(store) == 0) {
		OSSL_STORE_INFO *info = OSSL_STORE_load(store);
		/* Errors of single objects leave the rest to be read. */
		if (info == NULL && OSSL_STORE_error(store) != 0)
			break;
		if (info != NULL && OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
			key = OSSL_STORE_INFO_get1_PKEY(info);
		OSSL_STORE_INFO_free(info);
	}
	return key;
}

static EVP_PKEY *find_key(const struct chain_token *token, const struct chain_token_choice *choice,
			  OSSL_LIB_CTX *context, unsigned *ret_n_keys)
{
	UI_METHOD *ui = UI_UTIL_wrap_read_pem_callback(give_pin, 0);
	OSSL_STORE_CTX *store =
		ui != NULL ? OSSL_STORE_open_ex(token->uri, context, NULL, ui,
						(void *)(uintptr_t)token->pin, NULL, NULL, NULL)
			   : NULL;
	EVP_PKEY *key = NULL;

	*ret_n_keys = 0;
	if (store != NULL)
		OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY);
	while (store != NULL && (key = next_key(store)) != NULL) {
		++*ret_n_keys;
		if (is_chosen(key, context, choice))
			break;
		EVP_PKEY_free(key);
	}
	OSSL_STORE_close(store);
	UI_destroy_method(ui);
	return key;
}

/* ---- Opening ---- */

static bool uri_fits(const char *uri, GError **error)
{
	if (!g_str_has_prefix(uri, "pkcs11:"))
		g_set_error(error, CHAIN_ERROR, CHAIN_ERROR_KEY,
			    "the key's address does not begin with pkcs11:");
	else if (strstr(uri, "pin-value") != NULL || strstr(uri, "pin-source") != NULL)
		g_set_error(error, CHAIN_ERROR, CHAIN_ERROR_KEY,
			    "the key's address holds a PIN: it belongs in a file of its own");
	else
		return true;
	return false;
}

static OSSL_LIB_CTX *load_provider(const struct chain_token *token, GError **error)
{
	if (token->module != NULL && token->module[0] != '\0')
		g_setenv(MODULE_VARIABLE, token->module, TRUE);
	OSSL_LIB_CTX *context = OSSL_LIB_CTX_new();
	if (context != NULL && OSSL_PROVIDER_load(context, "default") != NULL &&
	    OSSL_PROVIDER_load(context, "pkcs11") != NULL)
		return context;
	g_set_error(error, CHAIN_ERROR, CHAIN_ERROR_KEY,
		    "OpenSSL has no provider for PKCS#11 tokens, or it finds no token: "
		    "install pkcs11-provider, set pkcs11_module beside the key's address");
	chain_token_close(context);
	return NULL;
}

EVP_PKEY *chain_token_open(const struct chain_token *token, const struct chain_token_choice *choice,
			   OSSL_LIB_CTX **ret_context, GError **error)
{
	unsigned n_keys;
	OSSL_LIB_CTX *context = uri_fits(token->uri, error) ? load_provider(token, error) : NULL;
	EVP_PKEY *key = context != NULL ? find_key(token, choice, context, &n_keys) : NULL;

	ERR_clear_error();
	if (key != NULL)
		*ret_context = context;
	else if (context != NULL && n_keys == 0)
		g_set_error(error, CHAIN_ERROR, CHAIN_ERROR_KEY,
			    "the token does not give the signing key: wrong address or PIN, or no "
			    "such private key");
	else if (context != NULL)
		g_set_error(error, CHAIN_ERROR, CHAIN_ERROR_CERTIFICATE,
			    "the signing certificate is not an X.509 certificate in PEM for the "
			    "key in the token, on P-256");
	if (key == NULL)
		chain_token_close(context);
	return key;
}

void chain_token_close(OSSL_LIB_CTX *context)
{
	OSSL_LIB_CTX_free(context);
}
