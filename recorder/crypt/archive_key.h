/** The two halves of an archive key: the certificate that data keys are sealed to (all the recorder
 *  has) and the private key that opens them again (web, command line). A sealed data key
 *  is CMS AuthEnvelopedData (RFC 5083, AES-256-GCM; ECDH on P-256 with SHA-256):
 *  `openssl cms -decrypt` opens it.
 *
 *  Both may be used by several threads at the same time. */
#pragma once

#include "recorder/crypt/data_key.h"

#include <stdbool.h>
#include <stddef.h>

enum archive_key_error { ARCHIVE_KEY_ERROR_PEM, ARCHIVE_KEY_ERROR_SEAL };
#define ARCHIVE_KEY_ERROR archive_key_error_quark()
GQuark archive_key_error_quark(void);

struct archive_certificate;

/** The first certificate in the text. NULL and an error: there is none, or its key is not EC on
 *  P-256. */
struct archive_certificate *archive_certificate_create(const char *pem, GError **error);
void archive_certificate_destroy(struct archive_certificate *certificate);
/** The data key as DER that only the private half opens. NULL and an error when OpenSSL fails. */
GBytes *archive_certificate_seal(const struct archive_certificate *certificate,
				 const struct data_key *key, GError **error);

struct archive_key;

/** All private keys in the text (an archive's, an older one's, that for keystrokes): each data key
 *  is opened by the one that fits. NULL and an error: there is none, or one is
 *  encrypted or not EC on P-256. */
struct archive_key *archive_key_create(const char *pem, GError **error);
/** The same from a secret file (base/config.h). */
struct archive_key *archive_key_load(const char *path, GError **error);
/** NULL is fine. */
void archive_key_destroy(struct archive_key *archive);

/** Opens a sealed data key. -ENOKEY: sealed to somebody else; -EBADMSG: not a sealed data
 *  key, or changed since. */
int archive_key_open(const struct archive_key *archive, const void *der, size_t length,
		     struct data_key **ret_key);
/** Whether it is whole and has the form of a sealed data key, whoever it is sealed to. */
bool archive_key_is_sealed(const void *der, size_t length);
