/* Keys, requests and certificates by OpenSSL. It must not know where they are kept. */
#include "recorder/chain/key_request.h"

#include "base/secret.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#define CLOCK_SLACK_S 300
#define SERIAL_BYTES 16

static void set_error(GError **error, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	g_set_error(error, CHAIN_ERROR, CHAIN_ERROR_CERTIFICATE, "%s%s%s", what,
		    reason != NULL ? ": " : "", reason != NULL ? reason : "");
	ERR_clear_error();
}

static char *bio_text(BIO *bio)
{
	char *bytes = NULL;
	long length = BIO_get_mem_data(bio, &bytes);

	return g_strndup(bytes, (gsize)MAX(length, 0));
}

static EVP_PKEY *read_key(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	/* A passphrase is never asked for: an empty one opens nothing. */
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)(uintptr_t) "");

	BIO_free(bio);
	return key;
}

static X509 *read_certificate(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	BIO_free(bio);
	ERR_clear_error();
	return certificate;
}

char *key_generate(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	BIO *bio = BIO_new(BIO_s_secmem());
	char *bytes = NULL;

	if (key == NULL || bio == NULL ||
	    PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) != 1)
		g_error("OpenSSL cannot make a key");
	long length = BIO_get_mem_data(bio, &bytes);
	char *pem = secret_new(bytes, (size_t)length);
	BIO_free(bio);
	EVP_PKEY_free(key);
	return pem;
}

/* ---- Requests ---- */

static char *make_request(EVP_PKEY *key, OSSL_LIB_CTX *context, const char *common_name,
			  GError **error)
{
	X509_REQ *request = X509_REQ_new_ex(context, NULL);
	BIO *bio = BIO_new(BIO_s_mem());
	char *pem = NULL;

	if (request != NULL && bio != NULL && X509_REQ_set_version(request, 0) == 1 &&
	    X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request), "CN", MBSTRING_UTF8,
				       (const unsigned char *)common_name, -1, -1, 0) == 1 &&
	    X509_REQ_set_pubkey(request, key) == 1 &&
	    X509_REQ_sign(request, key, EVP_sha256()) > 0 &&
	    PEM_write_bio_X509_REQ(bio, request) == 1)
		pem = bio_text(bio);
	else
		set_error(error, "the request cannot be made");
	BIO_free(bio);
	X509_REQ_free(request);
	return pem;
}

char *key_request(const char *key_pem, const char *common_name, GError **error)
{
	EVP_PKEY *key = read_key(key_pem);
	char *request = NULL;

	if (key != NULL)
		request = make_request(key, NULL, common_name, error);
	else
		set_error(error, "the key cannot be read");
	EVP_PKEY_free(key);
	return request;
}

char *key_request_in_token(const struct chain_token *token, const char *const *taken,
			   const char *common_name, GError **error)
{
	const struct chain_token_choice fresh = {.taken = taken}, any = {0};
	g_autoptr(GError) none = NULL;
	OSSL_LIB_CTX *context = NULL;
	EVP_PKEY *key = chain_token_open(token, &fresh, &context, &none);

	if (key == NULL)
		key = chain_token_open(token, &any, &context, error);
	if (key == NULL)
		return NULL;
	char *request = make_request(key, context, common_name, error);
	EVP_PKEY_free(key);
	chain_token_close(context);
	return request;
}

/* ---- The installation's own CA ---- */

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;

	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	bool ok = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return ok;
}

static bool set_serial(X509 *certificate)
{
	uint8_t bytes[SERIAL_BYTES];

	if (RAND_bytes(bytes, sizeof bytes) != 1)
		return false;
	bytes[0] &= 0x7f;
	BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
	bool ok = BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
	BN_free(number);
	return ok;
}

static bool fill_certificate(X509 *certificate, X509_REQ *request, X509 *ca, unsigned days)
{
	EVP_PKEY *key = X509_REQ_get0_pubkey(request);

	return key != NULL && X509_REQ_verify(request, key) == 1 &&
	       X509_set_version(certificate, 2) == 1 && set_serial(certificate) &&
	       X509_set_subject_name(certificate, X509_REQ_get_subject_name(request)) == 1 &&
	       X509_set_issuer_name(certificate, X509_get_subject_name(ca)) == 1 &&
	       X509_gmtime_adj(X509_getm_notBefore(certificate), -CLOCK_SLACK_S) != NULL &&
	       X509_time_adj_ex(X509_getm_notAfter(certificate), (int)days, 0, NULL) != NULL &&
	       X509_set_pubkey(certificate, key) == 1 &&
	       add_extension(certificate, ca, NID_basic_constraints, "critical,CA:FALSE") &&
	       add_extension(certificate, ca, NID_key_usage, "critical,digitalSignature") &&
	       add_extension(certificate, ca, NID_subject_key_identifier, "hash") &&
	       /* A CA may be without one of its own. */
	       (X509_get0_subject_key_id(ca) == NULL ||
		add_extension(certificate, ca, NID_authority_key_identifier, "keyid"));
}

char *key_issue(const char *request_pem, const char *ca_certificate_pem, const char *ca_key_pem,
		unsigned days, GError **error)
{
	BIO *bio = BIO_new_mem_buf(request_pem, -1);
	X509_REQ *request = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
	X509 *ca = read_certificate(ca_certificate_pem), *certificate = X509_new();
	EVP_PKEY *ca_key = read_key(ca_key_pem);
	BIO *out = BIO_new(BIO_s_mem());
	char *pem = NULL;

	if (ca != NULL && ca_key != NULL && X509_check_private_key(ca, ca_key) != 1)
		set_error(error, "the CA's key and certificate do not belong together");
	else if (request != NULL && ca != NULL && ca_key != NULL &&
		 fill_certificate(certificate, request, ca, days) &&
		 X509_sign(certificate, ca_key, EVP_sha256()) > 0 &&
		 PEM_write_bio_X509(out, certificate) == 1)
		pem = bio_text(out);
	else
		set_error(error, "the CA cannot issue a certificate");
	BIO_free(bio);
	BIO_free(out);
	X509_REQ_free(request);
	X509_free(ca);
	X509_free(certificate);
	EVP_PKEY_free(ca_key);
	return pem;
}

/* ---- Answers ---- */

static const char *find_trouble(X509 *certificate)
{
	EVP_PKEY *key = certificate != NULL ? X509_get0_pubkey(certificate) : NULL;
	char group[32] = "";

	if (key == NULL)
		return "it is not an X.509 certificate in PEM";
	if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group,
					   NULL) != 1 ||
	    (strcmp(group, "prime256v1") != 0 && strcmp(group, "P-256") != 0))
		return "its key is not on P-256";
	if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0)
		return "it is not valid yet";
	if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
		return "it has expired";
	if (X509_check_ca(certificate) == 1)
		return "it is a CA's";
	/* UINT32_MAX: it does not say what it is for. */
	if ((X509_get_key_usage(certificate) & KU_DIGITAL_SIGNATURE) == 0)
		return "it is not for signing (keyUsage digitalSignature)";
	return NULL;
}

bool key_certificate_fits(const char *certificate_pem, GError **error)
{
	X509 *certificate = read_certificate(certificate_pem);
	const char *trouble = find_trouble(certificate);

	X509_free(certificate);
	ERR_clear_error();
	if (trouble != NULL)
		g_set_error(error, CHAIN_ERROR, CHAIN_ERROR_CERTIFICATE,
			    "the certificate cannot sign evidence: %s", trouble);
	return trouble == NULL;
}

char *key_certificate_name(const char *certificate_pem)
{
	X509 *certificate = read_certificate(certificate_pem);
	X509_NAME *name = certificate != NULL ? X509_get_subject_name(certificate) : NULL;
	int place = name != NULL ? X509_NAME_get_index_by_NID(name, NID_commonName, -1) : -1;
	unsigned char *text = NULL;
	char *copy = NULL;

	if (place >= 0 && ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(
							     name, place))) >= 0)
		copy = g_strdup((const char *)text);
	OPENSSL_free(text);
	X509_free(certificate);
	return copy;
}
