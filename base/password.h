/** Passwords of users: argon2id through libsodium, as self-describing text
 *  ("$argon2id$v=19$m=65536,t=3,p=1$..."). Needs secret_init. Each call costs about 64 MiB for a
 *  moment and some 100 ms of a core: keep them off a loop that others wait for. Any thread. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/** Longest password that is looked at, in bytes; longer ones are refused before any work. */
#define PASSWORD_MAX_BYTES 1024u
/** Shortest one that password_hash takes. */
#define PASSWORD_MIN_BYTES 8u

/** A fresh hash; g_free it. NULL: the password is too short or too long, or there is no memory for
 *  the work. */
char *password_hash(const char *password);

/** True when `password` belongs to `hash`. False for a malformed hash as well. Constant time in the
 *  password. */
bool password_verify(const char *hash, const char *password);

/** Spends the time of password_verify for a user who does not exist, so that nobody can tell.
 *  Always false. */
bool password_verify_nobody(const char *password);

/** True when `hash` was made with other costs than password_hash uses now: make it anew after a
 *  good login. */
bool password_needs_rehash(const char *hash);

/** A random password of `length` characters without look-alikes (0 O 1 l I), in locked memory;
 *  secret_free it. 20 characters carry 116 bits. */
char *password_generate(unsigned length);
