/* Certificate and private key at start: sessions get them as text, so a mistake must be found here
 * and not by the first viewer. It must not know who is served with them. */
#include "gateway/identity.h"

#include "base/config.h"
#include "base/secret.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

static bool fits_pem(const char *path, const char *pem, GError **error)
{
	if (strstr(pem, "-----BEGIN ") != NULL && strlen(pem) <= IDENTITY_PEM_MAX_BYTES)
		return true;
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_READ,
		    "%s: this is not a PEM file of at most %u bytes", path, IDENTITY_PEM_MAX_BYTES);
	return false;
}

/* A key with a passphrase is refused, not asked about on the terminal. */
static int no_passphrase(char *buffer, int size, int writing, void *user_data)
{
	return -1;
}

static bool check_pair(X509 *certificate, EVP_PKEY *key, const char *certificate_file,
		       const char *private_key_file, GError **error)
{
	if (certificate == NULL)
		g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_READ,
			    "%s: the first certificate in it cannot be read", certificate_file);
	else if (key == NULL)
		g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_READ,
			    "%s: the private key in it cannot be read", private_key_file);
	else if (X509_check_private_key(certificate, key) != 1)
		g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_INVALID,
			    "%s: this is not the private key of the certificate in %s",
			    private_key_file, certificate_file);
	else
		return true;
	return false;
}

static bool belong_together(const char *certificate_file, const char *certificate_pem,
			    const char *private_key_file, const char *key_pem, GError **error)
{
	BIO *certificate_bio = BIO_new_mem_buf(certificate_pem, -1);
	BIO *key_bio = BIO_new_mem_buf(key_pem, -1);
	X509 *certificate = NULL;
	EVP_PKEY *key = NULL;

	if (certificate_bio != NULL && key_bio != NULL) {
		certificate = PEM_read_bio_X509(certificate_bio, NULL, NULL, NULL);
		key = PEM_read_bio_PrivateKey(key_bio, NULL, no_passphrase, NULL);
	}
	bool ok = check_pair(certificate, key, certificate_file, private_key_file, error);
	X509_free(certificate);
	EVP_PKEY_free(key);
	BIO_free(certificate_bio);
	BIO_free(key_bio);
	/* What OpenSSL remembers of a refusal must not be found by the next one who looks. */
	ERR_clear_error();
	return ok;
}

bool identity_load(const char *certificate_file, const char *private_key_file,
		   char **ret_certificate_pem, char **ret_private_key_pem, GError **error)
{
	g_autofree char *certificate_pem = NULL;

	if (!g_file_get_contents(certificate_file, &certificate_pem, NULL, error) ||
	    !fits_pem(certificate_file, certificate_pem, error))
		return false;
	autosecret key_pem = config_read_secret_file(private_key_file, error);
	if (key_pem == NULL || !fits_pem(private_key_file, key_pem, error) ||
	    !belong_together(certificate_file, certificate_pem, private_key_file, key_pem, error))
		return false;
	*ret_certificate_pem = g_steal_pointer(&certificate_pem);
	*ret_private_key_pem = g_steal_pointer(&key_pem);
	return true;
}

bool identity_suits_rdp(const char *private_key_pem)
{
	BIO *bio = BIO_new_mem_buf(private_key_pem, -1);
	EVP_PKEY *key =
		bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
	bool suits = key != NULL && EVP_PKEY_is_a(key, "RSA") == 1;

	EVP_PKEY_free(key);
	BIO_free(bio);
	ERR_clear_error();
	return suits;
}
