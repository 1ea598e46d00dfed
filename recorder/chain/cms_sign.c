/* Makes detached CMS signatures. It must not know what is signed. */
#include "recorder/chain/cms.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>

/* CADES: signingCertificateV2, so that nobody can put another certificate over the same key in
 * its place (RFC 5035). */
#define SIGN_FLAGS                                                                                 \
	(CMS_DETACHED | CMS_BINARY | CMS_NOSMIMECAP | CMS_CADES | CMS_PARTIAL | CMS_NOCERTS)

static bool add_certificates(CMS_ContentInfo *cms, const char *pem, X509 **ret_signer)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *certificate;
	bool ok = bio != NULL;

	while (ok && (certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		ok = CMS_add1_cert(cms, certificate) == 1;
		if (*ret_signer == NULL)
			*ret_signer = certificate;
		else
			X509_free(certificate);
	}
	BIO_free(bio);
	return ok && *ret_signer != NULL;
}

static bool sign_into(CMS_ContentInfo *cms, const struct chain_key *key, BIO *content)
{
	X509 *signer = NULL;
	bool ok = add_certificates(cms, chain_key_certificate_pem(key), &signer) &&
		  CMS_add1_signer(cms, signer, chain_key_private(key), EVP_sha256(), SIGN_FLAGS) !=
			  NULL &&
		  CMS_final(cms, content, NULL, SIGN_FLAGS) == 1;

	X509_free(signer);
	return ok;
}

static GBytes *to_der(CMS_ContentInfo *cms)
{
	unsigned char *der = NULL;
	int length = i2d_CMS_ContentInfo(cms, &der);

	if (length <= 0)
		return NULL;
	GBytes *bytes = g_bytes_new(der, (gsize)length);
	OPENSSL_free(der);
	return bytes;
}

GBytes *cms_sign(const struct chain_key *key, const void *bytes, size_t length, GError **error)
{
	BIO *content = length <= G_MAXINT ? BIO_new_mem_buf(bytes, (int)length) : NULL;
	CMS_ContentInfo *cms = content != NULL ? CMS_sign_ex(NULL, NULL, NULL, NULL, SIGN_FLAGS,
							     chain_key_context(key), NULL)
					       : NULL;
	GBytes *result = cms != NULL && sign_into(cms, key, content) ? to_der(cms) : NULL;

	CMS_ContentInfo_free(cms);
	BIO_free(content);
	ERR_clear_error();
	if (result == NULL)
		g_set_error(error, CHAIN_ERROR, CHAIN_ERROR_SIGN,
			    "OpenSSL could not make a CMS signature");
	return result;
}
