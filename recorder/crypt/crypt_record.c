/* Records of encrypted files: AES-256-GCM by OpenSSL (NIST SP 800-38D). It must not
 * know files on a disk. */
#include "recorder/crypt/crypt_record.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#define MAGIC "VTRE"
#define MAGIC_BYTES 4u
#define SESSION_BYTES 16u
#define NAME_BYTES 32u
#define NONCE_BYTES 12u
#define AAD_BYTES (CRYPT_HEADER_BYTES + NAME_BYTES + 16u + CRYPT_RECORD_HEADER_BYTES)

struct crypt_cipher {
	EVP_CIPHER_CTX *context;
	/* Header of the file and its name: the same for all records; number, offset and
	 * header of a record follow. */
	uint8_t aad[AAD_BYTES];
};

static void put_number(uint8_t *at, uint64_t number, unsigned n_bytes)
{
	for (unsigned i = n_bytes; i > 0; i--, number >>= 8)
		at[i - 1] = (uint8_t)number;
}

static uint64_t get_number(const uint8_t *at, unsigned n_bytes)
{
	uint64_t number = 0;

	for (unsigned i = 0; i < n_bytes; i++)
		number = number << 8 | at[i];
	return number;
}

/* ---- Header ---- */

int crypt_file_id_init(struct crypt_file_id *id, const char *session_id, const char *name,
		       unsigned key_number)
{
	*id = (struct crypt_file_id){.key_number = (uint16_t)key_number};
	if (!g_uuid_string_is_valid(session_id) || strlen(name) >= sizeof id->name ||
	    key_number == 0 || key_number > DATA_KEY_NUMBER_MAX)
		return -EINVAL;
	g_autofree char *lower = g_ascii_strdown(session_id, -1);
	g_strlcpy(id->session_id, lower, sizeof id->session_id);
	g_strlcpy(id->name, name, sizeof id->name);
	return 0;
}

static void put_session(uint8_t *at, const char *session_id)
{
	for (unsigned n = 0; n < SESSION_BYTES; session_id++) {
		if (*session_id == '-')
			continue;
		at[n++] = (uint8_t)(g_ascii_xdigit_value(session_id[0]) << 4 |
				    g_ascii_xdigit_value(session_id[1]));
		session_id++;
	}
}

static void get_session(const uint8_t *at, char ret[37])
{
	for (unsigned i = 0; i < SESSION_BYTES; i++) {
		bool dash = i == 4 || i == 6 || i == 8 || i == 10;
		g_snprintf(ret, 4, dash ? "-%02x" : "%02x", at[i]);
		ret += dash ? 3 : 2;
	}
}

void crypt_header_write(const struct crypt_file_id *id, uint8_t ret[CRYPT_HEADER_BYTES])
{
	memcpy(ret, MAGIC, MAGIC_BYTES);
	put_number(ret + 4, CRYPT_VERSION, 2);
	put_number(ret + 6, id->key_number, 2);
	put_session(ret + 8, id->session_id);
}

int crypt_header_read(const uint8_t header[CRYPT_HEADER_BYTES], const char *name,
		      struct crypt_file_id *ret)
{
	*ret = (struct crypt_file_id){.key_number = (uint16_t)get_number(header + 6, 2)};
	if (memcmp(header, MAGIC, MAGIC_BYTES) != 0 || get_number(header + 4, 2) != CRYPT_VERSION ||
	    ret->key_number == 0 || strlen(name) >= sizeof ret->name)
		return -EBADMSG;
	get_session(header + 8, ret->session_id);
	g_strlcpy(ret->name, name, sizeof ret->name);
	return 0;
}

/* ---- Records ---- */

size_t crypt_record_length(const uint8_t header[CRYPT_RECORD_HEADER_BYTES])
{
	uint64_t length = get_number(header, 4);

	return length <= CRYPT_RECORD_MAX_BYTES ? (size_t)length : 0;
}

size_t crypt_whole_bytes(const uint8_t *bytes, size_t length)
{
	struct crypt_file_id id;
	size_t whole = CRYPT_HEADER_BYTES;

	if (length < CRYPT_HEADER_BYTES || crypt_header_read(bytes, "", &id) < 0)
		return 0;
	while (length - whole > CRYPT_RECORD_OVERHEAD_BYTES) {
		size_t plain = crypt_record_length(bytes + whole);
		if (plain == 0 || plain > length - whole - CRYPT_RECORD_OVERHEAD_BYTES)
			break;
		whole += plain + CRYPT_RECORD_OVERHEAD_BYTES;
	}
	return whole > CRYPT_HEADER_BYTES ? whole : 0;
}

struct crypt_cipher *crypt_cipher_create(const struct data_key *key, const struct crypt_file_id *id)
{
	struct crypt_cipher *cipher = g_new0(struct crypt_cipher, 1);

	cipher->context = EVP_CIPHER_CTX_new();
	if (cipher->context == NULL || EVP_CipherInit_ex(cipher->context, EVP_aes_256_gcm(), NULL,
							 data_key_bytes(key), NULL, 1) != 1)
		g_error("OpenSSL cannot make an AES-256-GCM context");
	crypt_header_write(id, cipher->aad);
	memcpy(cipher->aad + CRYPT_HEADER_BYTES, id->name, NAME_BYTES);
	return cipher;
}

void crypt_cipher_destroy(struct crypt_cipher *cipher)
{
	if (cipher == NULL)
		return;
	EVP_CIPHER_CTX_free(cipher->context);
	g_free(cipher);
}

/* Nonce and associated data of a record; the key is in the context already. */
static bool begin(struct crypt_cipher *cipher, const struct crypt_place *place,
		  const uint8_t *record, int encrypt)
{
	uint8_t nonce[NONCE_BYTES] = {0};
	uint8_t *aad = cipher->aad + CRYPT_HEADER_BYTES + NAME_BYTES;
	int n;

	memcpy(nonce + 4, record + 4, 8);
	put_number(aad, place->number, 8);
	put_number(aad + 8, place->offset, 8);
	memcpy(aad + 16, record, CRYPT_RECORD_HEADER_BYTES);
	return EVP_CipherInit_ex(cipher->context, NULL, NULL, NULL, nonce, encrypt) == 1 &&
	       EVP_CipherUpdate(cipher->context, NULL, &n, cipher->aad, AAD_BYTES) == 1;
}

int crypt_record_seal(struct crypt_cipher *cipher, const struct crypt_place *place, uint64_t nonce,
		      const uint8_t *plain, size_t length, uint8_t *ret_record)
{
	uint8_t *body = ret_record + CRYPT_RECORD_HEADER_BYTES;
	int n, rest;

	put_number(ret_record, length, 4);
	put_number(ret_record + 4, nonce, 8);
	bool good = begin(cipher, place, ret_record, 1) &&
		    EVP_CipherUpdate(cipher->context, body, &n, plain, (int)length) == 1 &&
		    EVP_CipherFinal_ex(cipher->context, body + n, &rest) == 1 &&
		    EVP_CIPHER_CTX_ctrl(cipher->context, EVP_CTRL_AEAD_GET_TAG, CRYPT_TAG_BYTES,
					body + length) == 1;
	if (!good)
		ERR_clear_error();
	return good ? 0 : -EIO;
}

int crypt_record_open(struct crypt_cipher *cipher, const struct crypt_place *place,
		      const uint8_t *record, uint8_t *ret_plain)
{
	const uint8_t *body = record + CRYPT_RECORD_HEADER_BYTES;
	size_t length = crypt_record_length(record);
	uint8_t tag[CRYPT_TAG_BYTES];
	int n, rest;

	memcpy(tag, body + length, sizeof tag);
	bool good =
		begin(cipher, place, record, 0) &&
		EVP_CipherUpdate(cipher->context, ret_plain, &n, body, (int)length) == 1 &&
		EVP_CIPHER_CTX_ctrl(cipher->context, EVP_CTRL_AEAD_SET_TAG, sizeof tag, tag) == 1 &&
		EVP_CipherFinal_ex(cipher->context, ret_plain + n, &rest) == 1;
	if (!good)
		ERR_clear_error();
	return good ? 0 : -EBADMSG;
}
