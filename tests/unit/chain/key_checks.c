/* Checks of signing keys. They must not know where the key lies. */
#include "tests/unit/chain/key_checks.h"

#include "recorder/chain/signed_line.h"
#include "recorder/chain/verify_trust.h"

#include <string.h>

void key_checks_signs(const struct key_place *place)
{
	g_autoptr(GError) error = NULL;
	struct chain_key *key = key_source_load(place, &error);
	struct signed_line line;

	g_assert_no_error(error);
	g_autofree char *text = signed_line_make(key, "{\"a\":1}", &error);
	g_assert_no_error(error);
	g_assert_cmpint(signed_line_parse(text, strlen(text), &line), ==, 0);
	struct verify_trust *trust = verify_trust_create(chain_key_certificate_pem(key));
	g_assert_cmpint(verify_trust_signer(trust, &line), ==, 0);
	verify_trust_destroy(trust);
	chain_key_destroy(key);
}

char *key_checks_refused(const struct key_place *place, const char *text)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(key_source_load(place, &error));
	g_assert_nonnull(error);
	g_test_message("%s", error->message);
	g_assert_nonnull(strstr(error->message, text));
	return g_strdup(error->message);
}
