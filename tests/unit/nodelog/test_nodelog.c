/* The log's writer and its proofs: killed at any byte it goes on from the last whole leaf, never
 * signs what is not there, and refuses a log that contradicts its own head. Proofs are the same as
 * those an independent Python made. */
#include "recorder/nodelog/proof.h"
#include "tests/unit/nodelog/log_fixture.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#define SESSION "0b0e5c1e-6f0a-4a8e-9a63-0f8d7f3c1a01"
#define OTHER "0b0e5c1e-6f0a-4a8e-9a63-0f8d7f3c1a02"

static char *golden_dir;

static char *hash_text(const char *text)
{
	char hex[DIGEST_HEX_BYTES];

	digest_hex_of(text, strlen(text), hex);
	return g_strdup(hex);
}

static void add_leaves(struct log_fixture *f, unsigned first, unsigned n)
{
	for (unsigned i = first; i < first + n; i++) {
		g_autofree char *text = g_strdup_printf("row %u", i);
		g_autofree char *hex = hash_text(text);
		log_fixture_add_audit(f, i + 1, hex);
	}
}

/* A store whose log is the golden one; path g_freed by the caller. */
static void take_golden(struct log_fixture *f)
{
	static const char *const names[] = {"leaves", "heads", "certificate.pem"};

	nodelog_close(g_steal_pointer(&f->log));
	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *from = g_build_filename(golden_dir, names[i], NULL);
		g_autofree char *to = g_build_filename("log", names[i], NULL);
		g_autofree char *text = NULL;
		gsize length;
		g_assert_true(g_file_get_contents(from, &text, &length, NULL));
		log_fixture_put(f, to, text, length);
	}
}

static char *golden(const char *name)
{
	g_autofree char *path = g_build_filename(golden_dir, name, NULL);
	char *text;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	return text;
}

static void test_golden(void)
{
	struct log_fixture f;
	g_autofree char *genesis = NULL, *seal = NULL, *pem = NULL, *consistency = NULL,
			*pem_again = NULL;
	g_autofree char *want_genesis = golden("log-genesis.json"),
			*want_seal = golden("log-seal.json");
	g_autofree char *want_consistency = golden("consistency.json");
	g_autofree char *heads = golden("heads");

	log_fixture_init(&f);
	take_golden(&f);
	g_assert_cmpint(proof_make_both(f.store, SESSION, &genesis, &seal, &pem), ==, 0);
	g_assert_cmpstr(genesis, ==, want_genesis);
	g_assert_cmpstr(seal, ==, want_seal);
	heads[strcspn(heads, "\n")] = '\0';
	g_assert_cmpint(proof_make_consistency(f.store, heads, NULL, &consistency, &pem_again), ==,
			0);
	g_assert_cmpstr(consistency, ==, want_consistency);

	struct verify_trust *trust = verify_trust_create(pem);
	struct proof proof;
	struct consistency_proof both;
	g_autofree char *why = NULL;
	int signer = -1;
	g_assert_cmpint(proof_parse(genesis, strlen(genesis), &proof), ==, 0);
	g_assert_true(proof_holds(&proof, trust, &signer, &why));
	g_assert_cmpint(signer, ==, 0);
	g_assert_cmpint(proof.leaf.kind, ==, LEAF_GENESIS);
	g_assert_cmpstr(proof.leaf.session, ==, SESSION);
	proof_clear(&proof);
	g_assert_cmpint(consistency_parse(consistency, strlen(consistency), &both), ==, 0);
	g_assert_true(consistency_holds(&both, trust, &why));
	consistency_clear(&both);
	verify_trust_destroy(trust);
	log_fixture_finish(&f);
}

/* The product's own leaf is what the page says, byte for byte. */
static void test_leaf_text(void)
{
	g_autofree char *leaves = golden("leaves");
	g_auto(GStrv) lines = g_strsplit(g_strchomp(leaves), "\n", -1);

	g_assert_cmpuint(g_strv_length(lines), ==, 8);
	for (char **line = lines; *line != NULL; line++) {
		struct leaf leaf;
		g_assert_cmpint(leaf_parse(*line, strlen(*line), &leaf), ==, 0);
		g_autofree char *again = leaf_format(&leaf);
		g_assert_cmpstr(again, ==, *line);
		leaf_clear(&leaf);
	}
}

static void test_every_byte_of_a_proof_counts(void)
{
	struct log_fixture f;
	g_autofree char *genesis = golden("log-genesis.json"), *pem = golden("certificate.pem");
	struct verify_trust *trust = verify_trust_create(pem);
	size_t length = strlen(genesis);
	unsigned held = 0;

	log_fixture_init(&f);
	for (size_t i = 0; i < length; i++) {
		struct proof proof;
		g_autofree char *why = NULL;
		genesis[i] ^= 1;
		if (proof_parse(genesis, length, &proof) == 0) {
			held += proof_holds(&proof, trust, NULL, &why);
			proof_clear(&proof);
		}
		genesis[i] ^= 1;
	}
	g_assert_cmpuint(held, ==, 0);
	verify_trust_destroy(trust);
	log_fixture_finish(&f);
}

static void test_killed_at_any_byte(void)
{
	struct log_fixture f;
	gsize length, heads_length;

	log_fixture_init(&f);
	add_leaves(&f, 0, 3);
	log_fixture_sign(&f);
	gsize signed_length;
	g_free(log_fixture_get(&f, "log/leaves", &signed_length));
	add_leaves(&f, 3, 2);
	g_autofree char *leaves = log_fixture_get(&f, "log/leaves", &length);
	g_autofree char *heads = log_fixture_get(&f, "log/heads", &heads_length);
	/* Behind the head's leaves every cut is a kill; before them it is damage, below. */
	for (gsize cut = signed_length; cut <= length; cut++) {
		log_fixture_put(&f, "log/leaves", leaves, cut);
		log_fixture_put(&f, "log/heads", heads, heads_length);
		log_fixture_reopen(&f);
		uint64_t whole = 0;
		for (gsize i = 0; i < cut; i++)
			whole += leaves[i] == '\n';
		g_assert_cmpuint(nodelog_size(f.log), ==, whole);
		g_assert_cmpuint(nodelog_signed_size(f.log), ==, 3);
		add_leaves(&f, (unsigned)whole, 1);
		log_fixture_sign(&f);
		g_assert_cmpuint(nodelog_signed_size(f.log), ==, whole + 1);
	}
	/* A head torn anywhere is cut; the one before it stands, or none. */
	for (gsize cut = 0; cut < heads_length; cut++) {
		log_fixture_put(&f, "log/leaves", leaves, length);
		log_fixture_put(&f, "log/heads", heads, cut);
		log_fixture_reopen(&f);
		g_assert_cmpuint(nodelog_size(f.log), ==, 5);
		g_assert_cmpuint(nodelog_signed_size(f.log), ==, 0);
	}
	log_fixture_finish(&f);
}

static void assert_refused(struct log_fixture *f, const char *what)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(nodelog_open(f->store, "node1", f->key, NULL, NULL, &error));
	g_assert_error(error, NODELOG_ERROR, NODELOG_ERROR_BROKEN);
	g_assert_nonnull(strstr(error->message, what));
}

static void test_refuses_a_broken_log(void)
{
	struct log_fixture f;
	gsize length;

	log_fixture_init(&f);
	add_leaves(&f, 0, 3);
	log_fixture_sign(&f);
	nodelog_close(g_steal_pointer(&f.log));
	g_autofree char *leaves = log_fixture_get(&f, "log/leaves", &length);
	const char *second = strchr(leaves, '\n') + 1;
	log_fixture_put(&f, "log/leaves", leaves, (gsize)(second - leaves));
	assert_refused(&f, "newest head");
	log_fixture_put(&f, "log/leaves", second, length - (gsize)(second - leaves));
	assert_refused(&f, "wrong place");
	g_autofree char *changed = g_strdup(leaves);
	char *digit = strstr(changed, "sha256\":\"") + strlen("sha256\":\"");
	*digit = *digit == '0' ? '1' : '0';
	log_fixture_put(&f, "log/leaves", changed, length);
	assert_refused(&f, "newest head");
	log_fixture_put(&f, "log/leaves", "nonsense\n", 9);
	assert_refused(&f, "not a leaf");
	log_fixture_put(&f, "log/leaves", leaves, length);
	log_fixture_reopen(&f);
	g_assert_cmpuint(nodelog_size(f.log), ==, 3);
	log_fixture_finish(&f);
}

static void test_proofs(void)
{
	struct log_fixture f;
	g_autofree char *hash = hash_text("entry");
	g_autofree char *genesis = NULL, *seal = NULL, *pem = NULL;

	log_fixture_init(&f);
	log_fixture_add(&f, LEAF_GENESIS, SESSION, hash);
	/* Not signed yet: there is nothing to prove it with. */
	g_assert_cmpint(proof_make(f.store, SESSION, LEAF_GENESIS, &genesis), ==, -EAGAIN);
	g_autofree char *first = log_fixture_head(&f);
	g_assert_cmpint(proof_make(f.store, SESSION, LEAF_SEAL, &seal), ==, -ENOENT);
	g_assert_cmpint(proof_make(f.store, OTHER, LEAF_GENESIS, &seal), ==, -ENOENT);
	add_leaves(&f, 0, 20);
	log_fixture_add(&f, LEAF_SEAL, SESSION, hash);
	g_autofree char *second = log_fixture_head(&f);
	log_fixture_add(&f, LEAF_GENESIS, OTHER, hash);
	g_assert_cmpint(proof_make_both(f.store, SESSION, &genesis, &seal, &pem), ==, 0);
	g_assert_nonnull(genesis);

	struct verify_trust *trust = verify_trust_create(pem);
	struct proof proof;
	g_autofree char *why = NULL;
	g_assert_cmpint(proof_parse(seal, strlen(seal), &proof), ==, 0);
	g_assert_true(proof_holds(&proof, trust, NULL, &why));
	g_assert_cmpuint(proof.index, ==, 21);
	g_assert_cmpuint(proof.size, ==, 22);
	g_assert_cmpstr(proof.leaf.sha256, ==, hash);
	g_assert_cmpstr(proof.head_line, ==, second);
	proof_clear(&proof);
	verify_trust_destroy(trust);

	g_autofree char *consistency = NULL;
	g_autofree char *again = NULL, *backwards = NULL;
	g_assert_cmpint(proof_make_consistency(f.store, first, second, &consistency, &again), ==,
			0);
	g_assert_cmpstr(again, ==, pem);
	g_assert_cmpint(proof_make_consistency(f.store, second, first, &backwards, &again), ==,
			-EINVAL);
	g_assert_cmpint(proof_make_consistency(f.store, "nonsense", NULL, &consistency, &again), ==,
			-EINVAL);
	g_autofree char *away = g_build_filename(f.store, "away", NULL);
	g_assert_cmpint(proof_make(away, SESSION, LEAF_SEAL, &seal), ==, -ENOENT);
	log_fixture_finish(&f);
}

static void test_rotated_key(void)
{
	struct log_fixture f;
	g_autofree char *hash = hash_text("entry");
	g_autofree char *consistency = NULL, *why = NULL, *pem_again = NULL;
	struct consistency_proof both;
	gsize length;

	log_fixture_init(&f);
	log_fixture_add(&f, LEAF_GENESIS, SESSION, hash);
	g_autofree char *first = log_fixture_head(&f);
	log_fixture_rotate(&f);
	log_fixture_reopen(&f);
	log_fixture_add(&f, LEAF_SEAL, SESSION, hash);
	log_fixture_sign(&f);
	g_autofree char *pem = log_fixture_get(&f, "log/certificate.pem", &length);
	g_assert_true(g_str_has_prefix(pem, f.pem.certificate_pem));
	struct verify_trust *trust = verify_trust_create(pem);
	g_assert_cmpint(proof_make_consistency(f.store, first, NULL, &consistency, &pem_again), ==,
			0);
	g_assert_cmpint(consistency_parse(consistency, strlen(consistency), &both), ==, 0);
	g_assert_true(consistency_holds(&both, trust, &why));
	g_assert_cmpint(verify_trust_signer(trust, &both.first.line), ==, 1);
	g_assert_cmpint(verify_trust_signer(trust, &both.second.line), ==, 0);
	consistency_clear(&both);
	verify_trust_destroy(trust);
	log_fixture_finish(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(argc, ==, 2);
	golden_dir = argv[1];
	g_test_add_func("/nodelog/golden", test_golden);
	g_test_add_func("/nodelog/leaf-text", test_leaf_text);
	g_test_add_func("/nodelog/every-byte-of-a-proof-counts", test_every_byte_of_a_proof_counts);
	g_test_add_func("/nodelog/killed-at-any-byte", test_killed_at_any_byte);
	g_test_add_func("/nodelog/refuses-a-broken-log", test_refuses_a_broken_log);
	g_test_add_func("/nodelog/proofs", test_proofs);
	g_test_add_func("/nodelog/rotated-key", test_rotated_key);
	return g_test_run();
}
