/** Text that must not outlive its use: locked memory, wiped on free, never printed. */
#pragma once

#include <glib.h>
#include <stddef.h>

/** Call once per process before any other function here: starts libsodium and makes
 *  the process not dumpable.
 *  Returns 0, or -EIO when libsodium cannot start. */
int secret_init(void);

/** Copies `length` bytes into locked, guarded memory with a NUL behind them. Never returns NULL
 *  (aborts when memory is out).
 *  The caller owns the result and frees it with secret_free. Any thread. */
char *secret_new(const void *bytes, size_t length);

/** Wipes and frees; NULL is fine. */
void secret_free(char *secret);

/** Wipes memory that is not ours to free. */
void secret_wipe(void *bytes, size_t length);

/** A secret that is wiped when it leaves scope. */
#define autosecret __attribute__((cleanup(secret_cleanup))) char *
static inline void secret_cleanup(char **secret)
{
	secret_free(*secret);
}
