/* Data keys in memory. It must not know what they encrypt, nor to whom they are sealed. */
#include "recorder/crypt/data_key.h"

#include "base/secret.h"

#include <openssl/rand.h>

struct data_key {
	gatomicrefcount refs;
	char *bytes; /**< secret_new */
	uint64_t nonces;
};

struct data_key *data_key_from_bytes(const uint8_t bytes[DATA_KEY_BYTES])
{
	struct data_key *key = g_new0(struct data_key, 1);

	g_atomic_ref_count_init(&key->refs);
	key->bytes = secret_new(bytes, DATA_KEY_BYTES);
	return key;
}

struct data_key *data_key_create(void)
{
	uint8_t bytes[DATA_KEY_BYTES];
	struct data_key *key = NULL;

	if (RAND_priv_bytes(bytes, sizeof bytes) == 1)
		key = data_key_from_bytes(bytes);
	secret_wipe(bytes, sizeof bytes);
	return key;
}

struct data_key *data_key_ref(struct data_key *key)
{
	g_atomic_ref_count_inc(&key->refs);
	return key;
}

void data_key_unref(struct data_key *key)
{
	if (key == NULL || !g_atomic_ref_count_dec(&key->refs))
		return;
	secret_free(key->bytes);
	g_free(key);
}

const uint8_t *data_key_bytes(const struct data_key *key)
{
	return (const uint8_t *)key->bytes;
}

uint64_t data_key_next_nonce(struct data_key *key)
{
	return ++key->nonces;
}
