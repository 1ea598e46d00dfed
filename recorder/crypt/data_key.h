/** A data key: 256 random bits that encrypt the files of one recording from one start of the
 *  recorder on. Lives in locked memory.
 *
 *  Shared by the files it encrypts, all of one recording and so of one thread at a time. */
#pragma once

#include <glib.h>
#include <stdint.h>

#define DATA_KEY_BYTES 32u
/** The file with the sealed key, by the key's number in its recording: 1, 2, ... */
#define DATA_KEY_FILE_PREFIX "key-"
#define DATA_KEY_FILE_SUFFIX ".cms"
#define DATA_KEY_FILE_NAME DATA_KEY_FILE_PREFIX "%03u" DATA_KEY_FILE_SUFFIX
#define DATA_KEY_NUMBER_MAX 65535u
/** Keystrokes have data keys of their own, which another private key opens: "seg-00001.keys" is
 *  encrypted under "keys-001.cms". */
#define KEYSTROKE_KEY_FILE_PREFIX "keys-"
#define KEYSTROKE_KEY_FILE_NAME KEYSTROKE_KEY_FILE_PREFIX "%03u" DATA_KEY_FILE_SUFFIX

struct data_key;

/** Fresh random bytes. NULL: OpenSSL has none to give. */
struct data_key *data_key_create(void);
struct data_key *data_key_from_bytes(const uint8_t bytes[DATA_KEY_BYTES]);
struct data_key *data_key_ref(struct data_key *key);
/** NULL is fine. */
void data_key_unref(struct data_key *key);

/** Borrowed: do not copy them out of locked memory. */
const uint8_t *data_key_bytes(const struct data_key *key);
/** A number that this key never gave before, for a nonce. */
uint64_t data_key_next_nonce(struct data_key *key);
