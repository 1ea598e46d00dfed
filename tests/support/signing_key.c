/* Keys and certificates for tests. They are made in memory and never touch a disk here. */
#include "tests/support/signing_key.h"

#include <glib.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

static char *bio_text(BIO *bio)
{
	char *bytes;
	long length = BIO_get_mem_data(bio, &bytes);
	char *text = g_strndup(bytes, (gsize)length);

	BIO_free(bio);
	return text;
}

/* An hour before what was asked for, so that it is valid now from the first moment on. */
static void set_dates_and_name(X509 *certificate, const char *common_name, int from_days,
			       int until_days)
{
	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), g_random_int_range(1, G_MAXINT32));
	X509_time_adj_ex(X509_getm_notBefore(certificate), from_days, -3600, NULL);
	X509_time_adj_ex(X509_getm_notAfter(certificate), until_days, 0, NULL);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
				   (const unsigned char *)common_name, -1, -1, 0);
}

static void add_ca_flag(X509 *certificate)
{
	X509_EXTENSION *extension =
		X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "CA:TRUE");

	X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
}

static void sign_certificate(X509 *certificate, EVP_PKEY *own, const struct signing_key *ca)
{
	BIO *bio = ca != NULL ? BIO_new_mem_buf(ca->key_pem, -1) : NULL;
	EVP_PKEY *issuer_key = ca != NULL ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : own;
	X509 *issuer = certificate;

	BIO_free(bio);
	if (ca != NULL) {
		bio = BIO_new_mem_buf(ca->certificate_pem, -1);
		issuer = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		BIO_free(bio);
	}
	X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
	g_assert_cmpint(X509_sign(certificate, issuer_key, EVP_sha256()), >, 0);
	if (ca != NULL) {
		EVP_PKEY_free(issuer_key);
		X509_free(issuer);
	}
}

void signing_key_init(struct signing_key *key, const char *common_name,
		      const struct signing_key *ca)
{
	signing_key_init_valid(key, common_name, ca, 0, 1);
}

void signing_key_init_valid(struct signing_key *key, const char *common_name,
			    const struct signing_key *ca, int from_days, int until_days)
{
	EVP_PKEY *pair = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();
	BIO *bio = BIO_new(BIO_s_mem());

	set_dates_and_name(certificate, common_name, from_days, until_days);
	X509_set_pubkey(certificate, pair);
	if (ca == NULL)
		add_ca_flag(certificate);
	sign_certificate(certificate, pair, ca);
	PEM_write_bio_PrivateKey(bio, pair, NULL, NULL, 0, NULL, NULL);
	key->key_pem = bio_text(bio);
	bio = BIO_new(BIO_s_mem());
	PEM_write_bio_X509(bio, certificate);
	key->certificate_pem = bio_text(bio);
	X509_free(certificate);
	EVP_PKEY_free(pair);
}

void signing_key_finish(struct signing_key *key)
{
	g_free(key->key_pem);
	g_free(key->certificate_pem);
}
