/* Detached CMS signatures: `openssl cms -verify` takes ours, ours takes no message in which a bit
 * was changed, whether the signature covers it or not. */
#include "recorder/chain/cms.h"
#include "recorder/chain/verify_trust.h"
#include "tests/support/signing_key.h"
#include "tests/support/temp_dir.h"

#include <errno.h>
#include <string.h>
#include <time.h>

static const char text[] = "{\"format\":\"vitrine-evidence\"}";

struct fixture {
	struct signing_key ca, pem;
	struct chain_key *key;
	GBytes *cms;
};

static void fixture_init(struct fixture *f)
{
	signing_key_init(&f->ca, "evidence CA", NULL);
	signing_key_init(&f->pem, "exports", &f->ca);
	f->key = chain_key_create(f->pem.key_pem, f->pem.certificate_pem, NULL);
	g_assert_nonnull(f->key);
	f->cms = cms_sign(f->key, text, strlen(text), NULL);
	g_assert_nonnull(f->cms);
}

static void fixture_finish(struct fixture *f)
{
	g_bytes_unref(f->cms);
	chain_key_destroy(f->key);
	signing_key_finish(&f->pem);
	signing_key_finish(&f->ca);
}

static void test_holds(void)
{
	struct fixture f;
	struct cms_signer signer;

	fixture_init(&f);
	g_assert_cmpint(cms_verify(f.cms, text, strlen(text), &signer), ==, 0);
	g_assert_cmpint(ABS((gint64)signer.utc_s - (gint64)time(NULL)), <=, 5);
	struct verify_trust *trust = verify_trust_create(signer.certificates_pem);
	g_assert_nonnull(trust);
	g_autofree char *subject = verify_trust_subject(trust, 0);
	g_assert_cmpstr(subject, ==, "CN=exports");
	verify_trust_destroy(trust);
	cms_signer_finish(&signer);
	g_assert_cmpint(cms_verify(f.cms, text, strlen(text) - 1, &signer), ==, -EBADMSG);
	g_assert_null(signer.certificates_pem);
	fixture_finish(&f);
}

static void test_openssl_takes_it(void)
{
	struct fixture f;
	g_autofree char *dir = temp_dir_create(), *out = NULL, *err = NULL;
	int status;

	fixture_init(&f);
	g_autofree char *cms = temp_dir_put(dir, "m.cms", g_bytes_get_data(f.cms, NULL),
					    (gssize)g_bytes_get_size(f.cms), 0644);
	g_autofree char *content = temp_dir_put(dir, "m.json", text, -1, 0644);
	g_autofree char *ca = temp_dir_put(dir, "ca.pem", f.ca.certificate_pem, -1, 0644);
	const char *words[] = {"openssl", "cms", "-verify",  "-binary", "-inform", "DER", "-cades",
			       "-in",	  cms,	 "-content", content,	"-CAfile", ca,	  NULL};
	g_assert_true(g_spawn_sync(NULL, (char **)(gpointer)words, NULL, G_SPAWN_SEARCH_PATH, NULL,
				   NULL, &out, &err, &status, NULL));
	g_test_message("%s", err);
	g_assert_cmpint(status, ==, 0);
	g_assert_cmpstr(out, ==, text);
	temp_dir_remove(dir);
	fixture_finish(&f);
}

/* Not within certificates other than the signer's: there is only the signer's here. */
static void test_every_flipped_bit(void)
{
	struct fixture f;
	struct cms_signer signer;
	gsize length;
	unsigned taken = 0;

	fixture_init(&f);
	const char *bytes = g_bytes_get_data(f.cms, &length);
	for (gsize i = 0; i < length * 8; i++) {
		g_autofree char *copy = g_memdup2(bytes, length);
		copy[i / 8] ^= (char)(1 << i % 8);
		g_autoptr(GBytes) changed = g_bytes_new_static(copy, length);
		if (cms_verify(changed, text, strlen(text), &signer) == 0) {
			g_test_message("bit %zu of byte %zu", (size_t)i % 8, (size_t)i / 8);
			cms_signer_finish(&signer);
			taken++;
		}
	}
	g_assert_cmpuint(taken, ==, 0);
	fixture_finish(&f);
}

static void test_cut_or_longer(void)
{
	struct fixture f;
	struct cms_signer signer;
	gsize length;

	fixture_init(&f);
	const char *bytes = g_bytes_get_data(f.cms, &length);
	for (gsize i = 0; i < length; i++) {
		g_autoptr(GBytes) cut = g_bytes_new_static(bytes, i);
		g_assert_cmpint(cms_verify(cut, text, strlen(text), &signer), <, 0);
	}
	g_autofree char *longer = g_malloc0(length + 1);
	memcpy(longer, bytes, length);
	g_autoptr(GBytes) more = g_bytes_new_static(longer, length + 1);
	g_assert_cmpint(cms_verify(more, text, strlen(text), &signer), ==, -EPROTO);
	fixture_finish(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/cms/holds", test_holds);
	g_test_add_func("/cms/openssl-takes-it", test_openssl_takes_it);
	g_test_add_func("/cms/every-flipped-bit", test_every_flipped_bit);
	g_test_add_func("/cms/cut-or-longer", test_cut_or_longer);
	return g_test_run();
}
