/* Deleting a recording: what is left proves that it was lawful, whatever moment it is interrupted
 * at; a tombstone that was forged, moved or changed proves nothing. */
#include "base/secret.h"
#include "recorder/chain/tombstone.h"
#include "recorder/chain/verify.h"
#include "recorder/deletion.h"
#include "tests/support/honest_recording.h"
#include "tests/support/signing_key.h"
#include "tests/support/temp_dir.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

struct site {
	char *dir, *recording, *ca_path;
	struct signing_key ca, pem;
	struct chain_key *key;
	struct own_keys keys;
	struct store *store;
};

static const struct deletion ordered = {.session_id = HONEST_SESSION,
					.cause = "order",
					.class = "standard",
					.reason = "asked by the person",
					.requested_by = "ann",
					.approved_by = "bob"};

static void set_up(struct site *s, gconstpointer data)
{
	s->dir = temp_dir_create();
	s->recording = g_build_filename(s->dir, HONEST_SESSION, NULL);
	s->ca_path = g_build_filename(s->dir, "ca.pem", NULL);
	signing_key_init(&s->ca, "evidence CA", NULL);
	signing_key_init(&s->pem, "node1", &s->ca);
	g_assert_true(g_file_set_contents(s->ca_path, s->ca.certificate_pem, -1, NULL));
	s->key = chain_key_create(s->pem.key_pem, s->pem.certificate_pem, NULL);
	s->keys = (struct own_keys){.present = s->key};
	g_assert_cmpint(g_mkdir(s->recording, 0750), ==, 0);
	honest_recording_write(s->recording, s->key, 0);
	g_assert_cmpint(store_open(s->dir, &s->store), ==, 0);
}

static void tear_down(struct site *s, gconstpointer data)
{
	store_close(s->store);
	chain_key_destroy(s->key);
	signing_key_finish(&s->pem);
	signing_key_finish(&s->ca);
	temp_dir_remove(s->dir);
	g_free(s->dir);
	g_free(s->recording);
	g_free(s->ca_path);
}

static void put(const struct site *s, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(s->recording, name, NULL);

	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static char *get(const struct site *s, const char *name)
{
	g_autofree char *path = g_build_filename(s->recording, name, NULL);
	char *text = NULL;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	return text;
}

/* Names in the recording, sorted, with spaces between. */
static char *names(const struct site *s)
{
	struct store_recording *recording;

	g_assert_cmpint(store_recording_open(s->store, HONEST_SESSION, &recording), ==, 0);
	g_autoptr(GPtrArray) list = NULL;
	g_assert_cmpint(store_recording_names(recording, &list), ==, 0);
	store_recording_close(recording);
	g_ptr_array_add(list, NULL);
	return g_strjoinv(" ", (char **)list->pdata);
}

static void assert_verdict(const struct site *s, int verdict, bool deleted, const char *words)
{
	struct verify_report report;
	bool told = false;

	g_assert_cmpint(verify_recording(s->recording, s->ca_path, NULL, &report), ==, verdict);
	g_assert_cmpint(report.deleted, ==, deleted);
	for (unsigned i = 0; i < report.findings->len; i++) {
		const struct verify_finding *finding = g_ptr_array_index(report.findings, i);
		told |= strstr(finding->text, words) != NULL;
	}
	g_assert_true(told);
	verify_report_finish(&report);
}

static void test_lawful(struct site *s, gconstpointer data)
{
	char sha256[DIGEST_HEX_BYTES], expected[DIGEST_HEX_BYTES];

	put(s, "key-001.cms", "sealed");
	put(s, "ts-4.tsr", "stamp");
	g_assert_cmpint(deletion_run(s->store, &s->keys, &ordered, sha256), ==, 0);
	g_autofree char *left = names(s), *tombstone = get(s, TOMBSTONE_FILE);
	g_assert_cmpstr(left, ==, "certificate.pem chain tombstone ts-4.tsr");
	const char *json = tombstone + strcspn(tombstone, " ") + 1;
	digest_hex_of(json, strcspn(json, "\n"), expected);
	g_assert_cmpstr(sha256, ==, expected);
	g_autofree char *stamp = g_build_filename(s->recording, "ts-4.tsr", NULL);
	g_assert_cmpint(g_unlink(stamp), ==, 0); /* stays, but this one stamps nothing */
	assert_verdict(s, 0, true, "by order of ann, approved by bob: asked by the person");
}

/* The same tombstone, however often the rest had to be begun anew. */
static void test_interrupted(struct site *s, gconstpointer data)
{
	char first[DIGEST_HEX_BYTES], second[DIGEST_HEX_BYTES];

	put(s, "tombstone.part", "half a tom");
	g_assert_cmpint(deletion_run(s->store, &s->keys, &ordered, first), ==, 0);
	put(s, "seg-00002.mp4", "pictures of segment 2");
	assert_verdict(s, 1, true, "seg-00002.mp4 still lies there");
	g_assert_cmpint(deletion_run(s->store, &s->keys, &ordered, second), ==, 0);
	g_assert_cmpstr(first, ==, second);
	assert_verdict(s, 0, true, "deleted at");
}

static void test_every_flipped_byte(struct site *s, gconstpointer data)
{
	char sha256[DIGEST_HEX_BYTES];

	g_assert_cmpint(deletion_run(s->store, &s->keys, &ordered, sha256), ==, 0);
	g_autofree char *whole = get(s, TOMBSTONE_FILE);
	size_t line = strcspn(whole, "\n");
	for (size_t i = 0; i <= line; i++) {
		g_autofree char *changed = g_strdup(whole);
		struct verify_report report;
		changed[i] ^= 1;
		put(s, TOMBSTONE_FILE, changed);
		g_assert_cmpint(verify_recording(s->recording, s->ca_path, NULL, &report), !=, 0);
		g_assert_false(report.deleted && report.findings->len <= 1);
		verify_report_finish(&report);
	}
}

/* Whoever removes the files brings a key of their own, or the tombstone of another recording. */
static void test_forged(struct site *s, gconstpointer data)
{
	char sha256[DIGEST_HEX_BYTES];
	struct signing_key stranger;
	struct deletion other = ordered;
	struct tombstone moved = {.session = HONEST_SESSION,
				  .head = sha256,
				  .cause = "age",
				  .class = "c",
				  .reason = "",
				  .requested_by = "",
				  .approved_by = ""};

	signing_key_init(&stranger, "stranger", NULL);
	struct chain_key *key = chain_key_create(stranger.key_pem, stranger.certificate_pem, NULL);
	g_assert_cmpint(deletion_run(s->store, &(struct own_keys){.present = key}, &other, sha256),
			==, 0);
	assert_verdict(s, 1, true, "does not lead to a trusted one");
	g_autofree char *text = tombstone_make(&moved, s->key, (char[DIGEST_HEX_BYTES]){0}, NULL);
	put(s, TOMBSTONE_FILE, text);
	assert_verdict(s, 1, false, "is of another recording");
	assert_verdict(s, 1, false, "seg-00001.mp4 is missing");
	put(s, TOMBSTONE_FILE, "gone\n");
	assert_verdict(s, 1, false, "the tombstone is not one");
	chain_key_destroy(key);
	signing_key_finish(&stranger);
}

static char *strangers_tombstone(const char *head)
{
	struct signing_key stranger;
	const struct tombstone planted = {.session = HONEST_SESSION,
					  .head = (char *)(uintptr_t)head,
					  .cause = "order",
					  .class = "standard",
					  .reason = "nobody asked",
					  .requested_by = "eve",
					  .approved_by = "eve"};

	signing_key_init(&stranger, "stranger", NULL);
	struct chain_key *key = chain_key_create(stranger.key_pem, stranger.certificate_pem, NULL);
	char *text = tombstone_make(&planted, key, (char[DIGEST_HEX_BYTES]){0}, NULL);
	chain_key_destroy(key);
	signing_key_finish(&stranger);
	return text;
}

/* Laid there before a lawful deletion: it must not become the word of the node, whoever signed it,
 * nor one of the node's own over another state of the chain. */
static void test_planted(struct site *s, gconstpointer data)
{
	const bool own = data != NULL;
	char sha256[DIGEST_HEX_BYTES], head[DIGEST_HEX_BYTES] = "";
	struct tombstone older = {.session = HONEST_SESSION,
				  .head = head,
				  .cause = "age",
				  .class = "c",
				  .reason = "nobody asked",
				  .requested_by = "",
				  .approved_by = ""};
	struct verify_report report;

	g_assert_cmpint(verify_recording(s->recording, s->ca_path, NULL, &report), ==, 0);
	g_strlcpy(head, report.head, sizeof head);
	verify_report_finish(&report);
	if (own)
		memset(head, 'a', sizeof head - 1);
	g_autofree char *text =
		own ? tombstone_make(&older, s->key, (char[DIGEST_HEX_BYTES]){0}, NULL)
		    : strangers_tombstone(head);
	put(s, TOMBSTONE_FILE, text);
	g_assert_cmpint(deletion_run(s->store, &s->keys, &ordered, sha256), ==, 0);
	assert_verdict(s, 0, true, "by order of ann, approved by bob: asked by the person");
}

/* What cannot be removed is told, and everything else is gone all the same. */
static void test_stubborn(struct site *s, gconstpointer data)
{
	char sha256[DIGEST_HEX_BYTES];
	g_autofree char *in_the_way = g_build_filename(s->recording, "aaa", NULL);

	g_assert_cmpint(g_mkdir(in_the_way, 0700), ==, 0);
	put(s, "key-001.cms", "sealed");
	g_assert_cmpint(deletion_run(s->store, &s->keys, &ordered, sha256), ==, -EISDIR);
	g_autofree char *left = names(s);
	g_assert_cmpstr(left, ==, "aaa certificate.pem chain tombstone");
}

static void test_unknown(struct site *s, gconstpointer data)
{
	char sha256[DIGEST_HEX_BYTES];
	struct deletion unknown = ordered;

	unknown.session_id = (char *)(uintptr_t) "00000000-8b86-4011-b42d-00c04fc964ff";
	g_assert_cmpint(deletion_run(s->store, &s->keys, &unknown, sha256), ==, -ENOENT);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*run)(struct site *s, gconstpointer data);
		const char *data;
	} cases[] = {
		{"/deletion/lawful", test_lawful},
		{"/deletion/interrupted", test_interrupted},
		{"/deletion/flipped", test_every_flipped_byte},
		{"/deletion/forged", test_forged},
		{"/deletion/planted-by-a-stranger", test_planted},
		{"/deletion/planted-of-another-state", test_planted, "own"},
		{"/deletion/stubborn", test_stubborn},
		{"/deletion/unknown", test_unknown},
	};

	g_test_init(&argc, &argv, NULL);
	/* Alarms are what some of them are about. */
	g_log_set_always_fatal(G_LOG_FATAL_MASK);
	g_assert_cmpint(secret_init(), ==, 0);
	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++)
		g_test_add(cases[i].path, struct site, cases[i].data, set_up, cases[i].run,
			   tear_down);
	return g_test_run();
}
