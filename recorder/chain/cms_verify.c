/* Judges detached CMS signatures, more strictly than OpenSSL alone: in what it does not look at,
 * bits could be changed unseen. Trust is verify_trust.c's matter. */
#include "recorder/chain/cms.h"

#include "recorder/chain/cms_shape.h"

#include <errno.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/ess.h>
#include <openssl/pem.h>
#include <string.h>
#include <time.h>

/* OpenSSL compares names without case; here they must be the same bytes. */
static bool same_issuer(CMS_SignerInfo *signer, const X509 *certificate)
{
	X509_NAME *named = NULL;
	const unsigned char *a, *b;
	size_t a_bytes, b_bytes;

	return CMS_SignerInfo_get0_signer_id(signer, NULL, &named, NULL) == 1 && named != NULL &&
	       X509_NAME_get0_der(named, &a, &a_bytes) == 1 &&
	       X509_NAME_get0_der(X509_get_issuer_name(certificate), &b, &b_bytes) == 1 &&
	       a_bytes == b_bytes && memcmp(a, b, a_bytes) == 0;
}

static X509 *find_signer(CMS_SignerInfo *signer, STACK_OF(X509) * certificates)
{
	for (int i = 0; i < sk_X509_num(certificates); i++)
		if (CMS_SignerInfo_cert_cmp(signer, sk_X509_value(certificates, i)) == 0)
			return sk_X509_value(certificates, i);
	return NULL;
}

/* signingCertificateV2 names this certificate by its hash (RFC 5035 5.4). */
static bool names_certificate(CMS_SignerInfo *signer, X509 *certificate)
{
	ASN1_STRING *value = CMS_signed_get0_data_by_OBJ(
		signer, OBJ_nid2obj(NID_id_smime_aa_signingCertificateV2), -3, V_ASN1_SEQUENCE);
	STACK_OF(X509) *chain = sk_X509_new_null();
	ESS_SIGNING_CERT_V2 *named = NULL;

	if (value != NULL) {
		const unsigned char *der = ASN1_STRING_get0_data(value);
		named = d2i_ESS_SIGNING_CERT_V2(NULL, &der, ASN1_STRING_length(value));
	}
	bool ok = named != NULL && sk_X509_push(chain, certificate) > 0 &&
		  OSSL_ESS_check_signing_certs(NULL, named, chain, 1) == 1;
	ESS_SIGNING_CERT_V2_free(named);
	sk_X509_free(chain);
	return ok;
}

static bool read_time(CMS_SignerInfo *signer, uint64_t *ret_utc_s)
{
	struct tm tm;
	int at = CMS_signed_get_attr_by_NID(signer, NID_pkcs9_signingTime, -1);
	X509_ATTRIBUTE *attribute = at >= 0 ? CMS_signed_get_attr(signer, at) : NULL;
	const ASN1_TYPE *value = attribute != NULL ? X509_ATTRIBUTE_get0_type(attribute, 0) : NULL;

	if (value == NULL ||
	    (value->type != V_ASN1_UTCTIME && value->type != V_ASN1_GENERALIZEDTIME) ||
	    ASN1_TIME_to_tm(value->value.asn1_string, &tm) != 1)
		return false;
	time_t seconds = timegm(&tm);
	*ret_utc_s = (uint64_t)MAX(seconds, 0);
	return seconds >= 0;
}

static char *to_pem(X509 *signer, STACK_OF(X509) * certificates)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *bytes = NULL;

	bool ok = bio != NULL && PEM_write_bio_X509(bio, signer) == 1;
	for (int i = 0; ok && i < sk_X509_num(certificates); i++)
		if (sk_X509_value(certificates, i) != signer)
			ok = PEM_write_bio_X509(bio, sk_X509_value(certificates, i)) == 1;
	long length = ok ? BIO_get_mem_data(bio, &bytes) : 0;
	char *pem = ok ? g_strndup(bytes, (gsize)length) : NULL;
	BIO_free(bio);
	return pem;
}

static int judge(CMS_ContentInfo *cms, BIO *content, STACK_OF(X509) * certificates,
		 struct cms_signer *ret)
{
	STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(cms);
	CMS_SignerInfo *signer =
		sk_CMS_SignerInfo_num(signers) == 1 ? sk_CMS_SignerInfo_value(signers, 0) : NULL;
	X509 *certificate = signer != NULL ? find_signer(signer, certificates) : NULL;

	if (certificate == NULL || !same_issuer(signer, certificate) || !cms_shape_signer(signer))
		return -EPROTO;
	if (!names_certificate(signer, certificate) || !read_time(signer, &ret->utc_s))
		return -EPROTO;
	if (CMS_verify(cms, NULL, NULL, content, NULL, CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY) != 1)
		return -EBADMSG;
	ret->certificates_pem = to_pem(certificate, certificates);
	return ret->certificates_pem != NULL ? 0 : -EPROTO;
}

/* Written anew it is the same: what the signature covers was not in another encoding that means the
 * same. */
static bool is_der(const CMS_ContentInfo *message, const unsigned char *der, size_t length)
{
	unsigned char *again = NULL;
	int again_bytes = i2d_CMS_ContentInfo(message, &again);
	bool same =
		again_bytes > 0 && (size_t)again_bytes == length && memcmp(again, der, length) == 0;

	OPENSSL_free(again);
	return same;
}

int cms_verify(GBytes *cms, const void *bytes, size_t length, struct cms_signer *ret)
{
	gsize der_bytes;
	const unsigned char *der = g_bytes_get_data(cms, &der_bytes), *at = der;
	int result = -EPROTO;

	*ret = (struct cms_signer){0};
	if (length > G_MAXINT || !cms_shape_message(der, der_bytes))
		return -EPROTO;
	CMS_ContentInfo *message = d2i_CMS_ContentInfo(NULL, &at, (long)der_bytes);
	BIO *content = BIO_new_mem_buf(bytes, (int)length);
	if (message != NULL && content != NULL && is_der(message, der, der_bytes)) {
		STACK_OF(X509) *certificates = CMS_get1_certs(message);
		result = judge(message, content, certificates, ret);
		sk_X509_pop_free(certificates, X509_free);
	}
	BIO_free(content);
	CMS_ContentInfo_free(message);
	ERR_clear_error();
	if (result < 0)
		cms_signer_finish(ret);
	return result;
}

void cms_signer_finish(struct cms_signer *signer)
{
	g_free(signer->certificates_pem);
	*signer = (struct cms_signer){0};
}
