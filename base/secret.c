/* Secrets in memory. Nothing here knows what a secret is for. */
#include "base/secret.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/prctl.h>

int secret_init(void)
{
	if (sodium_init() < 0)
		return -EIO;
	if (prctl(PR_SET_DUMPABLE, 0) != 0)
		return -errno;
	return 0;
}

char *secret_new(const void *bytes, size_t length)
{
	char *secret = sodium_malloc(length + 1);

	if (secret == NULL)
		g_error("out of locked memory for a secret of %zu bytes", length);
	if (length > 0)
		memcpy(secret, bytes, length);
	secret[length] = '\0';
	return secret;
}

void secret_free(char *secret)
{
	if (secret != NULL)
		sodium_free(secret);
}

void secret_wipe(void *bytes, size_t length)
{
	sodium_memzero(bytes, length);
}
