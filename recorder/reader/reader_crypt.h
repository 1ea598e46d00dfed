/** The plain bytes of an encrypted file. Private to recorder/reader; one thread at a time. */
#pragma once

#include "recorder/crypt/crypt_record.h"
#include "recorder/reader/reader.h"

struct reader_crypt;

/** `fd` and `reader` are borrowed and must outlive it. `name` is the plain one. `keystrokes`: under
 *  a data key for them. Never NULL. */
struct reader_crypt *reader_crypt_create(const struct reader *reader, int fd, const char *name,
					 bool keystrokes);
/** NULL is fine. */
void reader_crypt_destroy(struct reader_crypt *crypt);

/** Finds the whole records that lie there now. Needs no key. -EBADMSG: not an encrypted file of
 *  this session; -EFBIG: more records than any file of ours has. */
int reader_crypt_size(struct reader_crypt *crypt, uint64_t *ret_plain_bytes,
		      uint64_t *ret_disk_bytes);
/** 0: there is no header yet. */
unsigned reader_crypt_key_number(struct reader_crypt *crypt);
/** As reader_file_pread. */
ssize_t reader_crypt_pread(struct reader_crypt *crypt, void *buffer, size_t length,
			   uint64_t offset);
/** Where on the disk the record begins that holds the plain byte `offset` first. -EINVAL: that byte
 *  is not the first of a record. */
int reader_crypt_place(struct reader_crypt *crypt, uint64_t offset, uint64_t *ret_disk_bytes);
