/** Passwords that were right a moment ago. argon2 takes a tenth of a second of a core on purpose;
 *  who opens sixteen sessions at the same moment would wait for sixteen of them, longer than
 *  viewers do. Only right passwords are remembered, so guessing costs what it did.
 *
 *  What is kept is an HMAC-SHA-256 of login, stored hash and password under a key of this process
 *  in locked memory: a changed password or another user does not match. Any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct proven;

/** When full, what was used least recently gives way. */
#define PROVEN_ENTRIES_MAX 256u
/** Long enough for a viewer that opens several sessions, too short to be a second password. */
#define PROVEN_FOR_US 30000000u

/** Makes a key of its own; secret_init must have been called. */
struct proven *proven_create(void);
void proven_destroy(struct proven *proven); /**< NULL is fine */

/** True when this password was noted for this login and this stored hash less than PROVEN_FOR_US
 *  ago. */
bool proven_check(struct proven *proven, const char *login, const char *hash, const char *password,
		  uint64_t now_us);

/** Notes that password_verify said yes. */
void proven_note(struct proven *proven, const char *login, const char *hash, const char *password,
		 uint64_t now_us);
