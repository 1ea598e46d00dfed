/* Hashing of users' passwords. It must not know users, roles or where a hash is kept. */
#include "base/password.h"

#include "base/secret.h"

#include <sodium.h>
#include <string.h>

/* RFC 9106 section 4, second recommended option: 64 MiB, three passes. libsodium runs them in one
 * lane. */
#define COST_PASSES 3u
#define COST_BYTES (64u << 20)

char *password_hash(const char *password)
{
	size_t length = strnlen(password, PASSWORD_MAX_BYTES + 1);
	char hash[crypto_pwhash_STRBYTES];

	if (length < PASSWORD_MIN_BYTES || length > PASSWORD_MAX_BYTES)
		return NULL;
	if (crypto_pwhash_str_alg(hash, password, length, COST_PASSES, COST_BYTES,
				  crypto_pwhash_ALG_ARGON2ID13) != 0)
		return NULL;
	return g_strdup(hash);
}

bool password_verify(const char *hash, const char *password)
{
	size_t length = strnlen(password, PASSWORD_MAX_BYTES + 1);

	if (length > PASSWORD_MAX_BYTES || strlen(hash) >= crypto_pwhash_STRBYTES)
		return false;
	return crypto_pwhash_str_verify(hash, password, length) == 0;
}

/* Works through the same costs with a fixed salt; the outcome is thrown away. */
bool password_verify_nobody(const char *password)
{
	static const unsigned char salt[crypto_pwhash_SALTBYTES] = "nobody is there";
	size_t length = strnlen(password, PASSWORD_MAX_BYTES + 1);
	unsigned char key[32];

	if (length > PASSWORD_MAX_BYTES)
		return false;
	if (crypto_pwhash(key, sizeof key, password, length, salt, COST_PASSES, COST_BYTES,
			  crypto_pwhash_ALG_ARGON2ID13) == 0)
		secret_wipe(key, sizeof key);
	return false;
}

bool password_needs_rehash(const char *hash)
{
	return strlen(hash) >= crypto_pwhash_STRBYTES ||
	       crypto_pwhash_str_needs_rehash(hash, COST_PASSES, COST_BYTES) != 0;
}

char *password_generate(unsigned length)
{
	static const char letters[] = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
	char text[PASSWORD_MAX_BYTES];

	if (length == 0 || length > sizeof text)
		return NULL;
	for (unsigned i = 0; i < length; i++)
		text[i] = letters[randombytes_uniform(sizeof letters - 1)];
	char *secret = secret_new(text, length);
	secret_wipe(text, length);
	return secret;
}
