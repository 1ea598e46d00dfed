/** NT hashes and the check of an NTLM proof, [MS-NLMP] 3.3.1, 3.3.2 and 3.1.5.1.2.
 *
 *  MD4 and RC4 live in OpenSSL's legacy provider, loaded into a library context of its own so that
 * nothing else in the process can choose them. Only one-time tickets use this; passwords of people
 * are never stored this way. */
#pragma once

#include "ipc/broker_proto.h"

#include <glib.h>
#include <stdint.h>

#define NT_HASH_BYTES 16u

struct nt_hasher;

#define NT_HASH_ERROR nt_hash_error_quark()
GQuark nt_hash_error_quark(void);
enum nt_hash_error { NT_HASH_ERROR_PROVIDER };

/** NULL and an error when the legacy provider cannot be loaded (Debian 13: package
 * openssl-provider-legacy). */
struct nt_hasher *nt_hasher_create(GError **error);
void nt_hasher_destroy(struct nt_hasher *hasher); /**< NULL is fine */

/** NTOWFv1: MD4 of the password in UTF-16LE. Returns 0; -EINVAL when it is not UTF-8; -EIO. Any
 * thread. */
int nt_hash_password(const struct nt_hasher *hasher, const char *password,
		     uint8_t ret_hash[NT_HASH_BYTES]);

/** NTOWFv2: HMAC-MD5 over the upper-cased user and the domain as sent. Returns as nt_hash_password.
 * Any thread. */
int nt_hash_v2(const struct nt_hasher *hasher, const uint8_t nt_hash[NT_HASH_BYTES],
	       const char *user, const char *domain, uint8_t ret_hash[NT_HASH_BYTES]);

/** Whether the sender of `proof` knew the password behind `nt_hash`. Returns 0 and the NTOWFv2 the
 * session process may use; -EACCES when not; -EPROTO for a proof without content; -EINVAL or -EIO
 * as above. `ret_ntowfv2` is zero unless 0 is returned. Any thread. */
int nt_hash_check_proof(const struct nt_hasher *hasher, const uint8_t nt_hash[NT_HASH_BYTES],
			const struct broker_nla_proof *proof, uint8_t ret_ntowfv2[NT_HASH_BYTES]);
