/* Makes certificates for tests with OpenSSL's own functions. */
#include "tests/unit/rdp/certificates.h"

#include <glib.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

static char *text_of(BIO *bio)
{
	char *bytes = NULL;
	long length = BIO_get_mem_data(bio, &bytes);
	char *text = g_strndup(bytes, (size_t)length);

	BIO_free(bio);
	return text;
}

static void add_extension(X509 *certificate, int kind, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, kind, value);

	g_assert_nonnull(extension);
	g_assert_cmpint(X509_add_ext(certificate, extension, -1), ==, 1);
	X509_EXTENSION_free(extension);
}

static void fill(X509 *certificate, EVP_PKEY *key, const struct test_certificate_wish *wish)
{
	static int serial;
	const long day_s = 24 * 3600;

	X509_set_version(certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -10 * day_s);
	X509_gmtime_adj(X509_getm_notAfter(certificate), wish->expired ? -day_s : day_s);
	X509_set_pubkey(certificate, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
				   (const unsigned char *)wish->name, -1, -1, 0);
	add_extension(certificate, NID_basic_constraints,
		      wish->authority ? "critical,CA:TRUE" : "CA:FALSE");
	if (wish->alternative)
		add_extension(certificate, NID_subject_alt_name, wish->alternative);
	if (!wish->authority)
		add_extension(certificate, NID_ext_key_usage,
			      wish->client_only ? "clientAuth" : "serverAuth");
}

static void sign(X509 *certificate, EVP_PKEY *own_key, const struct test_certificate *issuer)
{
	if (!issuer) {
		X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
		g_assert_cmpint(X509_sign(certificate, own_key, EVP_sha256()), >, 0);
		return;
	}
	BIO *key_bio = BIO_new_mem_buf(issuer->key_pem, -1),
	    *bio = BIO_new_mem_buf(issuer->pem, -1);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(key_bio, NULL, NULL, NULL);
	X509 *parent = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	X509_set_issuer_name(certificate, X509_get_subject_name(parent));
	g_assert_cmpint(X509_sign(certificate, key, EVP_sha256()), >, 0);
	X509_free(parent);
	EVP_PKEY_free(key);
	BIO_free(key_bio);
	BIO_free(bio);
}

static char *digest_of(const X509 *certificate)
{
	unsigned char *der = NULL;
	int length = i2d_X509(certificate, &der);
	char *hex = g_compute_checksum_for_data(G_CHECKSUM_SHA256, der, (gsize)length);

	OPENSSL_free(der);
	return hex;
}

struct test_certificate test_certificate_make(const struct test_certificate_wish *wish)
{
	struct test_certificate made = {0};
	EVP_PKEY *key = wish->rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
	X509 *certificate = X509_new();
	BIO *bio = BIO_new(BIO_s_mem()), *key_bio = BIO_new(BIO_s_mem());

	fill(certificate, key, wish);
	sign(certificate, key, wish->issuer);
	g_assert_cmpint(PEM_write_bio_X509(bio, certificate), ==, 1);
	g_assert_cmpint(PEM_write_bio_PrivateKey(key_bio, key, NULL, NULL, 0, NULL, NULL), ==, 1);
	made.sha256 = digest_of(certificate);
	made.pem = text_of(bio);
	made.key_pem = text_of(key_bio);
	X509_free(certificate);
	EVP_PKEY_free(key);
	return made;
}

void test_certificate_clear(struct test_certificate *certificate)
{
	g_free(certificate->pem);
	g_free(certificate->key_pem);
	g_free(certificate->sha256);
	*certificate = (struct test_certificate){0};
}
