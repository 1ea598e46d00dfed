/* Time stamps and revocation in the verifier: stamps over entries are judged, the signer is judged
 * at the stamp's time, and a revoked one is believed only for what a trusted stamp shows to be
 * older. */
#include "base/clock.h"
#include "recorder/chain/chain.h"
#include "recorder/chain/verify.h"
#include "recorder/http_client/http_post.h"
#include "recorder/stamp/stamp_client.h"
#include "tests/support/fake_tsa.h"
#include "tests/support/signing_key.h"
#include "tests/support/temp_dir.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define DAY_US UINT64_C(86400000000)

struct fixture {
	char *dir, *recording, *ca, *tsa_ca, *crl;
	struct signing_key ca_pem, pem;
	struct fake_tsa *tsa;
	char genesis[DIGEST_HEX_BYTES], seal[DIGEST_HEX_BYTES];
};

static void make_recording(struct fixture *f)
{
	const struct chain_genesis genesis = {.session_id = "0b0e5c1e-6f0a-4a8e-9a63-0f8d7f3c1a01",
					      .node = "node1"};
	const struct chain_seal seal = {.reason = "viewer-left"};
	struct chain_key *key = chain_key_create(f->pem.key_pem, f->pem.certificate_pem, NULL);
	struct chain *chain = chain_create(key);
	g_autofree char *first = chain_add_genesis(chain, &genesis, NULL);
	memcpy(f->genesis, chain_head(chain), sizeof f->genesis);
	g_autofree char *last = chain_add_seal(chain, 0, &seal, NULL);
	g_autofree char *text = g_strconcat(first, last, NULL);

	g_free(temp_dir_put(f->recording, CHAIN_FILE, text, -1, 0644));
	g_free(temp_dir_put(f->recording, CHAIN_CERTIFICATE_FILE, f->pem.certificate_pem, -1,
			    0644));
	memcpy(f->seal, chain_head(chain), sizeof f->seal);
	chain_destroy(chain);
	chain_key_destroy(key);
}

static void fixture_init(struct fixture *f)
{
	f->dir = temp_dir_create();
	f->recording = g_build_filename(f->dir, "recording", NULL);
	g_assert_cmpint(g_mkdir_with_parents(f->recording, 0750), ==, 0);
	signing_key_init(&f->ca_pem, "evidence CA", NULL);
	signing_key_init(&f->pem, "node1", &f->ca_pem);
	f->ca = temp_dir_put(f->dir, "ca.pem", f->ca_pem.certificate_pem, -1, 0644);
	f->tsa = fake_tsa_start();
	f->tsa_ca = temp_dir_put(f->dir, "tsa-ca.pem", fake_tsa_ca_pem(f->tsa), -1, 0644);
	f->crl = g_build_filename(f->dir, "crl.pem", NULL);
	make_recording(f);
}

static void fixture_finish(struct fixture *f)
{
	fake_tsa_stop(f->tsa);
	signing_key_finish(&f->pem);
	signing_key_finish(&f->ca_pem);
	temp_dir_remove(f->dir);
	g_free(f->dir);
	g_free(f->recording);
	g_free(f->ca);
	g_free(f->tsa_ca);
	g_free(f->crl);
}

static void stamp_as(const struct fixture *f, const char *name, const char *sha256)
{
	const struct stamp_authority authority = {.url = fake_tsa_url(f->tsa),
						  .ca_file = f->tsa_ca};
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) answer = stamp_fetch(&authority, sha256, 10000, NULL, &error);
	gsize length;

	g_assert_no_error(error);
	const void *bytes = g_bytes_get_data(answer, &length);
	g_free(temp_dir_put(f->recording, name, bytes, (gssize)length, 0644));
}

/* A list of the CA's in which the signer is revoked since `since_s`. */
static void revoke_signer(const struct fixture *f, time_t since_s)
{
	BIO *bio = BIO_new_mem_buf(f->ca_pem.key_pem, -1);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	BIO_free(bio);
	bio = BIO_new_mem_buf(f->ca_pem.certificate_pem, -1);
	X509 *ca = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	BIO_free(bio);
	bio = BIO_new_mem_buf(f->pem.certificate_pem, -1);
	X509 *signer = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	BIO_free(bio);
	X509_CRL *list = X509_CRL_new();
	X509_REVOKED *revoked = X509_REVOKED_new();
	ASN1_TIME *since = ASN1_TIME_set(NULL, since_s), *now = ASN1_TIME_set(NULL, time(NULL));

	X509_CRL_set_version(list, 1);
	X509_CRL_set_issuer_name(list, X509_get_subject_name(ca));
	X509_CRL_set1_lastUpdate(list, now);
	X509_CRL_set1_nextUpdate(list, now);
	X509_REVOKED_set_serialNumber(revoked, X509_get_serialNumber(signer));
	X509_REVOKED_set_revocationDate(revoked, since);
	X509_CRL_add0_revoked(list, revoked);
	g_assert_cmpint(X509_CRL_sign(list, key, EVP_sha256()), >, 0);
	bio = BIO_new_file(f->crl, "w");
	PEM_write_bio_X509_CRL(bio, list);
	BIO_free(bio);
	ASN1_TIME_free(since);
	ASN1_TIME_free(now);
	X509_CRL_free(list);
	X509_free(signer);
	X509_free(ca);
	EVP_PKEY_free(key);
}

struct expectation {
	const char *class; /**< of a finding with `text`; NULL: no finding at all */
	const char *text;
};

static void expect(const struct fixture *f, const struct verify_whom *whom,
		   const struct expectation *want)
{
	struct verify_report report;
	bool found = want->class == NULL;
	int result = verify_recording_for(f->recording, whom, NULL, &report);

	for (unsigned i = 0; i < report.findings->len; i++) {
		const struct verify_finding *finding = report.findings->pdata[i];
		g_test_message("%s: %s", verify_class_name(finding->class), finding->text);
		found |= want->class != NULL &&
			 strcmp(verify_class_name(finding->class), want->class) == 0 &&
			 strstr(finding->text, want->text) != NULL;
	}
	g_assert_true(found);
	if (want->class == NULL)
		g_assert_cmpuint(report.findings->len, ==, 0);
	g_assert_cmpint(result, ==,
			want->class == NULL || strcmp(want->class, "note") == 0 ? 0 : 1);
	verify_report_finish(&report);
}

static void test_stamps(void)
{
	struct fixture f;
	const struct expectation nothing = {NULL, NULL}, stamped = {"note", "existed at"};
	const struct expectation unknown = {"note", "who is not trusted"};
	const struct expectation broken = {"broken", "stamps something else"};
	const struct expectation stray = {"broken", "is not there"};

	fixture_init(&f);
	const struct verify_whom ca_only = {f.ca, NULL, NULL}, both = {f.ca, f.tsa_ca, NULL};
	expect(&f, &both, &nothing);
	stamp_as(&f, "ts-1.tsr", f.seal);
	expect(&f, &both, &stamped);
	expect(&f, &ca_only, &unknown);
	stamp_as(&f, "ts-7.tsr", f.seal);
	expect(&f, &both, &stray);
	g_autofree char *name = g_build_filename(f.recording, "ts-7.tsr", NULL);
	g_assert_cmpint(remove(name), ==, 0);
	g_autofree char *other = g_compute_checksum_for_string(G_CHECKSUM_SHA256, "another", -1);
	stamp_as(&f, "ts-1.tsr", other);
	expect(&f, &both, &broken);
	g_free(temp_dir_put(f.recording, "ts-1.tsr", "nonsense", -1, 0644));
	const struct expectation nonsense = {"broken", "not a time stamp"};
	expect(&f, &both, &nonsense);
	fixture_finish(&f);
}

/* The recording says that it was signed now; the authority says when it really was there. */
static void test_judged_at_the_stamps_time(void)
{
	struct fixture f;
	const struct expectation expired = {"untrusted", "expired"};
	const struct expectation early = {"untrusted", "not yet valid"};

	fixture_init(&f);
	const struct verify_whom both = {f.ca, f.tsa_ca, NULL};
	fake_tsa_set_time(f.tsa, time(NULL) + 100 * 86400);
	stamp_as(&f, "ts-1.tsr", f.seal);
	expect(&f, &both, &expired);
	fake_tsa_set_time(f.tsa, time(NULL) - 100 * 86400);
	stamp_as(&f, "ts-0.tsr", f.seal);
	g_autofree char *name = g_build_filename(f.recording, "ts-0.tsr", NULL);
	g_assert_cmpint(remove(name), ==, 0);
	stamp_as(&f, "ts-1.tsr", f.seal);
	expect(&f, &both, &early);
	fixture_finish(&f);
}

/* The signer expired long ago. Without a stamp the recording's own clock is believed about when it
 * signed, with one the authority: who has the key later can say an earlier time, but gets no stamp
 * of it. */
static void test_expired_signer(void)
{
	const uint64_t then_us = (uint64_t)g_get_real_time() - 150 * DAY_US;
	const time_t then_s = (time_t)(then_us / 1000000);
	const struct expectation nothing = {NULL, NULL}, stamped = {"note", "existed at"};
	const struct expectation expired = {"untrusted", "expired"};
	struct fixture f;

	fixture_init(&f);
	const struct verify_whom both = {f.ca, f.tsa_ca, NULL};
	signing_key_finish(&f.pem);
	signing_key_finish(&f.ca_pem);
	signing_key_init_valid(&f.ca_pem, "evidence CA", NULL, -1000, 1000);
	signing_key_init_valid(&f.pem, "node1", &f.ca_pem, -200, -100);
	g_free(temp_dir_put(f.dir, "ca.pem", f.ca_pem.certificate_pem, -1, 0644));
	clock_test_set(then_us, then_us);
	make_recording(&f);
	expect(&f, &both, &nothing);
	fake_tsa_set_time(f.tsa, then_s + 60);
	stamp_as(&f, "ts-1.tsr", f.seal);
	expect(&f, &both, &stamped);
	fake_tsa_set_time(f.tsa, then_s + 100 * 86400);
	stamp_as(&f, "ts-1.tsr", f.seal);
	expect(&f, &both, &expired);
	/* And who does not even say an earlier time. */
	g_autofree char *name = g_build_filename(f.recording, "ts-1.tsr", NULL);
	g_assert_cmpint(remove(name), ==, 0);
	clock_test_set(then_us + 100 * DAY_US, then_us + 100 * DAY_US);
	make_recording(&f);
	expect(&f, &both, &expired);
	/* No key speaks for a time before its certificate began: that of a later key not for an
	 * earlier key's recordings. */
	const struct expectation early = {"untrusted", "not yet valid"};
	clock_test_set(then_us - 100 * DAY_US, then_us - 100 * DAY_US);
	make_recording(&f);
	expect(&f, &both, &early);
	fixture_finish(&f);
}

static void test_revocation(void)
{
	struct fixture f;
	const struct expectation believed = {"note", "after the time stamp"};
	const struct expectation before = {"untrusted", "was revoked as of"};
	const struct expectation unproven = {"untrusted", "no trusted time stamp"};
	const struct expectation beginning = {"untrusted", "no trusted time stamp"};
	const struct expectation foreign = {"note", "of its issuer"};
	struct signing_key other;

	fixture_init(&f);
	const struct verify_whom whom = {f.ca, f.tsa_ca, f.crl};
	revoke_signer(&f, time(NULL) + 3600);
	expect(&f, &whom, &unproven);
	stamp_as(&f, "ts-1.tsr", f.seal);
	expect(&f, &whom, &believed);
	revoke_signer(&f, time(NULL) - 60);
	expect(&f, &whom, &before);
	/* Stamped long before, but only the beginning: what stands behind it may be a thief's. */
	g_autofree char *name = g_build_filename(f.recording, "ts-1.tsr", NULL);
	g_assert_cmpint(remove(name), ==, 0);
	stamp_as(&f, "ts-0.tsr", f.genesis);
	revoke_signer(&f, time(NULL) + 3600);
	expect(&f, &whom, &beginning);
	stamp_as(&f, "ts-1.tsr", f.seal);
	/* A list of another CA says nothing about this one. */
	signing_key_init(&other, "another CA", NULL);
	struct signing_key mine = f.ca_pem;
	f.ca_pem = other;
	revoke_signer(&f, time(NULL) - 60);
	f.ca_pem = mine;
	expect(&f, &whom, &foreign);
	signing_key_finish(&other);
	fixture_finish(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	http_init();
	g_test_add_func("/stamped/stamps", test_stamps);
	g_test_add_func("/stamped/judged-at-the-stamps-time", test_judged_at_the_stamps_time);
	g_test_add_func("/stamped/revocation", test_revocation);
	/* Last: the clock stays where it was set. */
	g_test_add_func("/stamped/expired-signer", test_expired_signer);
	return g_test_run();
}
