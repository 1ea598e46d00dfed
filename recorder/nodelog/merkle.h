/** Merkle trees as in RFC 6962 section 2.1 with SHA-256: roots, proofs, and whether a proof holds.
 *  Any thread; knows no files. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MERKLE_HASH_BYTES 32u
#define MERKLE_HEX_BYTES 65u /**< 64 lower-case hex digits and a NUL */
/** No proof has more nodes: a tree of 2^63 leaves is 63 levels high, a consistency proof has one
 *  more. */
#define MERKLE_PATH_MAX 64u

struct merkle_hash {
	uint8_t bytes[MERKLE_HASH_BYTES];
};

void merkle_hex(const struct merkle_hash *hash, char ret[MERKLE_HEX_BYTES]);
/** False when `text` is not 64 lower-case hex digits. */
bool merkle_from_hex(const char *text, struct merkle_hash *ret);

/** SHA-256(0x00 || bytes). */
void merkle_leaf(const void *bytes, size_t length, struct merkle_hash *ret);

/** A tree that only grows, kept as the roots of its complete subtrees: one leaf costs O(log n),
 *  memory is constant. Starts as zeros. */
struct merkle_edge {
	uint64_t size;
	struct merkle_hash peaks[MERKLE_PATH_MAX]; /**< [k] is valid when bit k of `size` is set */
};
void merkle_edge_add(struct merkle_edge *edge, const struct merkle_hash *leaf);
/** Of the empty tree: SHA-256 of nothing. */
void merkle_edge_root(const struct merkle_edge *edge, struct merkle_hash *ret);

struct merkle_path {
	struct merkle_hash nodes[MERKLE_PATH_MAX];
	unsigned n_nodes;
};

/** Audit path of leaf `index` in the tree of the first `size` of `leaves` (their hashes); the
 *  leaf's neighbour first (2.1.1). index < size. */
void merkle_inclusion(const struct merkle_hash *leaves, uint64_t size, uint64_t index,
		      struct merkle_path *ret);
bool merkle_inclusion_holds(const struct merkle_hash *leaf, uint64_t index, uint64_t size,
			    const struct merkle_path *path, const struct merkle_hash *root);

/** That the tree of the first `first` leaves is the beginning of that of the first `second`
 *  (2.1.2). 0 < first <= second; empty when they are equal. */
void merkle_consistency(const struct merkle_hash *leaves, uint64_t first, uint64_t second,
			struct merkle_path *ret);
/** `first` 0: every log begins with the empty one, which needs no node, but its root. */
bool merkle_consistency_holds(uint64_t first, const struct merkle_hash *first_root, uint64_t second,
			      const struct merkle_hash *second_root,
			      const struct merkle_path *path);
