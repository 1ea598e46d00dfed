/* Certificates and signatures of the verifier. It knows nothing of files of a recording or of
 * the order of entries. */
#include "recorder/chain/verify_trust.h"

#include "recorder/chain/verify_revocation.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <string.h>

struct verify_trust {
	STACK_OF(X509) * certificates; /**< the signer's first */
	EVP_PKEY *key;		       /**< borrowed from the first */
};

static STACK_OF(X509) * read_certificates(const char *pem)
{
	STACK_OF(X509) *list = sk_X509_new_null();
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *certificate;

	while (bio != NULL && (certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
		sk_X509_push(list, certificate);
	BIO_free(bio);
	ERR_clear_error();
	return list;
}

struct verify_trust *verify_trust_create(const char *certificate_pem)
{
	struct verify_trust *trust = g_new0(struct verify_trust, 1);

	trust->certificates = read_certificates(certificate_pem);
	if (sk_X509_num(trust->certificates) > 0)
		trust->key = X509_get0_pubkey(sk_X509_value(trust->certificates, 0));
	if (trust->key == NULL || EVP_PKEY_get_base_id(trust->key) != EVP_PKEY_EC) {
		verify_trust_destroy(trust);
		return NULL;
	}
	return trust;
}

void verify_trust_destroy(struct verify_trust *trust)
{
	if (trust == NULL)
		return;
	sk_X509_pop_free(trust->certificates, X509_free);
	g_free(trust);
}

static bool holds(EVP_PKEY *key, const struct signed_line *line)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool ok = context != NULL &&
		  EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
		  EVP_DigestVerify(context, line->signature, line->signature_bytes,
				   (const unsigned char *)line->json, line->json_bytes) == 1;

	EVP_MD_CTX_free(context);
	ERR_clear_error();
	return ok;
}

bool verify_trust_signature(const struct verify_trust *trust, const struct chain_entry *entry)
{
	struct signed_line line = {.json = entry->json,
				   .json_bytes = entry->json_length,
				   .signature_bytes = entry->signature_length};

	memcpy(line.signature, entry->signature, sizeof line.signature);
	return holds(trust->key, &line);
}

int verify_trust_signer(const struct verify_trust *trust, const struct signed_line *line)
{
	for (int i = 0; i < sk_X509_num(trust->certificates); i++) {
		EVP_PKEY *key = X509_get0_pubkey(sk_X509_value(trust->certificates, i));
		if (key != NULL && EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && holds(key, line))
			return i;
	}
	return -1;
}

char *verify_trust_subject(const struct verify_trust *trust, int signer)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *bytes = NULL;

	X509_NAME_print_ex(bio, X509_get_subject_name(sk_X509_value(trust->certificates, signer)),
			   0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
	long length = BIO_get_mem_data(bio, &bytes);
	char *subject = g_strndup(bytes, (gsize)MAX(length, 0));
	BIO_free(bio);
	return subject;
}

void verify_trust_fingerprint(const struct verify_trust *trust, int signer,
			      char ret[DIGEST_HEX_BYTES])
{
	unsigned char *der = NULL;
	int length = i2d_X509(sk_X509_value(trust->certificates, signer), &der);

	digest_hex_of(der, (size_t)MAX(length, 0), ret);
	OPENSSL_free(der);
}

uint64_t verify_trust_not_before_us(const struct verify_trust *trust, int signer)
{
	struct tm tm;
	const ASN1_TIME *time = X509_get0_notBefore(sk_X509_value(trust->certificates, signer));
	time_t seconds = ASN1_TIME_to_tm(time, &tm) == 1 ? timegm(&tm) : 0;

	return seconds > 0 ? (uint64_t)seconds * G_USEC_PER_SEC : 0;
}

static int load_store(const char *path, X509_STORE **ret)
{
	g_autofree char *pem = NULL;

	if (!g_file_get_contents(path, &pem, NULL, NULL))
		return -ENOENT;
	STACK_OF(X509) *trusted = read_certificates(pem);
	int n = sk_X509_num(trusted);
	X509_STORE *store = X509_STORE_new();
	for (int i = 0; i < n; i++)
		X509_STORE_add_cert(store, sk_X509_value(trusted, i));
	sk_X509_pop_free(trusted, X509_free);
	ERR_clear_error();
	if (n == 0) {
		X509_STORE_free(store);
		return -EINVAL;
	}
	*ret = store;
	return 0;
}

/* A certificate that has expired since is fine: what counts is that it was valid when it signed. */
static time_t signing_time(const char *utc)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(utc, NULL);

	return time != NULL ? (time_t)g_date_time_to_unix(time) : 0;
}

/* Verifies the chain of certificates; `ret_chain` (sk_X509_pop_free) runs from the signer
 * upwards. */
static int build_chain(const struct verify_trust *trust, int signer, X509_STORE *store,
		       const char *utc, STACK_OF(X509) * *ret_chain, char **ret_why)
{
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	int result = -EPERM;

	if (context == NULL ||
	    X509_STORE_CTX_init(context, store, sk_X509_value(trust->certificates, signer),
				trust->certificates) != 1) {
		*ret_why = g_strdup("OpenSSL could not start");
	} else {
		X509_STORE_CTX_set_flags(context, X509_V_FLAG_PARTIAL_CHAIN);
		X509_STORE_CTX_set_time(context, 0, signing_time(utc));
		if (X509_verify_cert(context) == 1) {
			*ret_chain = X509_STORE_CTX_get1_chain(context);
			result = 0;
		} else {
			*ret_why = g_strdup(
				X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
		}
	}
	X509_STORE_CTX_free(context);
	ERR_clear_error();
	return result;
}

int verify_trust_ask(const struct verify_trust *trust, int signer,
		     const struct verify_trust_question *question, char **ret_why)
{
	X509_STORE *store;
	STACK_OF(X509) *chain = NULL;
	int result = load_store(question->trusted_pem_path, &store);

	if (result < 0)
		return result;
	result = build_chain(trust, signer, store, question->utc, &chain, ret_why);
	if (result == 0 && question->crl_path != NULL)
		result = verify_revocation(chain, question, ret_why);
	sk_X509_pop_free(chain, X509_free);
	X509_STORE_free(store);
	return result;
}

int verify_trust_ask_key(const struct verify_trust *trust, int signer,
			 const struct verify_trust_question *question, char **ret_why)
{
	const EVP_PKEY *key = X509_get0_pubkey(sk_X509_value(trust->certificates, signer));
	int result = verify_trust_ask(trust, signer, question, ret_why);

	for (int i = signer + 1; result == -EPERM && i < sk_X509_num(trust->certificates); i++) {
		const EVP_PKEY *other = X509_get0_pubkey(sk_X509_value(trust->certificates, i));
		g_autofree char *why = NULL;
		if (other == NULL || EVP_PKEY_eq(key, other) != 1)
			continue;
		result = verify_trust_ask(trust, i, question, &why);
		if (result != -EPERM) {
			g_free(*ret_why);
			*ret_why = g_steal_pointer(&why);
		}
	}
	ERR_clear_error();
	return result;
}

int verify_trust_check(const struct verify_trust *trust, int signer, const char *trusted_pem_path,
		       const char *utc, char **ret_why)
{
	const struct verify_trust_question question = {.trusted_pem_path = trusted_pem_path,
						       .utc = utc};

	return verify_trust_ask(trust, signer, &question, ret_why);
}
