/* The arithmetic of RFC 6962 section 2.1. It must not know what a leaf says. */
#include "recorder/nodelog/merkle.h"

#include <openssl/evp.h>
#include <string.h>

static void hash_parts(const void *first, size_t first_bytes, const void *second,
		       size_t second_bytes, struct merkle_hash *ret)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	if (context == NULL || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1 ||
	    EVP_DigestUpdate(context, first, first_bytes) != 1 ||
	    EVP_DigestUpdate(context, second, second_bytes) != 1 ||
	    EVP_DigestFinal_ex(context, ret->bytes, NULL) != 1)
		g_error("SHA-256 failed");
	EVP_MD_CTX_free(context);
}

void merkle_hex(const struct merkle_hash *hash, char ret[MERKLE_HEX_BYTES])
{
	for (unsigned i = 0; i < MERKLE_HASH_BYTES; i++)
		g_snprintf(ret + 2 * i, 3, "%02x", hash->bytes[i]);
}

bool merkle_from_hex(const char *text, struct merkle_hash *ret)
{
	if (strlen(text) != MERKLE_HEX_BYTES - 1 ||
	    strspn(text, "0123456789abcdef") != MERKLE_HEX_BYTES - 1)
		return false;
	for (unsigned i = 0; i < MERKLE_HASH_BYTES; i++)
		ret->bytes[i] = (uint8_t)(g_ascii_xdigit_value(text[2 * i]) << 4 |
					  g_ascii_xdigit_value(text[2 * i + 1]));
	return true;
}

void merkle_leaf(const void *bytes, size_t length, struct merkle_hash *ret)
{
	hash_parts("\0", 1, bytes, length, ret);
}

/* `ret` may be one of the two. */
static void join(const struct merkle_hash *left, const struct merkle_hash *right,
		 struct merkle_hash *ret)
{
	uint8_t both[1 + 2 * MERKLE_HASH_BYTES] = {1};

	memcpy(both + 1, left->bytes, MERKLE_HASH_BYTES);
	memcpy(both + 1 + MERKLE_HASH_BYTES, right->bytes, MERKLE_HASH_BYTES);
	hash_parts(both, sizeof both, "", 0, ret);
}

void merkle_edge_add(struct merkle_edge *edge, const struct merkle_hash *leaf)
{
	struct merkle_hash hash = *leaf;
	unsigned level = 0;

	for (; (edge->size >> level & 1) != 0; level++)
		join(&edge->peaks[level], &hash, &hash);
	edge->peaks[level] = hash;
	edge->size++;
}

void merkle_edge_root(const struct merkle_edge *edge, struct merkle_hash *ret)
{
	bool any = false;

	if (edge->size == 0)
		hash_parts("", 0, "", 0, ret);
	for (unsigned level = 0; level < MERKLE_PATH_MAX; level++) {
		if ((edge->size >> level & 1) == 0)
			continue;
		if (any)
			join(&edge->peaks[level], ret, ret);
		else
			*ret = edge->peaks[level];
		any = true;
	}
}

static void range_root(const struct merkle_hash *leaves, uint64_t begin, uint64_t end,
		       struct merkle_hash *ret)
{
	struct merkle_edge edge = {0};

	while (begin < end)
		merkle_edge_add(&edge, &leaves[begin++]);
	merkle_edge_root(&edge, ret);
}

/* The largest power of two below n; n > 1. */
static uint64_t split(uint64_t n)
{
	return UINT64_C(1) << (63 - __builtin_clzll(n - 1));
}

static void push_range(const struct merkle_hash *leaves, uint64_t begin, uint64_t end,
		       struct merkle_path *path)
{
	range_root(leaves, begin, end, &path->nodes[path->n_nodes++]);
}

/* From the root down; the proof wants the nodes from the leaf up. */
static void reverse(struct merkle_path *path)
{
	for (unsigned i = 0; i < path->n_nodes / 2; i++) {
		struct merkle_hash node = path->nodes[i];
		path->nodes[i] = path->nodes[path->n_nodes - 1 - i];
		path->nodes[path->n_nodes - 1 - i] = node;
	}
}

void merkle_inclusion(const struct merkle_hash *leaves, uint64_t size, uint64_t index,
		      struct merkle_path *ret)
{
	uint64_t begin = 0, end = size;

	ret->n_nodes = 0;
	while (end - begin > 1) {
		uint64_t middle = begin + split(end - begin);
		if (index < middle) {
			push_range(leaves, middle, end, ret);
			end = middle;
		} else {
			push_range(leaves, begin, middle, ret);
			begin = middle;
		}
	}
	reverse(ret);
}

void merkle_consistency(const struct merkle_hash *leaves, uint64_t first, uint64_t second,
			struct merkle_path *ret)
{
	uint64_t begin = 0, end = second;

	/* SUBPROOF of 2.1.2: `first` stays the border that is looked for inside [begin, end). */
	ret->n_nodes = 0;
	while (first < end) {
		uint64_t middle = begin + split(end - begin);
		if (first <= middle) {
			push_range(leaves, middle, end, ret);
			end = middle;
		} else {
			push_range(leaves, begin, middle, ret);
			begin = middle;
		}
	}
	/* A whole first tree is known to whoever asks (the flag b of SUBPROOF). */
	if (begin > 0)
		push_range(leaves, begin, end, ret);
	reverse(ret);
}

/* How the verifiers below climb: node k of the left tree's right edge and its place among its level
 * (RFC 9162 section 2.1.3.2). */
struct climb {
	uint64_t at, last;
};

/* Whether the next node of a proof stands to the left; steps up past it. */
static bool climb_next(struct climb *c)
{
	bool left = (c->at & 1) != 0 || c->at == c->last;

	if (left && (c->at & 1) == 0)
		while (c->at != 0 && (c->at & 1) == 0) {
			c->at >>= 1;
			c->last >>= 1;
		}
	c->at >>= 1;
	c->last >>= 1;
	return left;
}

bool merkle_inclusion_holds(const struct merkle_hash *leaf, uint64_t index, uint64_t size,
			    const struct merkle_path *path, const struct merkle_hash *root)
{
	struct climb climb = {index, size - 1};
	struct merkle_hash hash = *leaf;

	if (index >= size)
		return false;
	for (unsigned i = 0; i < path->n_nodes; i++) {
		if (climb.last == 0)
			return false;
		if (climb_next(&climb))
			join(&path->nodes[i], &hash, &hash);
		else
			join(&hash, &path->nodes[i], &hash);
	}
	return climb.last == 0 && memcmp(&hash, root, sizeof hash) == 0;
}

/* RFC 9162 section 2.1.4.2. */
static bool climb_both(uint64_t first, const struct merkle_hash *first_root, uint64_t second,
		       const struct merkle_hash *second_root, const struct merkle_path *path)
{
	struct climb climb = {first - 1, second - 1};
	unsigned next = 0;

	while ((climb.at & 1) != 0) {
		climb.at >>= 1;
		climb.last >>= 1;
	}
	if (climb.at != 0 && path->n_nodes == 0)
		return false;
	struct merkle_hash old = climb.at == 0 ? *first_root : path->nodes[next++], new = old;
	for (; next < path->n_nodes; next++) {
		if (climb.last == 0)
			return false;
		if (climb_next(&climb)) {
			join(&path->nodes[next], &old, &old);
			join(&path->nodes[next], &new, &new);
		} else {
			join(&new, &path->nodes[next], &new);
		}
	}
	return climb.last == 0 && memcmp(&old, first_root, sizeof old) == 0 &&
	       memcmp(&new, second_root, sizeof new) == 0;
}

bool merkle_consistency_holds(uint64_t first, const struct merkle_hash *first_root, uint64_t second,
			      const struct merkle_hash *second_root, const struct merkle_path *path)
{
	if (first > second)
		return false;
	if (first == second)
		return path->n_nodes == 0 &&
		       memcmp(first_root, second_root, sizeof *first_root) == 0;
	if (first == 0) {
		const struct merkle_edge none = {0};
		struct merkle_hash empty;
		merkle_edge_root(&none, &empty);
		return path->n_nodes == 0 && memcmp(first_root, &empty, sizeof empty) == 0;
	}
	return climb_both(first, first_root, second, second_root, path);
}
