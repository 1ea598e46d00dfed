/** The vault: seals small secrets (target passwords, one-time verifiers) under the installation's
 * master key.
 *
 *  A sealed secret is {u8 version, 12-byte nonce, ciphertext, 16-byte tag}, AES-256-GCM with a
 * random nonce. `row` names the place the secret belongs to ("account:<target>:<name>", see
 * vault_account_row) and is authenticated with it, so that a sealed value copied to another row
 * does not open. A dump of the database alone opens nothing. */
#pragma once

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

#define VAULT_KEY_BYTES 32u
/** Longest secret that is sealed. */
#define VAULT_SECRET_MAX_BYTES 4096u
/** A sealed secret is this much longer than the secret. */
#define VAULT_OVERHEAD_BYTES 29u

struct vault;

#define VAULT_ERROR vault_error_quark()
GQuark vault_error_quark(void);
enum vault_error {
	VAULT_ERROR_KEY,    /**< the master key file does not hold 64 hex digits */
	VAULT_ERROR_SEALED, /**< not sealed under this key for this row, or changed since */
	VAULT_ERROR_CRYPTO, /**< OpenSSL or the random source failed */
};

/** A vault over 32 key bytes, which are copied to locked memory. secret_init must have been called.
 * Destroy with vault_destroy. */
struct vault *vault_create(const uint8_t key[VAULT_KEY_BYTES]);
void vault_destroy(struct vault *vault); /**< NULL is fine */

/** As vault_create, with the key in a 0600 file of 64 hex digits (config.gateway.master_key_file).
 * NULL and an error otherwise. */
struct vault *vault_create_from_file(const char *path, GError **error);

/** Seals `length` bytes (at most VAULT_SECRET_MAX_BYTES) for `row`. The result is g_bytes_unref'd
 * by the caller. Any thread. */
GBytes *vault_seal(const struct vault *vault, const char *row, const void *secret, size_t length,
		   GError **error);

/** Opens what vault_seal made for the same row. Returns locked memory (secret_free) with a NUL
 * behind `*ret_length` bytes; `ret_length` may be NULL when the secret is text. NULL and an error
 * otherwise. Any thread. */
char *vault_open(const struct vault *vault, const char *row, const void *sealed,
		 size_t sealed_length, size_t *ret_length, GError **error);

/** The row name of a target account's password. g_free it. */
char *vault_account_row(const char *target, const char *account);

/** The row name of a one-time ticket's NT hash. `ticket_id` is the row's primary key as text.
 * g_free it. */
char *vault_ticket_row(const char *ticket_id);
