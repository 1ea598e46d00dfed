/* The arithmetic of NTLMv2 for the one-time ticket door. It must not know tickets or the database.
 */
#include "gateway/broker/nt_hash.h"

#include "base/secret.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <stdbool.h>
#include <string.h>

struct nt_hasher {
	OSSL_LIB_CTX *context;
	OSSL_PROVIDER *standard, *legacy;
	EVP_MD *md4;
	EVP_CIPHER *rc4;
};

G_DEFINE_QUARK(vitrine_nt_hash_error, nt_hash_error)

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_CIPHER_CTX, EVP_CIPHER_CTX_free)

void nt_hasher_destroy(struct nt_hasher *hasher)
{
	if (hasher == NULL)
		return;
	EVP_CIPHER_free(hasher->rc4);
	EVP_MD_free(hasher->md4);
	if (hasher->legacy != NULL)
		OSSL_PROVIDER_unload(hasher->legacy);
	if (hasher->standard != NULL)
		OSSL_PROVIDER_unload(hasher->standard);
	OSSL_LIB_CTX_free(hasher->context);
	g_free(hasher);
}

struct nt_hasher *nt_hasher_create(GError **error)
{
	struct nt_hasher *hasher = g_new0(struct nt_hasher, 1);

	hasher->context = OSSL_LIB_CTX_new();
	if (hasher->context != NULL) {
		hasher->standard = OSSL_PROVIDER_load(hasher->context, "default");
		hasher->legacy = OSSL_PROVIDER_load(hasher->context, "legacy");
		hasher->md4 = EVP_MD_fetch(hasher->context, "MD4", NULL);
		hasher->rc4 = EVP_CIPHER_fetch(hasher->context, "RC4", NULL);
	}
	if (hasher->standard != NULL && hasher->md4 != NULL && hasher->rc4 != NULL)
		return hasher;
	g_set_error_literal(error, NT_HASH_ERROR, NT_HASH_ERROR_PROVIDER,
			    "OpenSSL's legacy provider (MD4, RC4) cannot be loaded; on Debian 13 "
			    "install openssl-provider-legacy");
	nt_hasher_destroy(hasher);
	return NULL;
}

/* Appends UTF-16LE. Windows upper-cases one code unit at a time ([MS-NLMP] 3.3.2 "UpperCase"), so a
 * letter whose capital is two letters stays as it is: g_unichar_toupper does the same. */
static int append_utf16(GByteArray *out, const char *text, bool upper)
{
	glong n_units;
	gunichar2 *units = g_utf8_to_utf16(text, -1, NULL, &n_units, NULL);

	if (units == NULL)
		return -EINVAL;
	for (glong i = 0; i < n_units; i++) {
		gunichar unit = units[i];
		if (upper && (unit < 0xd800 || unit > 0xdfff))
			unit = g_unichar_toupper(unit);
		const uint8_t bytes[2] = {(uint8_t)unit, (uint8_t)(unit >> 8)};
		g_byte_array_append(out, bytes, sizeof bytes);
	}
	secret_wipe(units, (size_t)n_units * sizeof *units);
	g_free(units);
	return 0;
}

static void wipe_array(GByteArray *array)
{
	secret_wipe(array->data, array->len);
	g_byte_array_unref(array);
}

int nt_hash_password(const struct nt_hasher *hasher, const char *password,
		     uint8_t ret_hash[NT_HASH_BYTES])
{
	/* Sized ahead: growing would leave copies of the password behind. */
	GByteArray *units = g_byte_array_sized_new((guint)(2 * strlen(password) + 2));
	int result = append_utf16(units, password, false);

	if (result == 0 &&
	    EVP_Digest(units->data, units->len, ret_hash, NULL, hasher->md4, NULL) != 1)
		result = -EIO;
	wipe_array(units);
	return result;
}

static int hmac_md5(const struct nt_hasher *hasher, const uint8_t key[NT_HASH_BYTES],
		    const void *bytes, size_t length, uint8_t ret[NT_HASH_BYTES])
{
	size_t written = 0;

	if (EVP_Q_mac(hasher->context, "HMAC", NULL, "MD5", NULL, key, NT_HASH_BYTES, bytes, length,
		      ret, NT_HASH_BYTES, &written) == NULL ||
	    written != NT_HASH_BYTES)
		return -EIO;
	return 0;
}

int nt_hash_v2(const struct nt_hasher *hasher, const uint8_t nt_hash[NT_HASH_BYTES],
	       const char *user, const char *domain, uint8_t ret_hash[NT_HASH_BYTES])
{
	g_autoptr(GByteArray) name = g_byte_array_new();
	int result = append_utf16(name, user, true);

	if (result == 0)
		result = append_utf16(name, domain, false);
	return result == 0 ? hmac_md5(hasher, nt_hash, name->data, name->len, ret_hash) : result;
}

static int rc4(const struct nt_hasher *hasher, const uint8_t key[NT_HASH_BYTES],
	       const uint8_t in[NT_HASH_BYTES], uint8_t ret[NT_HASH_BYTES])
{
	g_autoptr(EVP_CIPHER_CTX) ctx = EVP_CIPHER_CTX_new();
	size_t key_bytes = NT_HASH_BYTES;
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_size_t(OSSL_CIPHER_PARAM_KEYLEN, &key_bytes),
		OSSL_PARAM_construct_end(),
	};
	int n = 0;

	if (ctx == NULL || EVP_EncryptInit_ex2(ctx, hasher->rc4, key, NULL, params) != 1 ||
	    EVP_EncryptUpdate(ctx, ret, &n, in, NT_HASH_BYTES) != 1 || n != (int)NT_HASH_BYTES)
		return -EIO;
	return 0;
}

/* [MS-NLMP] 3.3.2 gives NTProofStr and the session base key, 3.4.5.1 the exported session
 * key, 3.1.5.1.2 the MIC over the three messages: only who knows the hash can have made a MIC that
 * fits the encrypted key. */
static int compute_mic(const struct nt_hasher *hasher, const uint8_t v2[NT_HASH_BYTES],
		       const struct broker_nla_proof *proof, uint8_t ret_mic[NT_HASH_BYTES])
{
	uint8_t proof_str[NT_HASH_BYTES], base[NT_HASH_BYTES], exported[NT_HASH_BYTES];
	int result = hmac_md5(hasher, v2, proof->proof_input.bytes, proof->proof_input.length,
			      proof_str);

	if (result == 0)
		result = hmac_md5(hasher, v2, proof_str, sizeof proof_str, base);
	if (result == 0)
		result = rc4(hasher, base, proof->encrypted_session_key, exported);
	if (result == 0)
		result = hmac_md5(hasher, exported, proof->mic_input.bytes, proof->mic_input.length,
				  ret_mic);
	secret_wipe(base, sizeof base);
	secret_wipe(exported, sizeof exported);
	return result;
}

int nt_hash_check_proof(const struct nt_hasher *hasher, const uint8_t nt_hash[NT_HASH_BYTES],
			const struct broker_nla_proof *proof, uint8_t ret_ntowfv2[NT_HASH_BYTES])
{
	uint8_t v2[NT_HASH_BYTES], mic[NT_HASH_BYTES];

	memset(ret_ntowfv2, 0, NT_HASH_BYTES);
	if (proof->proof_input.length == 0 || proof->mic_input.length == 0)
		return -EPROTO;
	int result = nt_hash_v2(hasher, nt_hash, proof->user, proof->domain, v2);
	if (result == 0)
		result = compute_mic(hasher, v2, proof, mic);
	if (result == 0 && CRYPTO_memcmp(mic, proof->mic, sizeof mic) != 0)
		result = -EACCES;
	if (result == 0)
		memcpy(ret_ntowfv2, v2, sizeof v2);
	secret_wipe(v2, sizeof v2);
	return result;
}
