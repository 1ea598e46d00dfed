/* Makes proofs from a store's log. It must not judge the log: a proof from a broken one does not
 * hold, and says so by itself. */
#include "recorder/nodelog/proof.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

/* The lines of one recording's leaves; of several of a kind the last. */
struct search {
	const char *session_id;
	char *lines[LEAF_KIND_COUNT];
	uint64_t numbers[LEAF_KIND_COUNT];
};

static void note_leaf(uint64_t number, const char *line, size_t length, const struct leaf *leaf,
		      void *user)
{
	struct search *search = user;

	if (leaf == NULL || strcmp(leaf->session, search->session_id) != 0)
		return;
	g_free(search->lines[leaf->kind]);
	search->lines[leaf->kind] = g_strndup(line, length);
	search->numbers[leaf->kind] = number;
}

static void search_clear(struct search *search)
{
	for (unsigned kind = 0; kind < LEAF_KIND_COUNT; kind++)
		g_free(search->lines[kind]);
}

static json_t *path_array(const struct merkle_path *path)
{
	json_t *array = json_array();
	char hex[MERKLE_HEX_BYTES];

	for (unsigned i = 0; i < path->n_nodes; i++) {
		merkle_hex(&path->nodes[i], hex);
		json_array_append_new(array, json_string(hex));
	}
	return array;
}

/* Takes `object`. */
static char *dump(json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
	char *copy = g_strdup(text);

	json_decref(object);
	free(text);
	return copy;
}

/* The newest head that these leaves give; a head that says more than there is proves nothing. */
static const struct head *usable_head(const struct view *view, const char **ret_line)
{
	const struct head *head = view_newest_head(view, ret_line);

	return head != NULL && head->size <= view->leaves->len ? head : NULL;
}

static int prove(const struct view *view, const struct search *search, enum leaf_kind kind,
		 char **ret_json)
{
	const char *head_line;
	const struct head *head = usable_head(view, &head_line);
	struct merkle_path path;

	if (search->lines[kind] == NULL)
		return -ENOENT;
	if (head == NULL || head->size <= search->numbers[kind])
		return -EAGAIN;
	merkle_inclusion((const struct merkle_hash *)(const void *)view->leaves->data, head->size,
			 search->numbers[kind], &path);
	*ret_json = dump(json_pack("{s:s, s:I, s:s, s:o, s:I}", "head", head_line, "index",
				   (json_int_t)search->numbers[kind], "leaf", search->lines[kind],
				   "path", path_array(&path), "size", (json_int_t)head->size));
	return 0;
}

int proof_make(const char *store_dir, const char *session_id, enum leaf_kind kind, char **ret_json)
{
	struct search search = {.session_id = session_id};
	struct view *view;
	int result = view_open(store_dir, note_leaf, &search, &view);

	if (result == 0) {
		result = prove(view, &search, kind, ret_json);
		view_close(view);
	}
	search_clear(&search);
	return result;
}

int proof_make_both(const char *store_dir, const char *session_id, char **ret_genesis,
		    char **ret_seal, char **ret_certificate_pem)
{
	struct search search = {.session_id = session_id};
	struct view *view;
	int result = view_open(store_dir, note_leaf, &search, &view);

	if (result == 0) {
		*ret_genesis = *ret_seal = NULL;
		*ret_certificate_pem = g_steal_pointer(&view->certificate_pem);
		(void)prove(view, &search, LEAF_GENESIS, ret_genesis);
		(void)prove(view, &search, LEAF_SEAL, ret_seal);
		view_close(view);
	}
	search_clear(&search);
	return result;
}

/* Size of a head that the leaves reach to; -EINVAL. */
static int size_of(const struct view *view, const char *line, uint64_t *ret)
{
	struct head head;

	if (head_parse(line, strlen(line), &head) < 0)
		return -EINVAL;
	*ret = head.size;
	head_clear(&head);
	return *ret <= view->leaves->len ? 0 : -EINVAL;
}

static int prove_consistency(const struct view *view, const char *older_line,
			     const char *newer_line, char **ret_json)
{
	const char *second_line = newer_line;
	struct merkle_path path = {0};
	uint64_t first, second;

	if (newer_line == NULL && usable_head(view, &second_line) == NULL)
		return -EINVAL;
	if (size_of(view, older_line, &first) < 0 || size_of(view, second_line, &second) < 0 ||
	    first > second)
		return -EINVAL;
	if (first > 0)
		merkle_consistency((const struct merkle_hash *)(const void *)view->leaves->data,
				   first, second, &path);
	*ret_json = dump(json_pack("{s:s, s:o, s:s}", "first", older_line, "path",
				   path_array(&path), "second", second_line));
	return 0;
}

int proof_make_consistency(const char *store_dir, const char *older_line, const char *newer_line,
			   char **ret_json, char **ret_certificate_pem)
{
	struct view *view;
	int result = view_open(store_dir, NULL, NULL, &view);

	if (result < 0)
		return result;
	result = prove_consistency(view, older_line, newer_line, ret_json);
	if (result == 0)
		*ret_certificate_pem = g_steal_pointer(&view->certificate_pem);
	view_close(view);
	return result;
}
