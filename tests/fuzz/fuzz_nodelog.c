/* Fuzz target: leaves, heads and proofs of the node log. The first byte chooses. */
#include "recorder/nodelog/proof.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A leaf that was read is written again; what changes nothing may not read as something else. */
static void read_leaf(const char *text, size_t length)
{
	struct leaf leaf, again;

	if (leaf_parse(text, length, &leaf) < 0)
		return;
	g_autofree char *line = leaf_format(&leaf);
	g_assert(leaf_parse(line, strlen(line), &again) == 0);
	g_assert(again.kind == leaf.kind && again.index == leaf.index &&
		 strcmp(again.sha256, leaf.sha256) == 0 && strcmp(again.node, leaf.node) == 0);
	leaf_clear(&leaf);
	leaf_clear(&again);
}

static void read_head(const char *text, size_t length)
{
	struct head head;

	if (head_parse(text, length, &head) < 0)
		return;
	g_assert(head.line.json > text && head.line.json + head.line.json_bytes == text + length);
	head_clear(&head);
}

static void read_proofs(const char *text, size_t length)
{
	struct proof proof;
	struct consistency_proof both;
	struct merkle_hash leaf = {0};

	if (proof_parse(text, length, &proof) == 0) {
		g_assert(!merkle_inclusion_holds(&leaf, proof.index, proof.size, &proof.path,
						 &proof.head.root) ||
			 proof.size > proof.index);
		proof_clear(&proof);
	}
	if (consistency_parse(text, length, &both) == 0) {
		g_assert(!merkle_consistency_holds(both.first.size, &both.first.root,
						   both.second.size, &both.second.root,
						   &both.path) ||
			 both.first.size <= both.second.size);
		consistency_clear(&both);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	g_autofree char *text = g_memdup2(data, size);
	if (text[0] == 'l')
		read_leaf(text + 1, size - 1);
	else if (text[0] == 'h')
		read_head(text + 1, size - 1);
	else
		read_proofs(text + 1, size - 1);
	return 0;
}
