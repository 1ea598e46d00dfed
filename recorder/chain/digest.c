/* SHA-256 by OpenSSL, kept running so that a checkpoint costs nothing. It knows no files. */
#include "recorder/chain/digest.h"

#include <openssl/evp.h>

struct digest {
	EVP_MD_CTX *context;
	uint64_t n_bytes;
};

struct digest *digest_create(void)
{
	struct digest *digest = g_new0(struct digest, 1);

	digest->context = EVP_MD_CTX_new();
	if (digest->context == NULL || EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL) != 1)
		g_error("OpenSSL cannot make a SHA-256 context");
	return digest;
}

void digest_destroy(struct digest *digest)
{
	if (digest == NULL)
		return;
	EVP_MD_CTX_free(digest->context);
	g_free(digest);
}

void digest_add(struct digest *digest, const void *bytes, size_t length)
{
	if (EVP_DigestUpdate(digest->context, bytes, length) != 1)
		g_error("SHA-256 failed");
	digest->n_bytes += length;
}

uint64_t digest_bytes(const struct digest *digest)
{
	return digest->n_bytes;
}

static void to_hex(const uint8_t *bytes, unsigned length, char *ret)
{
	for (unsigned i = 0; i < length; i++)
		g_snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
}

void digest_hex(const struct digest *digest, char ret[DIGEST_HEX_BYTES])
{
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	EVP_MD_CTX *copy = EVP_MD_CTX_new();

	if (copy == NULL || EVP_MD_CTX_copy_ex(copy, digest->context) != 1 ||
	    EVP_DigestFinal_ex(copy, hash, &length) != 1)
		g_error("SHA-256 failed");
	EVP_MD_CTX_free(copy);
	to_hex(hash, length, ret);
}

void digest_hex_of(const void *bytes, size_t length, char ret[DIGEST_HEX_BYTES])
{
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned hash_bytes = 0;

	if (EVP_Digest(bytes, length, hash, &hash_bytes, EVP_sha256(), NULL) != 1)
		g_error("SHA-256 failed");
	to_hex(hash, hash_bytes, ret);
}
