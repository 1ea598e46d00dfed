/** Turns appends to a plain file into appends to its encrypted one. One thread at a time. */
#pragma once

#include "recorder/crypt/crypt_record.h"

struct crypt_writer;

/** For a new, empty file. Never NULL. */
struct crypt_writer *crypt_writer_create(struct data_key *key, const struct crypt_file_id *id);
/** NULL is fine. */
void crypt_writer_destroy(struct crypt_writer *writer);

/** What to append to the file on the disk for these plain bytes, all of it or nothing; borrowed
 *  until the next call. When it lies there, crypt_writer_commit; when it could not be written and
 *  was taken back, nothing: no nonce is used twice. 0, or -EIO when OpenSSL fails. */
int crypt_writer_seal(struct crypt_writer *writer, const void *plain, size_t length,
		      const GByteArray **ret_bytes);
void crypt_writer_commit(struct crypt_writer *writer);
