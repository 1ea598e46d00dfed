/* Keys in PKCS#11 tokens. It must not know what is signed, nor where the PIN comes from. */
#include "recorder/chain/chain_token.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <stdlib.h>
#include <string.h>

/* What pkcs11-provider reads when OpenSSL's configuration says nothing else. */
#define MODULE_VARIABLE "PKCS11_PROVIDER_MODULE"

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

static EVP_PKEY *find_key(OSSL_STORE_CTX *store)
{
	EVP_PKEY *key = NULL;

	OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY);
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

static EVP_PKEY *open_key(const struct chain_token *token, OSSL_LIB_CTX *context)
{
	UI_METHOD *ui = UI_UTIL_wrap_read_pem_callback(give_pin, 0);
	OSSL_STORE_CTX *store =
		ui != NULL ? OSSL_STORE_open_ex(token->uri, context, NULL, ui,
						(void *)(uintptr_t)token->pin, NULL, NULL, NULL)
			   : NULL;
	EVP_PKEY *key = store != NULL ? find_key(store) : NULL;

	OSSL_STORE_close(store);
	UI_destroy_method(ui);
	return key;
}

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

EVP_PKEY *chain_token_open(const struct chain_token *token, OSSL_LIB_CTX **ret_context,
			   GError **error)
{
	if (!uri_fits(token->uri, error))
		return NULL;
	if (token->module != NULL && token->module[0] != '\0')
		g_setenv(MODULE_VARIABLE, token->module, TRUE);
	OSSL_LIB_CTX *context = OSSL_LIB_CTX_new();
	if (context == NULL || OSSL_PROVIDER_load(context, "default") == NULL ||
	    OSSL_PROVIDER_load(context, "pkcs11") == NULL) {
		g_set_error(error, CHAIN_ERROR, CHAIN_ERROR_KEY,
			    "OpenSSL has no provider for PKCS#11 tokens, or it finds no token: "
			    "install pkcs11-provider, set recorder.pkcs11_module");
		chain_token_close(context);
		ERR_clear_error();
		return NULL;
	}
	EVP_PKEY *key = open_key(token, context);
	ERR_clear_error();
	if (key != NULL) {
		*ret_context = context;
		return key;
	}
	g_set_error(error, CHAIN_ERROR, CHAIN_ERROR_KEY,
		    "the token does not give the signing key: wrong address or PIN, or no such "
		    "private key");
	chain_token_close(context);
	return NULL;
}

void chain_token_close(OSSL_LIB_CTX *context)
{
	OSSL_LIB_CTX_free(context);
}
