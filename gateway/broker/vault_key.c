/* Reads the master key file. The only place where the vault meets the file system. */
#include "gateway/broker/vault.h"

#include "base/config.h"
#include "base/secret.h"

#include <string.h>

static int hex_pair(const char *text)
{
	int high = g_ascii_xdigit_value(text[0]), low = g_ascii_xdigit_value(text[1]);

	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

struct vault *vault_create_from_file(const char *path, GError **error)
{
	autosecret text = config_read_secret_file(path, error);
	uint8_t key[VAULT_KEY_BYTES];
	struct vault *vault = NULL;
	unsigned n = 0;

	if (text == NULL)
		return NULL;
	if (strlen(text) == 2 * VAULT_KEY_BYTES)
		for (; n < VAULT_KEY_BYTES && hex_pair(text + 2 * n) >= 0; n++)
			key[n] = (uint8_t)hex_pair(text + 2 * n);
	if (n == VAULT_KEY_BYTES)
		vault = vault_create(key);
	else
		g_set_error(error, VAULT_ERROR, VAULT_ERROR_KEY,
			    "%s: the master key must be 64 hex digits (openssl rand -hex 32)",
			    path);
	secret_wipe(key, sizeof key);
	return vault;
}
