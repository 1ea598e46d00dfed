/* Where a signing key lies. It must not know what it signs. */
#include "recorder/chain/key_source.h"

#include "base/secret.h"
#include "recorder/chain/chain_token.h"
#include "recorder/chain/key_request.h"

static bool is_set(const char *text)
{
	return text != NULL && text[0] != '\0';
}

struct key_place key_place_of_recorder(const struct config_recorder *config)
{
	return (struct key_place){
		.key_name = "recorder.signing_key",
		.certificate_name = "recorder.signing_certificate_file",
		.file = config->signing_key_file,
		.credential = config->signing_key_credential,
		.uri = config->signing_key_uri,
		.pin_file = config->signing_key_pin_file,
		.module = config->pkcs11_module,
		.certificate_file = config->signing_certificate_file,
	};
}

struct key_place key_place_of_exports(const struct config_export *config)
{
	return (struct key_place){
		.key_name = "export.private_key",
		.certificate_name = "export.certificate_file",
		.file = config->private_key_file,
		.credential = config->private_key_credential,
		.uri = config->private_key_uri,
		.pin_file = config->private_key_pin_file,
		.module = config->pkcs11_module,
		.certificate_file = config->certificate_file,
	};
}

bool key_source_check(const struct key_place *place, GError **error)
{
	const char *name = place->key_name;
	int places = is_set(place->file) + is_set(place->credential) + is_set(place->uri);

	if (places == 1)
		return config_require(place->certificate_file, place->certificate_name, error);
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_INVALID,
		    "%s_file, %s_credential and %s_uri: set exactly one of them", name, name, name);
	return false;
}

/* ---- Tokens ---- */

/* False: the PIN is there but cannot be read. */
static bool read_pin(const struct key_place *place, char **ret_pin, GError **error)
{
	*ret_pin = NULL;
	if (!is_set(place->pin_file))
		return true;
	*ret_pin = config_read_secret_file(place->pin_file, error);
	return *ret_pin != NULL;
}

static struct chain_key *load_token(const struct key_place *place, const char *certificate,
				    GError **error)
{
	autosecret pin = NULL;

	if (!read_pin(place, &pin, error))
		return NULL;
	const struct chain_token token = {place->uri, pin, place->module};
	return chain_key_create_in_token(&token, certificate, error);
}

static char *request_by_token(const struct key_place *place, const char *common_name,
			      GError **error)
{
	g_autofree char *path = g_strconcat(place->certificate_file, KEY_PREVIOUS_SUFFIX, NULL);
	g_autofree char *present = NULL, *previous = NULL;
	autosecret pin = NULL;

	if (!read_pin(place, &pin, error))
		return NULL;
	/* Either may be missing: then no key is theirs. */
	(void)g_file_get_contents(place->certificate_file, &present, NULL, NULL);
	(void)g_file_get_contents(path, &previous, NULL, NULL);
	const struct chain_token token = {place->uri, pin, place->module};
	const char *const taken[] = {present != NULL ? present : previous,
				     present != NULL ? previous : NULL, NULL};
	return key_request_in_token(&token, taken, common_name, error);
}

/* ---- Keys ---- */

struct chain_key *key_source_load_for(const struct key_place *place, const char *certificate_pem,
				      GError **error)
{
	if (is_set(place->uri))
		return load_token(place, certificate_pem, error);
	autosecret key = is_set(place->credential)
				 ? config_read_credential(place->credential, error)
				 : config_read_secret_file(place->file, error);
	return key != NULL ? chain_key_create(key, certificate_pem, error) : NULL;
}

struct chain_key *key_source_load(const struct key_place *place, GError **error)
{
	g_autofree char *certificate = NULL;

	if (!g_file_get_contents(place->certificate_file, &certificate, NULL, error))
		return NULL;
	return key_source_load_for(place, certificate, error);
}

/* A certificate that was renewed has the same key. */
static bool has_credential(const char *name)
{
	const char *dir = g_getenv("CREDENTIALS_DIRECTORY");
	g_autofree char *path = dir != NULL ? g_build_filename(dir, name, NULL) : NULL;

	return path != NULL && g_file_test(path, G_FILE_TEST_EXISTS);
}

struct chain_key *key_source_load_previous(const struct key_place *place, GError **error)
{
	g_autofree char *path = g_strconcat(place->certificate_file, KEY_PREVIOUS_SUFFIX, NULL);
	g_autofree char *certificate = NULL, *file = NULL, *credential = NULL;
	struct key_place before = *place;

	if (is_set(place->file))
		before.file = file = g_strconcat(place->file, KEY_PREVIOUS_SUFFIX, NULL);
	if (is_set(place->credential)) {
		credential = g_strconcat(place->credential, KEY_PREVIOUS_SUFFIX, NULL);
		before.credential = has_credential(credential) ? credential : place->credential;
	}
	if (!g_file_test(path, G_FILE_TEST_EXISTS) ||
	    (file != NULL && !g_file_test(file, G_FILE_TEST_EXISTS)))
		return NULL;
	if (!g_file_get_contents(path, &certificate, NULL, error))
		return NULL;
	return key_source_load_for(&before, certificate, error);
}

char *key_source_request(const struct key_place *place, const char *common_name, GError **error)
{
	if (is_set(place->uri))
		return request_by_token(place, common_name, error);
	autosecret credential = config_read_credential(place->credential, error);
	return credential != NULL ? key_request(credential, common_name, error) : NULL;
}
