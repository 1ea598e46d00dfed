/* Self-signed P-256 certificates for the TLS tests. */
#include "tests/unit/vnc/test_certificate.h"

#include <glib.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

static char *bio_text(BIO *bio)
{
	char *bytes;
	long length = BIO_get_mem_data(bio, &bytes);
	char *text = g_strndup(bytes, (gsize)length);

	BIO_free(bio);
	return text;
}

static void add_extension(X509 *x509, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	g_assert_nonnull(extension);
	X509_add_ext(x509, extension, -1);
	X509_EXTENSION_free(extension);
}

static X509 *make_x509(EVP_PKEY *key)
{
	X509 *x509 = X509_new();
	X509_NAME *name = X509_get_subject_name(x509);

	X509_set_version(x509, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
	X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
	X509_set_pubkey(x509, key);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
				   (const unsigned char *)"target.example", -1, -1, 0);
	X509_set_issuer_name(x509, name);
	add_extension(x509, NID_subject_alt_name, "DNS:target.example,IP:127.0.0.1");
	add_extension(x509, NID_basic_constraints, "critical,CA:TRUE");
	g_assert_cmpint(X509_sign(x509, key, EVP_sha256()), >, 0);
	return x509;
}

void test_certificate_init(struct test_certificate *certificate)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x509 = make_x509(key);
	BIO *certificate_bio = BIO_new(BIO_s_mem()), *key_bio = BIO_new(BIO_s_mem());
	GString *hex = g_string_new(NULL);
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned length;

	PEM_write_bio_X509(certificate_bio, x509);
	PEM_write_bio_PrivateKey(key_bio, key, NULL, NULL, 0, NULL, NULL);
	X509_digest(x509, EVP_sha256(), digest, &length);
	for (unsigned i = 0; i < length; i++)
		g_string_append_printf(hex, "%s%02X", i ? ":" : "", digest[i]);
	certificate->certificate_pem = bio_text(certificate_bio);
	certificate->key_pem = bio_text(key_bio);
	certificate->sha256 = g_string_free(hex, FALSE);
	X509_free(x509);
	EVP_PKEY_free(key);
}

void test_certificate_finish(struct test_certificate *certificate)
{
	g_free(certificate->certificate_pem);
	g_free(certificate->key_pem);
	g_free(certificate->sha256);
}
