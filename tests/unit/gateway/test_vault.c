/* The vault: what is sealed opens only with the same key, for the same row, unchanged. */
#include "gateway/broker/vault.h"

#include "base/secret.h"

#include <glib.h>
#include <string.h>

static const uint8_t key_a[VAULT_KEY_BYTES] = {1, 2, 3};
static const uint8_t key_b[VAULT_KEY_BYTES] = {1, 2, 4};

static GBytes *seal(struct vault *vault, const char *row, const char *secret)
{
	g_autoptr(GError) error = NULL;
	GBytes *sealed = vault_seal(vault, row, secret, strlen(secret), &error);

	g_assert_no_error(error);
	return sealed;
}

static void refuse(struct vault *vault, const char *row, const void *bytes, size_t length)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(vault_open(vault, row, bytes, length, NULL, &error));
	g_assert_error(error, VAULT_ERROR, VAULT_ERROR_SEALED);
	g_assert_null(strstr(error->message, "hunter2"));
}

static void test_round_trip(void)
{
	struct vault *vault = vault_create(key_a);
	const char *secrets[] = {"", "x", "hunter2", "päss wörd"};

	for (unsigned i = 0; i < G_N_ELEMENTS(secrets); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GBytes) sealed = seal(vault, "account:web1:root", secrets[i]);
		size_t length = 99;
		g_assert_cmpuint(g_bytes_get_size(sealed), ==,
				 strlen(secrets[i]) + VAULT_OVERHEAD_BYTES);
		autosecret opened =
			vault_open(vault, "account:web1:root", g_bytes_get_data(sealed, NULL),
				   g_bytes_get_size(sealed), &length, &error);
		g_assert_no_error(error);
		g_assert_cmpstr(opened, ==, secrets[i]);
		g_assert_cmpuint(length, ==, strlen(secrets[i]));
	}
	vault_destroy(vault);
}

static void test_two_seals_differ(void)
{
	struct vault *vault = vault_create(key_a);
	g_autoptr(GBytes) one = seal(vault, "r", "hunter2");
	g_autoptr(GBytes) two = seal(vault, "r", "hunter2");

	g_assert_false(g_bytes_equal(one, two));
	vault_destroy(vault);
}

static void test_other_row_or_key(void)
{
	struct vault *a = vault_create(key_a), *b = vault_create(key_b);
	g_autoptr(GBytes) sealed = seal(a, "account:web1:root", "hunter2");
	gsize length;
	const uint8_t *bytes = g_bytes_get_data(sealed, &length);

	refuse(a, "account:web2:root", bytes, length);
	refuse(b, "account:web1:root", bytes, length);
	vault_destroy(a);
	vault_destroy(b);
}

static void test_every_changed_byte(void)
{
	struct vault *vault = vault_create(key_a);
	g_autoptr(GBytes) sealed = seal(vault, "r", "hunter2");
	gsize length;
	const uint8_t *bytes = g_bytes_get_data(sealed, &length);

	for (gsize i = 0; i < length; i++) {
		g_autofree uint8_t *copy = g_memdup2(bytes, length);
		copy[i] ^= 0x40;
		refuse(vault, "r", copy, length);
		refuse(vault, "r", bytes, i);
	}
	vault_destroy(vault);
}

static void test_too_long(void)
{
	struct vault *vault = vault_create(key_a);
	g_autofree char *secret = g_malloc0(VAULT_SECRET_MAX_BYTES + 1);
	g_autoptr(GError) error = NULL;

	g_assert_null(vault_seal(vault, "r", secret, VAULT_SECRET_MAX_BYTES + 1, &error));
	g_assert_error(error, VAULT_ERROR, VAULT_ERROR_CRYPTO);
	vault_destroy(vault);
}

/* AES-256-GCM made elsewhere (python3 cryptography: AESGCM(key).encrypt(nonce, b"hunter2", b"\x01"
 * + b"account:web1:root")): the stored form may not drift. */
static void test_fixed_vector(void)
{
	static const char hex[] = "01000102030405060708090a0b"
				  "edbabfe48be573f509bbe28fd46d63490c7c88a7299824";
	struct vault *vault = vault_create(key_a);
	uint8_t sealed[sizeof hex / 2];
	g_autoptr(GError) error = NULL;

	for (gsize i = 0; i < sizeof sealed; i++)
		sealed[i] = (uint8_t)(g_ascii_xdigit_value(hex[2 * i]) << 4 |
				      g_ascii_xdigit_value(hex[2 * i + 1]));
	autosecret opened =
		vault_open(vault, "account:web1:root", sealed, sizeof sealed, NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(opened, ==, "hunter2");
	vault_destroy(vault);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(secret_init(), ==, 0);
	g_test_add_func("/vault/round-trip", test_round_trip);
	g_test_add_func("/vault/two-seals-differ", test_two_seals_differ);
	g_test_add_func("/vault/other-row-or-key", test_other_row_or_key);
	g_test_add_func("/vault/every-changed-byte", test_every_changed_byte);
	g_test_add_func("/vault/too-long", test_too_long);
	g_test_add_func("/vault/fixed-vector", test_fixed_vector);
	return g_test_run();
}
