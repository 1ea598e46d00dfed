/* The tree's arithmetic against vectors that an independent Python wrote
 * (tests/unit/nodelog/make_golden.py): roots and proofs are the same to the byte, proofs hold,
 * and no other proof does. */
#include "recorder/nodelog/merkle.h"

#include <stdlib.h>
#include <string.h>

#define N_LEAVES 13u

struct fixture {
	struct merkle_hash leaves[N_LEAVES];
	GStrv lines;
};

static char *golden_dir;

static void fixture_init(struct fixture *f, const void *unused)
{
	g_autofree char *path = g_build_filename(golden_dir, "merkle.txt", NULL);
	g_autofree char *text = NULL;

	(void)unused;
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	f->lines = g_strsplit(g_strchomp(text), "\n", -1);
	for (unsigned i = 0; i < N_LEAVES; i++) {
		g_autofree char *leaf = g_strdup_printf("leaf %u", i);
		merkle_leaf(leaf, strlen(leaf), &f->leaves[i]);
	}
}

static void fixture_finish(struct fixture *f, const void *unused)
{
	(void)unused;
	g_strfreev(f->lines);
}

static struct merkle_hash root_of(const struct fixture *f, uint64_t size)
{
	struct merkle_edge edge = {0};
	struct merkle_hash root;

	for (uint64_t i = 0; i < size; i++)
		merkle_edge_add(&edge, &f->leaves[i]);
	merkle_edge_root(&edge, &root);
	return root;
}

static void assert_nodes(const struct merkle_path *path, char **words)
{
	char hex[MERKLE_HEX_BYTES];

	g_assert_cmpuint(path->n_nodes, ==, g_strv_length(words));
	for (unsigned i = 0; i < path->n_nodes; i++) {
		merkle_hex(&path->nodes[i], hex);
		g_assert_cmpstr(hex, ==, words[i]);
	}
}

static unsigned each_line(const struct fixture *f, const char *kind,
			  void (*check)(const struct fixture *f, char **words))
{
	unsigned n = 0;

	for (char **line = f->lines; *line != NULL; line++) {
		g_auto(GStrv) words = g_strsplit(*line, " ", -1);
		if (strcmp(words[0], kind) != 0)
			continue;
		check(f, words + 1);
		n++;
	}
	return n;
}

static void check_root(const struct fixture *f, char **words)
{
	struct merkle_hash root = root_of(f, strtoull(words[0], NULL, 10));
	char hex[MERKLE_HEX_BYTES];

	merkle_hex(&root, hex);
	g_assert_cmpstr(hex, ==, words[1]);
}

static void test_roots(struct fixture *f, const void *unused)
{
	(void)unused;
	g_assert_cmpuint(each_line(f, "root", check_root), ==, 10);
}

static void assert_no_other_inclusion(const struct fixture *f, uint64_t size, uint64_t index,
				      const struct merkle_path *path)
{
	struct merkle_hash root = root_of(f, size);
	const struct merkle_hash *leaf = &f->leaves[index];
	struct merkle_path wrong = *path;

	for (unsigned i = 0; i < path->n_nodes; i++) {
		wrong.nodes[i].bytes[i] ^= 1;
		g_assert_false(merkle_inclusion_holds(leaf, index, size, &wrong, &root));
		wrong = *path;
	}
	if (path->n_nodes > 0) {
		wrong.n_nodes--;
		g_assert_false(merkle_inclusion_holds(leaf, index, size, &wrong, &root));
	}
	wrong.n_nodes = path->n_nodes + 1;
	g_assert_false(merkle_inclusion_holds(leaf, index, size, &wrong, &root));
	g_assert_false(merkle_inclusion_holds(leaf, index + 1, size, path, &root));
	g_assert_false(merkle_inclusion_holds(leaf, size, size, path, &root));
	g_assert_false(merkle_inclusion_holds(leaf, 0, 0, path, &root));
}

static void check_path(const struct fixture *f, char **words)
{
	uint64_t size = strtoull(words[0], NULL, 10), index = strtoull(words[1], NULL, 10);
	struct merkle_hash root = root_of(f, size);
	struct merkle_path path = {0};

	merkle_inclusion(f->leaves, size, index, &path);
	assert_nodes(&path, words + 2);
	g_assert_true(merkle_inclusion_holds(&f->leaves[index], index, size, &path, &root));
	assert_no_other_inclusion(f, size, index, &path);
}

static void test_inclusion(struct fixture *f, const void *unused)
{
	(void)unused;
	g_assert_cmpuint(each_line(f, "path", check_path), ==, 1 + 2 + 3 + 4 + 5 + 6 + 7 + 8 + 13);
}

static void check_consistency(const struct fixture *f, char **words)
{
	uint64_t first = strtoull(words[0], NULL, 10), second = strtoull(words[1], NULL, 10);
	struct merkle_hash old = root_of(f, first), new = root_of(f, second), other = old;
	struct merkle_path path = {0};

	merkle_consistency(f->leaves, first, second, &path);
	assert_nodes(&path, words + 2);
	g_assert_true(merkle_consistency_holds(first, &old, second, &new, &path));
	other.bytes[7] ^= 0x10;
	g_assert_false(merkle_consistency_holds(first, &other, second, &new, &path));
	other = new;
	other.bytes[31] ^= 0x80;
	g_assert_false(merkle_consistency_holds(first, &old, second, &other, &path));
	for (unsigned i = 0; i < path.n_nodes; i++) {
		struct merkle_path wrong = path;
		wrong.nodes[i].bytes[0] ^= 1;
		g_assert_false(merkle_consistency_holds(first, &old, second, &new, &wrong));
	}
	if (first < second) {
		struct merkle_path none = {0};
		g_assert_false(merkle_consistency_holds(first, &old, second, &new, &none) &&
			       path.n_nodes > 0);
		g_assert_false(merkle_consistency_holds(second, &new, first, &old, &path));
	}
}

static void test_consistency(struct fixture *f, const void *unused)
{
	(void)unused;
	g_assert_cmpuint(each_line(f, "consistency", check_consistency), ==,
			 1 + 2 + 3 + 4 + 5 + 6 + 7 + 8 + 13);
}

static void test_hex(void)
{
	struct merkle_hash hash;
	char hex[MERKLE_HEX_BYTES];
	const char *text = "00ff10a932be41d761dbe71587285d0c3a971a32907a419ba1c4704089d41eba";

	g_assert_true(merkle_from_hex(text, &hash));
	merkle_hex(&hash, hex);
	g_assert_cmpstr(hex, ==, text);
	g_assert_false(merkle_from_hex("", &hash));
	g_assert_false(merkle_from_hex(text + 1, &hash));
	g_assert_false(merkle_from_hex(
		"00FF10a932be41d761dbe71587285d0c3a971a32907a419ba1c4704089d41eba", &hash));
	g_assert_false(merkle_from_hex(
		"00ff10a932be41d761dbe71587285d0c3a971a32907a419ba1c4704089d41eba0", &hash));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(argc, ==, 2);
	golden_dir = argv[1];
	g_test_add("/merkle/roots", struct fixture, NULL, fixture_init, test_roots, fixture_finish);
	g_test_add("/merkle/inclusion", struct fixture, NULL, fixture_init, test_inclusion,
		   fixture_finish);
	g_test_add("/merkle/consistency", struct fixture, NULL, fixture_init, test_consistency,
		   fixture_finish);
	g_test_add_func("/merkle/hex", test_hex);
	return g_test_run();
}
