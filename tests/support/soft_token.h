/** A PKCS#11 token of SoftHSM in a directory of its own, for the whole program: its library
 *  reads its settings once. */
#pragma once

#include <stdbool.h>

#define SOFT_TOKEN_PIN "736201"
#define SOFT_TOKEN_MODULE "/usr/lib/softhsm/libsofthsm2.so"

/** Makes the token "vitrine" and names it in the environment, also for programs that are started.
 *  False: SoftHSM is not installed, or this program is under AddressSanitizer, which refuses how
 *  the provider loads it. */
bool soft_token_make(void);
/** Removes it again; safe when none was made. */
void soft_token_remove(void);
/** Puts a key (PEM) into it. `id` is hex. */
void soft_token_import(const char *key_file, const char *label, const char *id);
