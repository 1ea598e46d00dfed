/* Where the signing key lies. It must not know what it signs. */
#include "recorder/chain/key_source.h"

#include "base/secret.h"
#include "recorder/chain/chain_token.h"

#include <string.h>

#define PREVIOUS ".previous"

static bool is_set(const char *text)
{
	return text != NULL && text[0] != '\0';
}

bool key_source_check(const struct config_recorder *config, GError **error)
{
	int places = is_set(config->signing_key_file) + is_set(config->signing_key_credential) +
		     is_set(config->signing_key_uri);

	if (places == 1)
		return config_require(config->signing_certificate_file,
				      "recorder.signing_certificate_file", error);
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_INVALID,
		    "recorder.signing_key_file, recorder.signing_key_credential and "
		    "recorder.signing_key_uri: set exactly one of them");
	return false;
}

static struct chain_key *load_token(const struct config_recorder *config, const char *certificate,
				    GError **error)
{
	autosecret pin = NULL;

	if (is_set(config->signing_key_pin_file)) {
		pin = config_read_secret_file(config->signing_key_pin_file, error);
		if (pin == NULL)
			return NULL;
	}
	const struct chain_token token = {config->signing_key_uri, pin, config->pkcs11_module};
	return chain_key_create_in_token(&token, certificate, error);
}

struct chain_key *key_source_load(const struct config_recorder *config, GError **error)
{
	g_autofree char *certificate = NULL;
	autosecret key = NULL;

	if (!g_file_get_contents(config->signing_certificate_file, &certificate, NULL, error))
		return NULL;
	if (is_set(config->signing_key_uri))
		return load_token(config, certificate, error);
	key = is_set(config->signing_key_credential)
		      ? config_read_credential(config->signing_key_credential, error)
		      : config_read_secret_file(config->signing_key_file, error);
	return key != NULL ? chain_key_create(key, certificate, error) : NULL;
}

struct chain_key *key_source_load_previous(const struct config_recorder *config, GError **error)
{
	g_autofree char *certificate_path =
		g_strconcat(config->signing_certificate_file, PREVIOUS, NULL);
	g_autofree char *certificate = NULL, *key_path = NULL;

	if (!is_set(config->signing_key_file))
		return NULL;
	key_path = g_strconcat(config->signing_key_file, PREVIOUS, NULL);
	if (!g_file_test(key_path, G_FILE_TEST_EXISTS))
		return NULL;
	autosecret key = config_read_secret_file(key_path, error);
	if (key == NULL || !g_file_get_contents(certificate_path, &certificate, NULL, error))
		return NULL;
	return chain_key_create(key, certificate, error);
}
