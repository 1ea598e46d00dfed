/** The form of an encrypted file (docs/evidence-format.md, "Encryption at rest"): a header, then
 *  records that are each a piece of the plain file.
 *
 *  One thread at a time per cipher. Numbers are big endian. */
#pragma once

#include "recorder/crypt/data_key.h"

#include <stdbool.h>
#include <stddef.h>

/** Behind the plain name: "seg-00001.mp4.enc". */
#define CRYPT_SUFFIX ".enc"
#define CRYPT_VERSION 1u
#define CRYPT_HEADER_BYTES 24u
#define CRYPT_RECORD_HEADER_BYTES 12u
#define CRYPT_TAG_BYTES 16u
#define CRYPT_RECORD_OVERHEAD_BYTES (CRYPT_RECORD_HEADER_BYTES + CRYPT_TAG_BYTES)
/** Plain bytes of one record; longer appends become several. */
#define CRYPT_RECORD_MAX_BYTES (1u << 20)

/** What makes a file this one and no other. */
struct crypt_file_id {
	char session_id[37]; /**< UUID as text */
	char name[32];	     /**< plain name */
	uint16_t key_number;
};

/** `session_id` must be a UUID and `name` shorter than 32 bytes: -EINVAL. */
int crypt_file_id_init(struct crypt_file_id *id, const char *session_id, const char *name,
		       unsigned key_number);

void crypt_header_write(const struct crypt_file_id *id, uint8_t ret[CRYPT_HEADER_BYTES]);
/** Takes session and key number from a header; the name comes from the directory. -EBADMSG: no
 *  header of this version. */
int crypt_header_read(const uint8_t header[CRYPT_HEADER_BYTES], const char *name,
		      struct crypt_file_id *ret);

/** Plain bytes that a record says it holds: 1 to CRYPT_RECORD_MAX_BYTES. 0: this is not
 *  the header of a record. */
size_t crypt_record_length(const uint8_t header[CRYPT_RECORD_HEADER_BYTES]);

/** Bytes of the header and the whole records behind it, as far as that can be told without a key;
 *  0: there is no whole record. */
size_t crypt_whole_bytes(const uint8_t *bytes, size_t length);

/** Where a record stands in its file. */
struct crypt_place {
	uint64_t number; /**< 0, 1, 2, ... */
	uint64_t offset; /**< plain bytes in front of it */
};

struct crypt_cipher;

/** Never NULL. Keeps its own copy of the key, which OpenSSL wipes. */
struct crypt_cipher *crypt_cipher_create(const struct data_key *key,
					 const struct crypt_file_id *id);
/** NULL is fine. */
void crypt_cipher_destroy(struct crypt_cipher *cipher);

/** Writes a record of `length` (1 to CRYPT_RECORD_MAX_BYTES) plain bytes: length +
 *  CRYPT_RECORD_OVERHEAD_BYTES. `nonce` must be new for the key. 0, or -EIO when OpenSSL fails. */
int crypt_record_seal(struct crypt_cipher *cipher, const struct crypt_place *place, uint64_t nonce,
		      const uint8_t *plain, size_t length, uint8_t *ret_record);
/** Reads a whole record; `ret_plain` has room for crypt_record_length. -EBADMSG: not what was
 *  written at this place of this file under this key; then `ret_plain` holds nothing of use. */
int crypt_record_open(struct crypt_cipher *cipher, const struct crypt_place *place,
		      const uint8_t *record, uint8_t *ret_plain);
