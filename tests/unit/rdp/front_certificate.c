/* A throw-away certificate for the RDP front's tests. */
#include "tests/unit/rdp/front_host.h"

#include <glib.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

static char *text_of(BIO *bio)
{
	char *bytes;
	long length = BIO_get_mem_data(bio, &bytes);
	char *text = g_strndup(bytes, (gsize)length);

	BIO_free(bio);
	return text;
}

void front_host_certificate(char **ret_certificate, char **ret_key)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();
	X509_NAME *name = X509_get_subject_name(certificate);
	BIO *certificate_bio = BIO_new(BIO_s_mem()), *key_bio = BIO_new(BIO_s_mem());

	g_assert_nonnull(key);
	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1,
				   -1, 0);
	X509_set_issuer_name(certificate, name);
	X509_set_pubkey(certificate, key);
	g_assert_true(X509_sign(certificate, key, EVP_sha256()));
	g_assert_true(PEM_write_bio_X509(certificate_bio, certificate));
	g_assert_true(PEM_write_bio_PrivateKey(key_bio, key, NULL, NULL, 0, NULL, NULL));
	*ret_certificate = text_of(certificate_bio);
	*ret_key = text_of(key_bio);
	X509_free(certificate);
	EVP_PKEY_free(key);
}
