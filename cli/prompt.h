/** Asking people: secrets without echo, yes or no. Secrets never come from arguments or the
 *  environment. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#define PROMPT_SECRET_MAX_BYTES 1024u

/** Reads a secret of at least `least` bytes into locked memory (secret_free). `password_fd` >= 0:
 *  one line from that descriptor. Otherwise from the terminal without echo, twice. NULL and an
 *  error when there is none, it is too short or too long, or the two differ. */
char *prompt_secret(const char *what, int password_fd, unsigned least, GError **error);

/** Asks on the terminal; false when the answer is not yes, or there is nobody to ask. */
bool prompt_yes(const char *question);
