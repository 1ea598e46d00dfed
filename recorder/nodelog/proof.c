/* Reads proofs and judges them. It must not need a store. */
#include "recorder/nodelog/proof.h"

#include "recorder/chain/strict_json.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

static bool take_path(const json_t *array, struct merkle_path *ret)
{
	if (!json_is_array(array) || json_array_size(array) > MERKLE_PATH_MAX)
		return false;
	ret->n_nodes = (unsigned)json_array_size(array);
	for (unsigned i = 0; i < ret->n_nodes; i++) {
		const char *hex = json_string_value(json_array_get(array, i));
		if (hex == NULL || !merkle_from_hex(hex, &ret->nodes[i]))
			return false;
	}
	return true;
}

static bool take_head(const char *line, char **ret_line, struct head *ret)
{
	*ret_line = g_strdup(line);
	return head_parse(*ret_line, strlen(*ret_line), ret) == 0;
}

static bool take_inclusion(json_t *object, struct proof *ret)
{
	const char *head, *leaf;
	json_int_t index, size;
	const json_t *path;

	if (json_unpack(object, "{s:s, s:I, s:s, s:o, s:I}", "head", &head, "index", &index, "leaf",
			&leaf, "path", &path, "size", &size) != 0 ||
	    index < 0 || size < 0)
		return false;
	ret->index = (uint64_t)index;
	ret->size = (uint64_t)size;
	ret->leaf_line = g_strdup(leaf);
	return take_path(path, &ret->path) && take_head(head, &ret->head_line, &ret->head) &&
	       leaf_parse(ret->leaf_line, strlen(ret->leaf_line), &ret->leaf) == 0;
}

/* NULL: not an object, or too long to be a proof. */
static json_t *load(const char *json, size_t length)
{
	return length <= PROOF_MAX_BYTES ? strict_json_load(json, length) : NULL;
}

int proof_parse(const char *json, size_t length, struct proof *ret)
{
	json_t *object = load(json, length);

	*ret = (struct proof){0};
	bool ok = object != NULL && take_inclusion(object, ret);
	json_decref(object);
	if (ok)
		return 0;
	proof_clear(ret);
	return -EPROTO;
}

void proof_clear(struct proof *proof)
{
	head_clear(&proof->head);
	leaf_clear(&proof->leaf);
	g_free(proof->head_line);
	g_free(proof->leaf_line);
	*proof = (struct proof){0};
}

bool proof_holds(const struct proof *proof, const struct verify_trust *certificates,
		 int *ret_signer, char **ret_why)
{
	struct merkle_hash leaf;
	int signer = verify_trust_signer(certificates, &proof->head.line);
	const char *why = NULL;

	merkle_leaf(proof->leaf_line, strlen(proof->leaf_line), &leaf);
	if (signer < 0)
		why = "the head's signature does not hold";
	else if (proof->head.size != proof->size)
		why = "the head covers another number of leaves than the proof says";
	else if (proof->leaf.index != proof->index)
		why = "the leaf is not the one in the place that the proof says";
	else if (strcmp(proof->leaf.node, proof->head.node) != 0)
		why = "leaf and head are of two nodes";
	else if (!merkle_inclusion_holds(&leaf, proof->index, proof->size, &proof->path,
					 &proof->head.root))
		why = "the path does not lead from the leaf to the head's root";
	if (ret_signer != NULL)
		*ret_signer = signer;
	if (why != NULL)
		*ret_why = g_strdup(why);
	return why == NULL;
}

int consistency_parse(const char *json, size_t length, struct consistency_proof *ret)
{
	json_t *object = load(json, length);
	const char *first, *second;
	const json_t *path;

	*ret = (struct consistency_proof){0};
	bool ok = object != NULL &&
		  json_unpack(object, "{s:s, s:o, s:s}", "first", &first, "path", &path, "second",
			      &second) == 0 &&
		  take_path(path, &ret->path) && take_head(first, &ret->first_line, &ret->first) &&
		  take_head(second, &ret->second_line, &ret->second);
	json_decref(object);
	if (ok)
		return 0;
	consistency_clear(ret);
	return -EPROTO;
}

void consistency_clear(struct consistency_proof *proof)
{
	head_clear(&proof->first);
	head_clear(&proof->second);
	g_free(proof->first_line);
	g_free(proof->second_line);
	*proof = (struct consistency_proof){0};
}

bool consistency_holds(const struct consistency_proof *proof,
		       const struct verify_trust *certificates, char **ret_why)
{
	const char *why = NULL;

	if (verify_trust_signer(certificates, &proof->first.line) < 0 ||
	    verify_trust_signer(certificates, &proof->second.line) < 0)
		why = "the signature of a head does not hold";
	else if (strcmp(proof->first.node, proof->second.node) != 0)
		why = "the heads are of two nodes";
	else if (!merkle_consistency_holds(proof->first.size, &proof->first.root,
					   proof->second.size, &proof->second.root, &proof->path))
		why = "the second head's log does not begin with the first head's";
	if (why != NULL)
		*ret_why = g_strdup(why);
	return why == NULL;
}
