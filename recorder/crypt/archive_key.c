/* Sealing and opening data keys with OpenSSL's CMS. It must not know where certificates,
 * keys and sealed keys lie. */
#include "recorder/crypt/archive_key.h"

#include "base/config.h"
#include "base/secret.h"

#include <errno.h>
#include <openssl/cms.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

G_DEFINE_QUARK(archive - key - error, archive_key_error)

#define SEALED_MAX_BYTES 16384u

struct archive_certificate {
	X509 *certificate;
};

struct archive_key {
	GPtrArray *keys; /**< EVP_PKEY */
};

/* Never asks: a key with a passphrase is refused instead of waiting at a terminal. */
static int no_passphrase(char *buffer, int size, int writing, void *unused)
{
	(void)buffer;
	(void)size;
	(void)writing;
	(void)unused;
	return 0;
}

static bool is_p256(const EVP_PKEY *key)
{
	char group[32] = "";

	return EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group,
					      NULL) == 1 &&
	       (strcmp(group, "prime256v1") == 0 || strcmp(group, "P-256") == 0);
}

struct archive_certificate *archive_certificate_create(const char *pem, GError **error)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *certificate = bio != NULL ? PEM_read_bio_X509(bio, NULL, no_passphrase, NULL) : NULL;
	const EVP_PKEY *key = certificate != NULL ? X509_get0_pubkey(certificate) : NULL;
	struct archive_certificate *result = NULL;

	if (key == NULL || !is_p256(key)) {
		g_set_error(error, ARCHIVE_KEY_ERROR, ARCHIVE_KEY_ERROR_PEM,
			    "not a PEM certificate with an EC key on P-256");
	} else {
		result = g_new0(struct archive_certificate, 1);
		result->certificate = g_steal_pointer(&certificate);
	}
	X509_free(certificate);
	BIO_free(bio);
	ERR_clear_error();
	return result;
}

void archive_certificate_destroy(struct archive_certificate *certificate)
{
	if (certificate == NULL)
		return;
	X509_free(certificate->certificate);
	g_free(certificate);
}

/* ---- Sealing ---- */

/* OpenSSL would derive the wrapping key with SHA-1 (RFC 5753 7.1.4 leaves the choice to the
 * sender). */
static bool add_recipient(CMS_ContentInfo *cms, X509 *certificate)
{
	const unsigned flags = CMS_BINARY | CMS_PARTIAL | CMS_KEY_PARAM;
	CMS_RecipientInfo *recipient = CMS_add1_recipient_cert(cms, certificate, flags);
	EVP_PKEY_CTX *context =
		recipient != NULL ? CMS_RecipientInfo_get0_pkey_ctx(recipient) : NULL;

	return context != NULL && EVP_PKEY_CTX_set_ecdh_kdf_md(context, EVP_sha256()) == 1;
}

static GBytes *to_der(CMS_ContentInfo *cms)
{
	uint8_t *der = NULL;
	int length = i2d_CMS_ContentInfo(cms, &der);
	GBytes *bytes = length > 0 ? g_bytes_new(der, (gsize)length) : NULL;

	OPENSSL_free(der);
	return bytes;
}

GBytes *archive_certificate_seal(const struct archive_certificate *certificate,
				 const struct data_key *key, GError **error)
{
	BIO *content = BIO_new_mem_buf(data_key_bytes(key), DATA_KEY_BYTES);
	CMS_ContentInfo *cms = CMS_encrypt(NULL, NULL, EVP_aes_256_gcm(), CMS_BINARY | CMS_PARTIAL);
	GBytes *sealed = NULL;

	if (content != NULL && cms != NULL && add_recipient(cms, certificate->certificate) &&
	    CMS_final(cms, content, NULL, CMS_BINARY) == 1)
		sealed = to_der(cms);
	if (sealed == NULL)
		g_set_error(error, ARCHIVE_KEY_ERROR, ARCHIVE_KEY_ERROR_SEAL,
			    "OpenSSL could not seal a data key: %s",
			    ERR_reason_error_string(ERR_peek_last_error()));
	CMS_ContentInfo_free(cms);
	BIO_free(content);
	ERR_clear_error();
	return sealed;
}

/* ---- Opening ---- */

static void key_free(void *key)
{
	EVP_PKEY_free(key);
}

/* One block of the text. False: a private key that cannot be taken. */
static bool take_block(struct archive_key *archive, const char *name, const char *header,
		       const uint8_t *der, long length)
{
	if (!g_str_has_suffix(name, "PRIVATE KEY"))
		return true; /* "EC PARAMETERS", a certificate */
	/* With a passphrase it has a header, or another name. */
	EVP_PKEY *key = header[0] == '\0' && strcmp(name, "ENCRYPTED PRIVATE KEY") != 0
				? d2i_AutoPrivateKey(NULL, &der, length)
				: NULL;
	bool good = key != NULL && is_p256(key);
	if (good)
		g_ptr_array_add(archive->keys, g_steal_pointer(&key));
	EVP_PKEY_free(key);
	return good;
}

static bool take_blocks(struct archive_key *archive, BIO *bio)
{
	char *name, *header;
	unsigned char *der;
	long length;
	bool good = true;

	while (good && PEM_read_bio(bio, &name, &header, &der, &length) == 1) {
		good = take_block(archive, name, header, der, length);
		secret_wipe(der, (size_t)length);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(der);
	}
	return good && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
}

struct archive_key *archive_key_create(const char *pem, GError **error)
{
	struct archive_key *archive = g_new0(struct archive_key, 1);
	BIO *bio = BIO_new_mem_buf(pem, -1);

	archive->keys = g_ptr_array_new_with_free_func(key_free);
	ERR_clear_error();
	bool good = bio != NULL && take_blocks(archive, bio) && archive->keys->len > 0;
	BIO_free(bio);
	ERR_clear_error();
	if (good)
		return archive;
	g_set_error(error, ARCHIVE_KEY_ERROR, ARCHIVE_KEY_ERROR_PEM,
		    "not unencrypted EC private keys on P-256 in PEM");
	archive_key_destroy(archive);
	return NULL;
}

struct archive_key *archive_key_load(const char *path, GError **error)
{
	autosecret pem = config_read_secret_file(path, error);
	struct archive_key *archive = pem != NULL ? archive_key_create(pem, error) : NULL;

	if (archive == NULL && pem != NULL)
		g_prefix_error(error, "%s: ", path);
	return archive;
}

void archive_key_destroy(struct archive_key *archive)
{
	if (archive == NULL)
		return;
	g_ptr_array_unref(archive->keys);
	g_free(archive);
}

/* False: none of the keys is a recipient's. */
static bool choose_key(const struct archive_key *archive, CMS_ContentInfo *cms)
{
	for (unsigned i = 0; i < archive->keys->len; i++)
		if (CMS_decrypt_set1_pkey(cms, g_ptr_array_index(archive->keys, i), NULL) == 1)
			return true;
	return false;
}

static struct data_key *take_content(BIO *out)
{
	char *bytes = NULL;
	long length = BIO_get_mem_data(out, &bytes);
	struct data_key *key =
		length == (long)DATA_KEY_BYTES ? data_key_from_bytes((const uint8_t *)bytes) : NULL;

	if (length > 0)
		secret_wipe(bytes, (size_t)length);
	return key;
}

static int open_cms(const struct archive_key *archive, CMS_ContentInfo *cms,
		    struct data_key **ret_key)
{
	if (!choose_key(archive, cms))
		return -ENOKEY;
	BIO *out = BIO_new(BIO_s_secmem());
	if (out != NULL && CMS_decrypt(cms, NULL, NULL, NULL, out, CMS_BINARY) == 1)
		*ret_key = take_content(out);
	BIO_free(out);
	return *ret_key != NULL ? 0 : -EBADMSG;
}

/* NULL: not one, not all of it, or more than that. */
static CMS_ContentInfo *parse_sealed(const void *der, size_t length)
{
	const uint8_t *at = der;
	CMS_ContentInfo *cms =
		length <= SEALED_MAX_BYTES ? d2i_CMS_ContentInfo(NULL, &at, (long)length) : NULL;

	if (cms != NULL && (size_t)(at - (const uint8_t *)der) == length &&
	    OBJ_obj2nid(CMS_get0_type(cms)) == NID_id_smime_ct_authEnvelopedData)
		return cms;
	CMS_ContentInfo_free(cms);
	return NULL;
}

int archive_key_open(const struct archive_key *archive, const void *der, size_t length,
		     struct data_key **ret_key)
{
	CMS_ContentInfo *cms = parse_sealed(der, length);

	*ret_key = NULL;
	int result = cms != NULL ? open_cms(archive, cms, ret_key) : -EBADMSG;
	CMS_ContentInfo_free(cms);
	ERR_clear_error();
	return result;
}

bool archive_key_is_sealed(const void *der, size_t length)
{
	CMS_ContentInfo *cms = parse_sealed(der, length);
	bool sealed = cms != NULL;

	CMS_ContentInfo_free(cms);
	ERR_clear_error();
	return sealed;
}
