/* AES-256-GCM through OpenSSL. It must not know files, the database or what a secret opens; the row
 * name that binds a secret to its place is just bytes here. */
#include "gateway/broker/vault.h"

#include "base/secret.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdbool.h>
#include <string.h>

#define SEAL_VERSION 1u
#define NONCE_BYTES 12u
#define TAG_BYTES 16u
#define HEAD_BYTES (1u + NONCE_BYTES)

G_STATIC_ASSERT(VAULT_OVERHEAD_BYTES == HEAD_BYTES + TAG_BYTES);

struct vault {
	char *key; /* VAULT_KEY_BYTES in locked memory */
};

G_DEFINE_QUARK(vitrine_vault_error, vault_error)

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_CIPHER_CTX, EVP_CIPHER_CTX_free)

struct vault *vault_create(const uint8_t key[VAULT_KEY_BYTES])
{
	struct vault *vault = g_new0(struct vault, 1);

	vault->key = secret_new(key, VAULT_KEY_BYTES);
	return vault;
}

void vault_destroy(struct vault *vault)
{
	if (vault == NULL)
		return;
	secret_free(vault->key);
	g_free(vault);
}

/* The version byte is authenticated together with the row name: a downgrade to an older format does
 * not open. */
static bool start(EVP_CIPHER_CTX *ctx, const struct vault *vault, const uint8_t *head,
		  const char *row, int encrypt)
{
	int n;

	return EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, (const unsigned char *)vault->key,
				 head + 1, encrypt) == 1 &&
	       EVP_CipherUpdate(ctx, NULL, &n, head, 1) == 1 &&
	       EVP_CipherUpdate(ctx, NULL, &n, (const unsigned char *)row, (int)strlen(row)) == 1;
}

GBytes *vault_seal(const struct vault *vault, const char *row, const void *secret, size_t length,
		   GError **error)
{
	g_autoptr(EVP_CIPHER_CTX) ctx = EVP_CIPHER_CTX_new();
	int n, tail;

	if (length > VAULT_SECRET_MAX_BYTES) {
		g_set_error(error, VAULT_ERROR, VAULT_ERROR_CRYPTO,
			    "a secret of %zu bytes is longer than %u", length,
			    VAULT_SECRET_MAX_BYTES);
		return NULL;
	}
	size_t sealed_length = VAULT_OVERHEAD_BYTES + length;
	g_autofree uint8_t *sealed = g_malloc(sealed_length);
	sealed[0] = SEAL_VERSION;
	if (ctx == NULL || RAND_bytes(sealed + 1, NONCE_BYTES) != 1 ||
	    !start(ctx, vault, sealed, row, 1) ||
	    EVP_CipherUpdate(ctx, sealed + HEAD_BYTES, &n, secret, (int)length) != 1 ||
	    EVP_CipherFinal_ex(ctx, sealed + HEAD_BYTES + n, &tail) != 1 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES,
				sealed + HEAD_BYTES + length) != 1) {
		g_set_error_literal(error, VAULT_ERROR, VAULT_ERROR_CRYPTO,
				    "OpenSSL cannot seal a secret");
		return NULL;
	}
	return g_bytes_new_take(g_steal_pointer(&sealed), sealed_length);
}

static bool decrypt(const struct vault *vault, const char *row, const uint8_t *sealed,
		    size_t length, uint8_t *secret)
{
	g_autoptr(EVP_CIPHER_CTX) ctx = EVP_CIPHER_CTX_new();
	uint8_t tag[TAG_BYTES];
	int n, tail;

	memcpy(tag, sealed + HEAD_BYTES + length, TAG_BYTES);
	return ctx != NULL && start(ctx, vault, sealed, row, 0) &&
	       EVP_CipherUpdate(ctx, secret, &n, sealed + HEAD_BYTES, (int)length) == 1 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag) == 1 &&
	       EVP_CipherFinal_ex(ctx, secret + n, &tail) == 1;
}

char *vault_open(const struct vault *vault, const char *row, const void *sealed,
		 size_t sealed_length, size_t *ret_length, GError **error)
{
	const uint8_t *bytes = sealed;

	if (sealed_length < VAULT_OVERHEAD_BYTES ||
	    sealed_length > VAULT_OVERHEAD_BYTES + VAULT_SECRET_MAX_BYTES ||
	    bytes[0] != SEAL_VERSION) {
		g_set_error(error, VAULT_ERROR, VAULT_ERROR_SEALED,
			    "the secret of %s is not in a form this version knows", row);
		return NULL;
	}
	size_t length = sealed_length - VAULT_OVERHEAD_BYTES;
	char *room = g_malloc0(length + 1);
	bool ok = decrypt(vault, row, bytes, length, (uint8_t *)room);
	char *secret = ok ? secret_new(room, length) : NULL;
	secret_wipe(room, length);
	g_free(room);
	if (!ok)
		g_set_error(error, VAULT_ERROR, VAULT_ERROR_SEALED,
			    "the secret of %s was sealed under another master key, or was changed",
			    row);
	else if (ret_length != NULL)
		*ret_length = length;
	return secret;
}

char *vault_account_row(const char *target, const char *account)
{
	/* A ':' inside the target's name is escaped, so that no two accounts share a row name. */
	g_autofree char *escaped = g_uri_escape_string(target, NULL, TRUE);

	return g_strdup_printf("account:%s:%s", escaped, account);
}

char *vault_ticket_row(const char *ticket_id)
{
	return g_strdup_printf("ticket:%s", ticket_id);
}
