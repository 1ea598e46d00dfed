/* The log's judge: an honest log holds; a cut, rewritten, foreign one, a removed, added or
 * exchanged recording and a changed audit row are found and named. */
#include "base/clock.h"
#include "recorder/nodelog/log_check.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/nodelog/log_fixture.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#define FIRST "0b0e5c1e-6f0a-4a8e-9a63-0f8d7f3c1a01"
#define SECOND "0b0e5c1e-6f0a-4a8e-9a63-0f8d7f3c1a02"
#define ROW_HASH "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"
#define OTHER_HASH "d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35"

static char *golden_dir;

/* Two recordings, three audit rows, two heads; the first recording runs no more. */
static void fill(struct log_fixture *f)
{
	char genesis[DIGEST_HEX_BYTES], seal[DIGEST_HEX_BYTES];

	log_fixture_init(f);
	log_fixture_add_audit(f, 1, ROW_HASH);
	log_fixture_record(f, FIRST, true, genesis, seal);
	log_fixture_add(f, LEAF_GENESIS, FIRST, genesis);
	log_fixture_add(f, LEAF_SEAL, FIRST, seal);
	g_autofree char *head = log_fixture_head(f);
	g_autofree char *kept = g_strconcat("May  1 12:00:00 node1 vitrine: ", head, "\n", NULL);
	log_fixture_put(f, "kept-head", kept, strlen(kept));
	log_fixture_add_audit(f, 2, ROW_HASH);
	log_fixture_record(f, SECOND, false, genesis, seal);
	log_fixture_add(f, LEAF_GENESIS, SECOND, genesis);
	log_fixture_add_audit(f, 3, ROW_HASH);
	log_fixture_sign(f);
}

struct expectation {
	int result;
	enum verify_class worst;
	const char *text; /**< part of a finding of the worst class; NULL: there is none */
};

static void assert_findings(const struct log_check *check, const struct expectation *want)
{
	const struct log_check_report *report = log_check_report(check);
	bool found = want->text == NULL;

	for (unsigned i = 0; i < report->findings->len; i++) {
		const struct log_finding *finding = report->findings->pdata[i];
		g_test_message("%s: %s", verify_class_name(finding->class), finding->text);
		found |= want->text != NULL && finding->class == want->worst &&
			 strstr(finding->text, want->text) != NULL;
	}
	g_assert_cmpint(log_check_worst(check), ==, want->worst);
	g_assert_true(found);
	if (want->text == NULL)
		g_assert_cmpuint(report->findings->len, ==, 0);
}

/* Rows 1 to 3; `second_hash` NULL: the second is gone. */
static void expect_with_rows(struct log_fixture *f, const char *second_hash,
			     const struct expectation *want)
{
	g_autofree char *kept = log_fixture_path(f, "kept-head"),
			*ca = log_fixture_path(f, "ca.pem");
	const char *heads[] = {kept, NULL};
	const struct log_check_settings settings = {f->store, ca, heads};
	struct log_check *check;

	int result = log_check_open(&settings, &check);
	g_assert_cmpint(result, ==, want->result);
	if (result == 0) {
		g_assert_cmpint(log_check_recordings(check), ==, 0);
		log_check_audit(check, 1, ROW_HASH);
		if (second_hash != NULL)
			log_check_audit(check, 2, second_hash);
		log_check_audit(check, 3, ROW_HASH);
		/* Younger than the log: the recorder comes to it. */
		log_check_audit(check, 4, ROW_HASH);
		log_check_audit_end(check);
		assert_findings(check, want);
	}
	log_check_close(check);
}

static void expect(struct log_fixture *f, enum verify_class worst, const char *text)
{
	const struct expectation want = {0, worst, text};

	expect_with_rows(f, ROW_HASH, &want);
}

/* Whatever else is found. */
static void expect_note(struct log_fixture *f, const char *text)
{
	g_autofree char *ca = log_fixture_path(f, "ca.pem");
	const struct log_check_settings settings = {f->store, ca, NULL};
	struct log_check *check;
	const struct expectation want = {0, VERIFY_NOTE, text};

	g_assert_cmpint(log_check_open(&settings, &check), ==, 0);
	assert_findings(check, &want);
	log_check_close(check);
}

static void test_honest(void)
{
	struct log_fixture f;

	fill(&f);
	expect(&f, VERIFY_NOTE, NULL);
	log_fixture_rotate(&f);
	log_fixture_sign(&f);
	expect(&f, VERIFY_NOTE, NULL);
	log_fixture_finish(&f);
}

static void test_recording_removed(void)
{
	struct log_fixture f;

	fill(&f);
	g_autofree char *dir = log_fixture_path(&f, FIRST);
	temp_dir_remove(dir);
	expect(&f, VERIFY_BROKEN, "recording " FIRST);
	/* A lawful deletion leaves a tombstone, too. */
	log_fixture_add(&f, LEAF_DELETION, FIRST, OTHER_HASH);
	log_fixture_sign(&f);
	expect(&f, VERIFY_BROKEN, FIRST " was deleted, but its tombstone is gone");
	log_fixture_finish(&f);
}

/* Deletes as far as somebody without the node's key can: everything but the signature is as it
 * should be. */
static void test_false_tombstone(void)
{
	struct log_fixture f;
	char sha256[DIGEST_HEX_BYTES];

	fill(&f);
	log_fixture_bury(&f, FIRST, true, sha256);
	expect(&f, VERIFY_INCOMPLETE, "deletion of recording " FIRST);
	log_fixture_add(&f, LEAF_DELETION, FIRST, sha256);
	log_fixture_sign(&f);
	expect(&f, VERIFY_NOTE, NULL);
	log_fixture_bury(&f, FIRST, false, sha256);
	expect(&f, VERIFY_BROKEN, "tombstone of recording " FIRST " is not signed");
	log_fixture_finish(&f);
}

/* The list of the log's certificates is a file like any other: whoever may write there can put
 * their own behind the node's. */
static void test_certificate_added(void)
{
	struct log_fixture f;
	char sha256[DIGEST_HEX_BYTES];
	gsize length;

	fill(&f);
	log_fixture_bury(&f, FIRST, false, sha256);
	g_autofree char *tombstone = log_fixture_get(&f, FIRST "/tombstone", &length);
	g_autofree char *own = log_fixture_get(&f, "log/certificate.pem", &length);
	g_autofree char *both = g_strconcat(own, strchr(tombstone, '\n') + 1, NULL);
	log_fixture_put(&f, "log/certificate.pem", both, strlen(both));
	expect(&f, VERIFY_UNTRUSTED, "certificate of recording " FIRST "'s tombstone");
	log_fixture_finish(&f);
}

static void test_recording_exchanged(void)
{
	struct log_fixture f;
	char genesis[DIGEST_HEX_BYTES], seal[DIGEST_HEX_BYTES];

	fill(&f);
	log_fixture_record(&f, FIRST, true, genesis, seal);
	expect(&f, VERIFY_BROKEN, FIRST " is not the one");
	log_fixture_finish(&f);
}

static void test_seal_cut_off(void)
{
	struct log_fixture f;
	gsize length;

	fill(&f);
	g_autofree char *chain = log_fixture_get(&f, FIRST "/chain", &length);
	log_fixture_put(&f, FIRST "/chain", chain, (gsize)(strchr(chain, '\n') + 1 - chain));
	expect(&f, VERIFY_BROKEN, "end of recording " FIRST);
	log_fixture_finish(&f);
}

static void test_recording_not_logged_yet(void)
{
	struct log_fixture f;
	char genesis[DIGEST_HEX_BYTES], seal[DIGEST_HEX_BYTES];

	fill(&f);
	log_fixture_record(&f, "0b0e5c1e-6f0a-4a8e-9a63-0f8d7f3c1a03", true, genesis, seal);
	expect(&f, VERIFY_INCOMPLETE, "3c1a03");
	log_fixture_finish(&f);
}

static void test_audit_rows(void)
{
	const struct expectation changed = {0, VERIFY_BROKEN, "audit record 2 was changed"};
	const struct expectation gone = {0, VERIFY_BROKEN, "audit record 2 is gone"};
	struct log_fixture f;

	fill(&f);
	expect_with_rows(&f, OTHER_HASH, &changed);
	expect_with_rows(&f, NULL, &gone);
	log_fixture_finish(&f);
}

/* Whoever owns disk and key signs a shorter log anew: only the head kept outside shows it. */
static void test_log_written_anew(void)
{
	struct log_fixture f;
	gsize length;

	fill(&f);
	g_autofree char *leaves = log_fixture_get(&f, "log/leaves", &length);
	nodelog_close(g_steal_pointer(&f.log));
	log_fixture_put(&f, "log/leaves", leaves, (gsize)(strchr(leaves, '\n') + 1 - leaves));
	log_fixture_put(&f, "log/heads", "", 0);
	log_fixture_reopen(&f);
	log_fixture_sign(&f);
	expect(&f, VERIFY_BROKEN, "covers 3 leaves, but the log has only 1");
	for (uint64_t id = 2; id < 6; id++)
		log_fixture_add_audit(&f, id, OTHER_HASH);
	log_fixture_sign(&f);
	expect(&f, VERIFY_BROKEN, "written anew");
	log_fixture_finish(&f);
}

static void test_any_byte(void)
{
	static const char *const names[] = {"log/leaves", "log/heads"};
	const struct log_check_settings settings = {.store_dir = NULL};
	struct log_fixture f;

	fill(&f);
	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
		gsize length;
		g_autofree char *bytes = log_fixture_get(&f, names[i], &length);
		for (gsize at = 0; at < length; at++) {
			struct log_check_settings here = settings;
			struct log_check *check;
			here.store_dir = f.store;
			bytes[at] ^= 1;
			log_fixture_put(&f, names[i], bytes, length);
			int result = log_check_open(&here, &check);
			g_assert_true(result == -EPROTONOSUPPORT ||
				      log_check_worst(check) <= VERIFY_INCOMPLETE);
			log_check_close(check);
			bytes[at] ^= 1;
		}
		log_fixture_put(&f, names[i], bytes, length);
	}
	expect(&f, VERIFY_NOTE, NULL);
	log_fixture_finish(&f);
}

/* The recorder skips at its start what the list of settled recordings names. Somebody who may write
 * to the disk can so keep one unsealed; the list is no word to be taken. */
static void test_forged_list_of_settled(void)
{
	struct log_fixture f;

	fill(&f);
	log_fixture_put(&f, "settled", "\n" FIRST "\n", strlen("\n" FIRST "\n"));
	expect(&f, VERIFY_NOTE, NULL);
	log_fixture_put(&f, "settled", FIRST "\n" SECOND "\n", strlen(FIRST "\n" SECOND "\n"));
	expect(&f, VERIFY_INCOMPLETE,
	       "recording " SECOND " has no seal, but stands in the store's list of settled ones");
	log_fixture_finish(&f);
}

static void test_foreign_signer(void)
{
	struct log_fixture f;
	struct signing_key other;

	fill(&f);
	signing_key_init(&other, "another CA", NULL);
	log_fixture_put(&f, "ca.pem", other.certificate_pem, strlen(other.certificate_pem));
	expect(&f, VERIFY_UNTRUSTED, "does not lead to a trusted one");
	signing_key_finish(&other);
	log_fixture_finish(&f);
}

static void test_unsigned_tail_and_missing_files(void)
{
	const struct expectation missing = {.result = -ENOENT};
	const struct expectation empty = {.result = -EINVAL};
	struct log_fixture f;

	fill(&f);
	log_fixture_add_audit(&f, 4, ROW_HASH);
	expect(&f, VERIFY_INCOMPLETE, "1 leaves behind the newest head");
	log_fixture_put(&f, "kept-head", "nothing\n", 8);
	expect_with_rows(&f, ROW_HASH, &empty);
	g_autofree char *kept = log_fixture_path(&f, "kept-head");
	g_assert_cmpint(g_unlink(kept), ==, 0);
	expect_with_rows(&f, ROW_HASH, &missing);
	log_fixture_finish(&f);
}

static void test_golden(void)
{
	struct log_fixture f;
	g_autofree char *heads = g_build_filename(golden_dir, "heads", NULL);
	g_autofree char *ca = g_build_filename(golden_dir, "certificate.pem", NULL);
	const char *kept[] = {heads, NULL};
	struct log_check *check;
	static const char *const names[] = {"leaves", "heads", "certificate.pem"};

	log_fixture_init(&f);
	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *from = g_build_filename(golden_dir, names[i], NULL);
		g_autofree char *to = g_build_filename("log", names[i], NULL), *text = NULL;
		gsize length;
		g_assert_true(g_file_get_contents(from, &text, &length, NULL));
		log_fixture_put(&f, to, text, length);
	}
	const struct log_check_settings settings = {f.store, ca, kept};
	g_assert_cmpint(log_check_open(&settings, &check), ==, 0);
	g_assert_cmpuint(log_check_report(check)->findings->len, ==, 0);
	g_assert_cmpuint(log_check_report(check)->n_signed, ==, 8);
	g_assert_cmpuint(log_check_report(check)->n_outside_heads, ==, 3);
	g_assert_cmpstr(log_check_report(check)->signer, ==, "CN=golden node1");
	log_check_close(check);
	log_fixture_finish(&f);
}

/* Whoever has the node's key enters something half an hour too late: what it says of its time does
 * not get it under the head that was signed meanwhile. */
static void test_backdated(void)
{
	struct log_fixture f;
	uint64_t now_us = (uint64_t)g_get_real_time();

	fill(&f);
	clock_test_set(now_us, now_us - 30 * 60 * UINT64_C(1000000));
	log_fixture_add_audit(&f, 4, ROW_HASH);
	log_fixture_add_audit(&f, 5, ROW_HASH);
	log_fixture_sign(&f);
	expect(&f, VERIFY_BROKEN, "audit record 5 is gone");
	expect_note(&f, "2 leaves, the first is leaf 6, say a time before that of a head");
	log_fixture_finish(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(argc, ==, 2);
	golden_dir = argv[1];
	g_test_add_func("/log-check/honest", test_honest);
	g_test_add_func("/log-check/recording-removed", test_recording_removed);
	g_test_add_func("/log-check/false-tombstone", test_false_tombstone);
	g_test_add_func("/log-check/certificate-added", test_certificate_added);
	g_test_add_func("/log-check/recording-exchanged", test_recording_exchanged);
	g_test_add_func("/log-check/seal-cut-off", test_seal_cut_off);
	g_test_add_func("/log-check/recording-not-logged-yet", test_recording_not_logged_yet);
	g_test_add_func("/log-check/audit-rows", test_audit_rows);
	g_test_add_func("/log-check/log-written-anew", test_log_written_anew);
	g_test_add_func("/log-check/any-byte", test_any_byte);
	g_test_add_func("/log-check/forged-list-of-settled", test_forged_list_of_settled);
	g_test_add_func("/log-check/foreign-signer", test_foreign_signer);
	g_test_add_func("/log-check/unsigned-tail-and-missing-files",
			test_unsigned_tail_and_missing_files);
	g_test_add_func("/log-check/golden", test_golden);
	/* Last: the clock stays where it was set. */
	g_test_add_func("/log-check/backdated", test_backdated);
	return g_test_run();
}
